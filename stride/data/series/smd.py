"""Sets in the text format of the Server Machine Dataset (SMD).

Source: Y. Su et al., "Robust Anomaly Detection for Multivariate Time Series through Stochastic
Recurrent Neural Network", KDD 2019: `train`, `test` and `test_label`, a file of comma-separated
numbers for each machine, a line for each point of time.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from stride.data.array_dataset import ArrayDataset
from stride.data.files.locate import locate
from stride.data.series.missing import Missing
from stride.data.series.modifiers import Deviation, Modifiers, Odd, Points
from stride.data.series.parts import Share, training_part
from stride.data.series.samples import Preparation, Windows
from stride.data.series.series import LABELS, Series, check_labels
from stride.data.series.text_rows import table_of_numbers
from stride.data.split import Split
from stride.errors import DataError, nearest


def smd(
    split: Split,
    path: str,
    machines: Sequence[str] | None = None,
    window: Points = 100,
    stride: Points = 10,
    val_share: Share = 0.2,
    missing: Missing = None,
    moving_average: Odd = 1,
    noise: Deviation = 0.0,
    noise_seed: int = 0,
    resample: Points | None = None,
) -> ArrayDataset | None:
    """Read series in SMD's format, cut into windows (channels, points).

    Args:
        split: train, val or test.
        path: the folder that holds `train`, `test` and `test_label`.
        machines: names of the files, without `.txt`; None: all.
        window: points of a window.
        stride: points from the start of one window to that of the next.
        val_share: share of each training series, its end, to validate on.
        missing: "interpolate" or "zero" for numbers that are missing; None refuses them.
        moving_average: points that each becomes the mean of, an odd number; at the ends fewer.
        noise: deviation of normal noise added to each point, in units of the data.
        noise_seed: seed of that noise, which differs from split to split.
        resample: points that each window is given, on straight lines between those it had.

    Raises:
        DataError: no such file, a line that cannot be read, or labels that do not fit.
    """
    folder = locate(path, "path")
    names = _machines(folder, machines)
    if split == "test":
        parts = [_tested(folder, name, number) for number, name in enumerate(names)]
    else:
        read = (_read(folder / "train" / f"{name}.txt", n) for n, name in enumerate(names))
        parts = [one for series in read for one in training_part(series, split, val_share)]
    modifiers = Modifiers(moving_average, noise, noise_seed, resample)
    cut = Windows(window, stride).cut
    return cut(parts, Preparation(split, missing, modifiers)) if parts else None


def smd_files(path: str, machines: Sequence[str] | None) -> list[Path]:
    """Return all files that a set is read from."""
    folder = locate(path, "path")
    names = _machines(folder, machines)
    folders = ("train", "test", "test_label")
    return [folder / one / f"{name}.txt" for one in folders for name in names]


def _machines(folder: Path, machines: Sequence[str] | None) -> list[str]:
    there = sorted(file.stem for file in (folder / "train").glob("*.txt"))
    if not there:
        hint = "give the folder that holds train and test"
        what = f"no files train/*.txt in {folder}"
        raise DataError(what, where="dataset_kwargs.path", hint=hint)
    for name in machines or ():
        if name not in there:
            hint = nearest(name, there) or f"there are {', '.join(there[:5])}"
            raise DataError(f"no file {name}.txt", where="dataset_kwargs.machines", hint=hint)
    return list(machines or there)


def _read(path: Path, number: int) -> Series:
    values, rows = table_of_numbers(locate(str(path), "path"), ",")
    return Series(values.T, rows, number=number)


def _tested(folder: Path, name: str, number: int) -> Series:
    """Return the series to test on, with the labels that stand in a file of their own."""
    series = _read(folder / "test" / f"{name}.txt", number)
    labels = _read(folder / "test_label" / f"{name}.txt", number)
    if labels.values.shape != (1, len(series)):
        count, points = labels.values.shape
        raise DataError(
            f"{points:,} lines of {count} labels, where the series has {len(series):,} points",
            where=str(labels.rows.path),
            hint=f"give one label for each line of {series.rows.path}",
        )
    return replace(series, annotations={LABELS: check_labels(labels.values[0], labels.rows)})
