"""Convert labels from a person into targets, and insert them into the dataset."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from stride.data.array_dataset import ArrayDataset, rows
from stride.data.data_info import TargetKind
from stride.data.samples import SampleDataset, Source, StreamDataset, split_sample
from stride.errors import DataError, nearest
from stride.runs.labels.labels_jsonl import Label, number_in

_LISTED = 12  # names of classes that an error lists
_PASSED = ("classes", "num_classes", "set_epoch")  # what is asked of a dataset beside samples


def targets_of(
    labels: Mapping[int, Label],
    classes: Sequence[str] = (),
    num_classes: int | None = None,
    *,
    kind: TargetKind = None,
) -> Tensor:
    """Return the targets that labels mean, in their order: int64 classes, or float32 numbers.

    Args:
        labels: by sample.
        classes: the classes' names by code, where they have any.
        num_classes: how many classes there are, where that is known.
        kind: "class" or "float"; None: classes where there is one of the two arguments above.

    Raises:
        DataError: one is not a class, or not a number; names the sample and the label.
    """
    if kind == "class" or (kind is None and (classes or num_classes)):
        codes = [class_of(label, classes, num_classes, sample=one) for one, label in labels.items()]
        return torch.tensor(codes, dtype=torch.int64)
    numbers = [_number(label, sample) for sample, label in labels.items()]
    return torch.tensor(numbers, dtype=torch.float32)


def class_of(
    label: Label,
    classes: Sequence[str] = (),
    num_classes: int | None = None,
    *,
    sample: int | None = None,
) -> int:
    """Return the code of the class that a label names: by its name, else by its number.

    Upper and lower case are one where that leaves no doubt. Where names are whole numbers
    themselves, 3 is the class of that name, whatever its code.

    Args:
        label: as it was given.
        classes: the classes' names by code, where they have any.
        num_classes: how many classes there are, where that is known.
        sample: whose label it is, for the error.

    Raises:
        DataError: there is no such class.
    """
    text, whole = str(label).strip(), _whole(label)
    for word in (text, text if whole is None else str(whole)):
        if (code := _named(word, classes)) is not None:
            return code
    count = len(classes) or num_classes
    if whole is not None and not _numbered(classes) and (count is None or whole < count):
        return whole
    whose = "" if sample is None else f" of sample {sample}"
    raise DataError(f"the label {label!r}{whose} is not a class", hint=_hint(text, classes, count))


def _named(word: str, classes: Sequence[str]) -> int | None:
    """Return the code of the one class that has this name, exactly or but for upper case."""
    if word in classes:
        return list(classes).index(word)
    alike = [code for code, name in enumerate(classes) if name.casefold() == word.casefold()]
    return alike[0] if len(alike) == 1 else None


def _whole(label: Label) -> int | None:
    """Return the number from 0 on that a label is; some programs write 3 as 3.0."""
    number = number_in(str(label))
    return int(number) if number is not None and number >= 0 and number == int(number) else None


def _numbered(classes: Sequence[str]) -> bool:
    """Tell whether a number could be a name as well as a code."""
    return any(name.strip().isdecimal() for name in classes)


def _hint(text: str, classes: Sequence[str], count: int | None) -> str:
    if not classes:
        last = "on" if count is None else f"to {count - 1}"
        return f"the classes are numbers from 0 {last}"
    listed = ", ".join(classes[:_LISTED]) + (", ..." if len(classes) > _LISTED else "")
    return nearest(text, classes) or f"the classes are {listed}"


def _number(label: Label, sample: int) -> float:
    number = number_in(str(label))
    if number is None:
        hint = "the targets are numbers: type one, as 0.5"
        raise DataError(f"the label {label!r} of sample {sample} is not a number", hint=hint)
    return number


def relabel(source: Source, targets: Mapping[int, Any]) -> Source:
    """Return the dataset with other targets for some samples; the given one stays as it is.

    Columns get a new column of targets, in memory; other samples are changed one by one as they
    are read. A dataset without targets gets them: -1 or NaN stand for those that nobody knows.

    Args:
        source: the dataset; targets below 0 or NaN in it may mean that nobody knows.
        targets: by sample: a number, or a tensor of one number, as `targets_of` gives.

    Raises:
        DataError: a sample is beyond the dataset, or its target is more than one number.
    """
    if isinstance(source, StreamDataset):
        raise DataError("the samples of a stream have no numbers, so they cannot be queried")
    require_samples(targets, len(source))
    if isinstance(source, ArrayDataset):
        return _relabelled_columns(source, targets)
    return SampleDataset(_Relabelled(source, targets))


def require_samples(samples: Mapping[int, Any] | Sequence[int], length: int) -> None:
    """Refuse samples that are beyond the training split.

    Raises:
        DataError: names the first one.
    """
    for sample in samples:
        if not 0 <= sample < length:
            raise DataError(
                f"there is no sample {sample} in the training split, which has {length}",
                hint="the data is not that of the run, or queries.csv names a wrong id",
            )


def _relabelled_columns(source: ArrayDataset, targets: Mapping[int, Any]) -> ArrayDataset:
    indices = torch.tensor(list(targets), dtype=torch.int64)
    values = torch.stack(
        [torch.as_tensor(value) for value in targets.values()] or [torch.zeros(())]
    )
    if len(source.tensors) > 1:
        column = rows(source.tensors[1], torch.arange(len(source)))
    else:
        unknown = float("nan") if values.is_floating_point() else -1
        column = torch.full((len(source),), unknown, dtype=values.dtype)
    if len(targets):
        _require_one(column[0].shape)
        column[indices] = values.to(column.dtype).reshape(len(targets), *column.shape[1:])
    columns = [source.tensors[0], column, *source.tensors[2:]]
    return ArrayDataset(columns, classes=source.classes, normalization=source.normalization)


def _require_one(shape: Sequence[int]) -> None:
    if torch.Size(shape).numel() != 1:
        raise DataError(
            f"targets of shape {tuple(shape)} are more than one number, which no label can be",
            hint="a person can label classes and single numbers",
        )


class _Relabelled(Dataset[Any]):
    """A dataset with some of its targets replaced."""

    def __init__(self, source: SampleDataset, targets: Mapping[int, Any]) -> None:
        self.source, self.targets = source, dict(targets)
        for name in _PASSED:
            if hasattr(source.dataset, name):
                setattr(self, name, getattr(source.dataset, name))

    def __len__(self) -> int:
        return len(self.source)

    def __getitem__(self, index: int) -> Any:
        sample = self.source[index]
        return _with_target(sample, self.targets[index]) if index in self.targets else sample


def _with_target(sample: Any, target: Any) -> Any:
    """Return the sample, of the form it has, with another target of the kind it had."""
    inputs, before = split_sample(sample)
    value = _like(before, target)
    if isinstance(sample, Mapping):
        return {**sample, "targets": value}
    others = sample[2:] if isinstance(sample, (tuple, list)) else ()
    return (inputs, value, *others)


def _like(before: Any, target: Any) -> Any:
    """Return a target as the dataset gives them, so that those of a batch are alike."""
    number = target.item() if isinstance(target, Tensor) else target
    if isinstance(before, Tensor):
        _require_one(before.shape)
        return torch.full_like(before, number)
    if isinstance(before, np.ndarray):
        _require_one(before.shape)
        return np.full_like(before, number)
    return number if before is None else type(before)(number)
