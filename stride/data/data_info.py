"""Describe the data to whoever builds the model: shapes, kinds and counts."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor

from stride.data.array_dataset import ArrayDataset, chunks, rows
from stride.data.samples import SampleDataset, Source, split_sample

TargetKind = Literal["class", "float"] | None


@dataclass(frozen=True)
class DataInfo:
    """Shapes, kinds and counts of the data.

    Attributes:
        input_shape: the shape of one sample's inputs, without the batch.
        target_shape: the shape of one sample's targets; None: it has none.
        target_kind: "class" for whole numbers, "float" for numbers, None where there are none.
        num_classes: classes, where the targets are classes and their number is known.
        num_train: samples to train on, after subsampling; None: a stream, or not opened.
        num_val: samples to validate on, likewise.
        num_test: samples to test on, likewise.
        dataset: the dataset's name, for people and file names.
        classes: labels of the classes by code, where they have any.
    """

    input_shape: tuple[int, ...]
    target_shape: tuple[int, ...] | None
    target_kind: TargetKind
    num_classes: int | None
    num_train: int | None
    num_val: int | None
    num_test: int | None
    dataset: str
    classes: tuple[str, ...] = ()


def describe(
    batch: Any,
    counts: Mapping[str, int | None],
    dataset: str,
    classes: tuple[str, ...] = (),
    num_classes: int | None = None,
) -> DataInfo:
    """Describe the data by one batch, and by what only the whole data can tell."""
    inputs, targets = split_sample(batch)
    kind = target_kind(targets)
    return DataInfo(
        input_shape=_sample_shape(inputs) or (),
        target_shape=_sample_shape(targets),
        target_kind=kind,
        num_classes=(num_classes or len(classes) or None) if kind == "class" else None,
        num_train=counts.get("train"),
        num_val=counts.get("val"),
        num_test=counts.get("test"),
        dataset=dataset,
        classes=classes,
    )


def target_kind(targets: Any) -> TargetKind:
    """Return "class" for whole numbers, "float" for others, None for what is not a tensor."""
    if not isinstance(targets, Tensor):
        return None
    return "float" if targets.is_floating_point() or targets.is_complex() else "class"


def _sample_shape(batch: Any) -> tuple[int, ...] | None:
    return tuple(batch.shape[1:]) if isinstance(batch, Tensor) and batch.ndim else None


def num_classes(source: Source, ignored: int | None = None) -> int | None:
    """Return how many classes the data has: by its labels, or by its targets.

    Targets below 0, and the one to be ignored (as 255 in masks), are not counted. A dataset that
    gives samples one by one is asked for `classes`, `num_classes` or `targets`, never read through.
    """
    if source.classes:
        return len(source.classes)
    if isinstance(source, ArrayDataset):
        return source.num_classes or _counted(source, ignored)
    own = source.dataset if isinstance(source, SampleDataset) else source.stream
    said = getattr(own, "num_classes", None)
    if isinstance(said, int):
        return said
    targets = getattr(own, "targets", None)
    if isinstance(targets, (list, tuple)) or hasattr(targets, "__array__"):
        numbers = torch.as_tensor(targets)
        return _highest(numbers, ignored)
    return None


def most_classes(sources: Iterable[Source], ignored: int | None = None) -> int | None:
    """Return the largest number of classes of several splits, None where none is known."""
    found = [num_classes(source, ignored) for source in sources]
    return max((number for number in found if number), default=None)


def _counted(source: ArrayDataset, ignored: int | None) -> int | None:
    if len(source.tensors) < 2:
        return None
    column = source.tensors[1]
    if column.dtype.is_floating_point:
        return None
    row_bytes = column.nbytes // len(source)
    parts = (rows(column, part) for part in chunks(len(source), row_bytes))
    found = [_highest(part, ignored) or 0 for part in parts]
    return max(found) or None


def _highest(targets: Tensor, ignored: int | None) -> int | None:
    if ignored is not None and ignored >= 0:
        targets = targets[targets != ignored]
    if target_kind(targets) != "class" or targets.numel() == 0:
        return None
    return max(int(targets.max()) + 1, 2 if targets.dtype == torch.bool else 0) or None
