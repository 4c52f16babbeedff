"""Runs as Parquet: every number of all runs in one file, and a table of the runs."""

import json
from collections.abc import Iterator, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import Any, ClassVar

from stride.exchange.export.source import Source
from stride.exchange.export.target import Begin, Target
from stride.loggers.base import numbers_of
from stride.runs.files.encoding import as_utf8
from stride.runs.listing.tables import sheet
from stride.visible import quoted

GROUP = 100_000
"""Numbers in a row group: what is in memory at once, whatever the runs have."""

_Number = tuple[str, int, int, float, str, float]
_COLUMNS = ("run", "step", "epoch", "time", "name", "value")


class ParquetTarget(Target):
    """Write metrics.parquet with a row for each number, and runs.parquet with one for each run.

    The long form has room for runs of any names, keeps NaN apart from what was not recorded, and
    is written piece by piece; `DataFrame.pivot_table` makes the wide one of it. Numbers have their
    64 bits. `run` joins the two; `config` is the resolved config as JSON.
    """

    name: ClassVar[str] = "parquet"
    package: ClassVar[str] = "pyarrow"

    def write(self, sources: Sequence[Source], folder: Path, begin: Begin) -> None:
        """Write the files, the numbers of a run together and in the order of its rows."""
        import pyarrow as pa  # type: ignore[import-untyped]
        from pyarrow import parquet

        kinds = (pa.string(), pa.int64(), pa.int64(), pa.float64(), pa.string(), pa.float64())
        schema = pa.schema(list(zip(_COLUMNS, kinds, strict=True)))
        numbers = chain.from_iterable(_numbers(source, begin) for source in sources)
        with parquet.ParquetWriter(folder / "metrics.parquet", schema) as writer:
            for group in iter(lambda: [*islice(numbers, GROUP)], []):
                columns = [
                    pa.array(cells, kind)
                    for cells, kind in zip(zip(*group, strict=True), kinds, strict=True)
                ]
                writer.write_batch(pa.record_batch(columns, schema=schema))
        parquet.write_table(pa.table(_runs(sources)), folder / "runs.parquet")

    def look(self, folder: Path) -> str:
        """Return the table of runs."""
        return f"open {quoted(folder / 'runs.parquet')}"


def _numbers(source: Source, begin: Begin) -> Iterator[_Number]:
    begin(source)
    label = as_utf8(source.label)
    for row in source.rows():
        for name, value in numbers_of(row).items():
            if name != "epoch":
                yield label, row["step"], row["epoch"], row["time"], name, float(value)


def _runs(sources: Sequence[Source]) -> dict[str, list[Any]]:
    """Return what `stride ls --csv` prints by column, after the label and before the config."""
    header, lines = sheet([source.row for source in sources])
    columns: dict[str, list[Any]] = {
        "run": [source.label for source in sources],
        "uuid": [source.row.uuid for source in sources],
        "config": [json.dumps(source.config) for source in sources],
    }
    for name, cells in zip(header, zip(*lines, strict=True), strict=True):
        columns.setdefault(name, list(cells))  # a metric may be called as one of the others
    return {as_utf8(name): [_cell(cell) for cell in cells] for name, cells in columns.items()}


def _cell(value: Any) -> Any:
    if isinstance(value, str):
        return as_utf8(value)
    return None if value is None else float(value)  # a metric of any run may be an integer
