"""Series with labels of their points, as given from Python or read from a built-in set."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Self, final

import numpy as np
import torch
from torch import Tensor

from stride.config.metrics import split_key
from stride.config.sections.data import DatasetKwargs
from stride.data.array_dataset import ArrayDataset
from stride.data.datasets import open_dataset, resolve_dataset
from stride.data.series.series import LABELS
from stride.data.series.series_arrays import checked_labels, checked_series
from stride.data.split import SPLITS
from stride.errors import DataError, nearest

Numbers = Tensor | np.ndarray[Any, Any] | Sequence[Any]
"""Series (N, channels, points), or a list of series (1, channels, points)."""

_OF_CLASSES = ("ucr", "ecg5000")  # whose points are labelled by the class of their series
_WHERE = "DataBlock"


@final
class DataBlock:
    """Hold series of one length, and what is known of them: the data of one split.

    Args:
        series: numbers (N, channels, points), or a list of series (1, channels, points); or the
            name of a built-in set, or the import path of one that divides itself.
        labels: 0 or 1 for each point (N, points), 1 at anomalies; None: there are none.
        split: of a set: train, val or test.
        **arguments: of a set, as in `dataset_kwargs`.

    Attributes:
        inputs: the series (N, channels, points), float32.
        annotations: what is known of each, by name; `labels` (N, points) where there are some.
        of_classes: whether it was made from a classification set: labels are those of whole series.
        section: of a set, the section `dataset_kwargs` that names it; else empty.
        split: of a set, which one it is; else empty.

    Raises:
        DataError: other shapes, labels that are neither 0 nor 1 or beside a set, or numbers that
            are complex or not finite.
        UserError: there is no such set, or it has no such argument or split.
    """

    def __init__(
        self,
        series: str | Numbers,
        labels: Numbers | None = None,
        *,
        split: str = "",
        **arguments: Any,
    ) -> None:
        self.section: dict[str, Any] = {}
        self.split, self.of_classes = "", False
        if isinstance(series, str):
            if labels is not None:
                what = f"labels are given beside {series}, which has its own"
                raise DataError(what, where=_WHERE, hint="leave them out, or give series")
            self._read(series, split, arguments)
            return
        if split or arguments:
            what = f"{', '.join([*['split'] * bool(split), *arguments])} is of a set by its name"
            raise DataError(what, where=_WHERE, hint="leave it out beside series")
        self.inputs = checked_series(_series(series), _WHERE)
        given = {} if labels is None else {LABELS: _tensor(labels, "labels")}
        self.annotations: Mapping[str, Tensor] = {
            name: checked_labels(one, self.inputs, _WHERE) for name, one in given.items()
        }

    @classmethod
    def from_classes(cls, series: Numbers, classes: Numbers, normal: Any) -> Self:
        """Return series of a classification set, every point labelled where its class is abnormal.

        All series are kept; `normal()` gives those to train on.

        Args:
            series: as above.
            classes: the class of each (N,), a number or text.
            normal: the class that is not an anomaly, or a list of them.

        Raises:
            DataError: as above, another number of classes, or a normal one that no series has.
        """
        inputs = checked_series(_series(series), _WHERE)
        of_each = classes.cpu().numpy() if isinstance(classes, Tensor) else np.asarray(classes)
        if of_each.shape != (len(inputs),):
            what = f"classes have the shape {of_each.shape}, and there are {len(inputs)} series"
            raise DataError(what, where=_WHERE, hint="give one class for each series")
        wanted = np.unique(normal)
        for one in wanted.tolist():
            if not (of_each == one).any():
                known = ", ".join(map(str, np.unique(of_each).tolist()))
                hint = f"the classes there are {known}"
                raise DataError(f"no series is of the class {one!r}", where=_WHERE, hint=hint)
        abnormal = torch.from_numpy(~np.isin(of_each, wanted))
        made = cls(inputs, abnormal[:, None].expand(-1, inputs.shape[-1]))
        made.of_classes = True
        return made

    @classmethod
    def of(cls, source: ArrayDataset, *, of_classes: bool = False) -> Self:
        """Return the series of a dataset whose samples are nothing else, with its annotations.

        Raises:
            DataError: its samples are of another shape, or have targets.
        """
        inputs, *targets = source.to_memory().tensors
        if targets or not isinstance(inputs, Tensor):
            hint = "name a set of series, as sines, ucr, csv_series"
            raise DataError("its samples are not series alone", where=_WHERE, hint=hint)
        made = cls(inputs)
        made.annotations, made.of_classes = dict(source.annotations), of_classes
        return made

    def normal(self) -> "DataBlock":
        """Return the series without an anomaly, which is what a network is usually trained on."""
        labels = self.annotations.get(LABELS, torch.zeros(len(self), 1))
        kept = (labels == 0).all(1)
        told = {name: one[kept] for name, one in self.annotations.items()}
        return DataBlock.of(
            ArrayDataset([self.inputs[kept]], annotations=told), of_classes=self.of_classes
        )

    @property
    def labels(self) -> Tensor | None:
        """Return whether each point is of an anomaly (N, points), None without labels."""
        return self.annotations.get(LABELS)

    def __len__(self) -> int:
        return len(self.inputs)

    def __repr__(self) -> str:
        source = f"{self.section['dataset_name']}, {self.split}: " if self.section else ""
        labels = "" if self.labels is None else f", {int(self.labels.sum())} points of anomalies"
        return f"DataBlock({source}{tuple(self.inputs.shape)}{labels})"

    def _read(self, name: str, split: str, arguments: Mapping[str, Any]) -> None:
        """Read a set by its name, and note how the config says the same."""
        self.split = _split(split)
        own = [key for key in arguments if key in DatasetKwargs.model_fields]
        if own:
            what, hint = f"{own[0]} is for all splits alike", f"type: dataset_kwargs.{own[0]}="
            raise DataError(what, where=_WHERE, hint=f"leave it out here; as an override {hint}...")
        section = resolve_dataset({"dataset_name": name, **arguments})
        free = [key for key in section if key not in DatasetKwargs.model_fields]
        self.section = {"dataset_name": name, **{key: section[key] for key in free}}
        # A set always has a training split; whether it has another one, it tells.
        part = open_dataset(section, ["train", self.split]).parts.get(self.split)
        if not isinstance(part, ArrayDataset):
            what = f"{name} has no {self.split} split of series"
            hint = "leave that block out, or ask the set for one"
            raise DataError(what, where=f"{_WHERE} {name}", hint=hint)
        read = DataBlock.of(part)
        self.inputs, self.annotations = read.inputs, read.annotations
        self.of_classes = name in _OF_CLASSES and LABELS in part.annotations


def _split(split: str) -> str:
    if (key := split_key(split)) in SPLITS:
        return key
    hint = nearest(split, SPLITS) or f"give split=, one of: {', '.join(SPLITS)}"
    raise DataError(f"a set has no split {split!r}", where=_WHERE, hint=hint)


def _series(series: Numbers) -> Tensor:
    """Return series as one tensor (N, channels, points), float32.

    Raises:
        DataError: they differ in shape, or are no numbers.
    """
    if isinstance(series, (Tensor, np.ndarray)) or not isinstance(series, Iterable):
        return _tensor(series, "series")
    each = [_tensor(one, "series") for one in series]
    shapes = dict.fromkeys(tuple(one.shape) for one in each)
    if len(shapes) > 1 or any(len(shape) != 3 for shape in shapes):
        told = ", ".join(map(str, shapes))
        hint = "give each the shape (1, channels, points), all of as many channels and points"
        raise DataError(f"series in a list have the shapes {told}", where=_WHERE, hint=hint)
    return torch.cat(each) if each else torch.empty(0, 1, 1)


def _tensor(numbers: Any, what: str) -> Tensor:
    """Return a copy: a block stays what it was checked to be."""
    try:
        made = numbers if isinstance(numbers, Tensor) else torch.from_numpy(np.array(numbers))
    except (TypeError, ValueError) as error:
        hint = "give a tensor or an array of numbers"
        raise DataError(f"{what} are no numbers: {error}", where=_WHERE, hint=hint) from None
    if made.is_complex():
        hint = "give the real and the imaginary part as channels"
        raise DataError(f"{what} are complex numbers", where=_WHERE, hint=hint)
    return made.detach().to("cpu", torch.float32, copy=True)
