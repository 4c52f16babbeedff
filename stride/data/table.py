"""Read a dataset from a table: a CSV, Parquet or NPZ file with named columns."""

from collections.abc import Sequence
from typing import Literal

from stride.data.array_dataset import ArrayDataset
from stride.data.cells.features import read_features
from stride.data.cells.index_column import require_index, unnamed_columns
from stride.data.cells.missing import drop_missing
from stride.data.cells.read_options import ReadOptions
from stride.data.cells.targets import read_targets
from stride.data.files.locate import locate
from stride.data.files.table_files import TableFile, open_table
from stride.errors import DataError, nearest
from stride.log import LOGGER


def table(
    path: str,
    target: str | list[str] | None = None,
    features: list[str] | None = None,
    target_kind: Literal["class", "float"] | None = None,
    text_features: Literal["one_hot", "codes"] | None = None,
    categories: dict[str, list[str]] | None = None,
    missing: str | list[str] | None = None,
    decimal: Literal[".", ","] = ".",
    delimiter: str | None = None,
    encoding: str | None = None,
) -> ArrayDataset:
    """Read a table: inputs float32 (number of features,), targets classes or numbers.

    Args:
        path: a .csv, .tsv, .parquet or .npz file.
        target: the column to predict; several give a vector of numbers; None: no targets.
        features: the columns to predict from; None: all the others, but an unnamed index.
        target_kind: "class" or "float"; None: text and whole numbers are classes, numbers with
            a decimal sign are not, and what is neither clearly is refused.
        text_features: how columns of text become inputs: "one_hot", or "codes", one number each;
            None: text is refused.
        categories: the values of each column of classes or categories, in the order of their
            codes; None: those in the whole file, which the run's config then records.
        missing: what is written for a missing value beside an empty cell; rows with one in a
            column that is used are left out; None: a missing value is refused.
        decimal: the decimal sign of numbers in text, "." or ","; thousands separators are refused.
        delimiter: what separates the cells of a CSV file; None: a comma (a tab in .tsv).
        encoding: of a CSV file, as Python calls it (latin-1, utf-16); None: UTF-8.

    Raises:
        DataError: no such file or column, or a cell that cannot be read so; names its line,
            its column and the key that decides.
    """
    file = open_table(locate(path, "path"), delimiter, encoding)
    targets = [target] if isinstance(target, str) else list(target or [])
    _check_names(file.names, targets, "target")
    _check_names(file.names, features or [], "features")
    _check_names(file.names, list(categories or {}), "categories")
    notes: list[str] = []
    chosen = list(features) if features is not None else _others(file, targets, notes)
    _check_chosen(chosen, targets, path)
    markers = [missing] if isinstance(missing, str) else missing
    reading = ReadOptions(decimal, markers, text_features, categories or {})
    columns = drop_missing(file.read([*chosen, *targets]), markers, notes)
    inputs = read_features({name: columns[name] for name in chosen}, reading)
    found = read_targets({name: columns[name] for name in targets}, target_kind, reading)
    for note in notes:
        LOGGER.info("%s", note)
    values = {**reading.categories, **inputs.categories, **found.categories}
    return ArrayDataset(
        [inputs.inputs, *found.tensors],
        classes=found.classes,
        num_classes=sum(map(len, found.categories.values())) or None,
        feature_names=tuple(inputs.names),
        inferred={"categories": values} if values else {},
        notes=tuple(notes),
    )


def _others(file: TableFile, targets: Sequence[str], notes: list[str]) -> list[str]:
    names = [name for name in file.names if name not in targets]
    if index := unnamed_columns(names):
        notes += require_index(file.read(index))
    return [name for name in names if name not in index]


def _check_chosen(chosen: Sequence[str], targets: Sequence[str], path: str) -> None:
    if shared := set(chosen) & set(targets):
        raise DataError(
            f"column {min(shared)!r} is both a feature and the target",
            where="dataset_kwargs.features",
            hint="take it out of one of them",
        )
    if twice := [name for name in chosen if chosen.count(name) > 1]:
        what = f"column {twice[0]!r} is named twice"
        raise DataError(what, where="dataset_kwargs.features", hint="name it once")
    if not chosen:
        raise DataError("no feature columns are left", where=path, hint="name some in features")


def _check_names(names: Sequence[str], wanted: Sequence[str], key: str) -> None:
    for name in wanted:
        if name not in names:
            raise DataError(
                f"no column {name!r}",
                where=f"dataset_kwargs.{key}",
                hint=nearest(name, names) or f"the columns are {', '.join(names)}",
            )
