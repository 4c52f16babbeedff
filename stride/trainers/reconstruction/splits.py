"""The splits that a reconstruction measures: samples in their order, and what is known of them."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NoReturn

import torch
from torch import Tensor

from stride.config.metrics import split_name
from stride.data import ArrayDataset, Batches, batches_in_order
from stride.data.samples import SampleDataset, StreamDataset
from stride.data.series.series import LABELS
from stride.errors import DataError
from stride.models.steps.batch import split_batch
from stride.trainer.fit.assembly import Assembly
from stride.trainer.fit.open_sections import values_of
from stride.trainers.reconstruction.stitching import Stitching

_NUMBERS = 2**20  # of a batch: what a network makes of it lies in memory beside it


@dataclass(frozen=True, eq=False)
class MeasuredSplit:
    """A split, with all its samples in their order.

    Attributes:
        key: train, val or test, as errors.csv calls it.
        source: the samples.
        assembly: what batches are made by.
    """

    key: str
    source: ArrayDataset | SampleDataset
    assembly: Assembly

    @property
    def name(self) -> str:
        """Return what rows and evaluations call the split."""
        return split_name(self.key)

    def require_annotations(self) -> None:
        """Refuse labels that are not one of each point, and windows without one place each.

        Raises:
            DataError: an annotation is of another shape, or labels are not 0 and 1.
        """
        number, found = len(self.source), self._annotations
        points = (number, self.assembly.data.info.input_shape[-1])
        for name, shape in {LABELS: points, "series": (number,), "start": (number,)}.items():
            if name in found and found[name].shape != shape:
                self._refuse(f"{name} of shape {tuple(found[name].shape)}, not {shape}")
        if LABELS in found and not ((found[LABELS] == 0) | (found[LABELS] == 1)).all():
            self._refuse(f"labels that are not 0 or 1, in a tensor {points}")

    def _refuse(self, what: str) -> NoReturn:
        raise DataError(
            f"the split {self.key} has {what}",
            where="annotations",
            hint="give labels (N, points), series (N,) and start (N,), or leave them out",
        )

    @cached_property
    def labels(self) -> Tensor | None:
        """Return which points are anomalous, (N, points) of truth values; None without labels."""
        found = self._annotations.get(LABELS)
        return None if found is None else found.bool()

    @cached_property
    def anomalous(self) -> Tensor | None:
        """Return in which samples any point is, (N,)."""
        return None if self.labels is None else self.labels.any(1)

    @cached_property
    def ranks(self) -> bool:
        """Tell whether there are points of both classes, without which no area is defined."""
        return self.labels is not None and bool(self.labels.any() and not self.labels.all())

    @cached_property
    def series(self) -> tuple[Stitching, ...]:
        """Return how windows are stitched, for each series; nothing where samples are none."""
        if not {"series", "start"} <= self._annotations.keys():
            return ()
        points, config = self.assembly.data.info.input_shape[-1], self.assembly.config
        centered = config.reconstruction_config.point_score == "center"
        return tuple(Stitching.each(self._annotations, points, centered=centered))

    @cached_property
    def point_labels(self) -> tuple[Tensor, ...]:
        """Return which points are anomalous of what `points` gives; nothing without labels."""
        if self.labels is None:
            return ()
        return tuple(one.any(self.labels) for one in self.series) or (self.labels.flatten(),)

    def points(self, scores: Tensor) -> list[Tensor]:
        """Return what the points of each series score, (covered,), else all points pooled.

        Args:
            scores: (N, points) of all samples.
        """
        return [one.scores(scores) for one in self.series] or [scores.flatten()]

    @property
    def _annotations(self) -> dict[str, Tensor]:
        return dict(self.source.annotations) if isinstance(self.source, ArrayDataset) else {}

    @cached_property
    def _batches(self) -> Batches:
        return self._in_order(self.source)

    def _in_order(self, source: ArrayDataset | SampleDataset) -> Batches:
        assembly, data = self.assembly, self.assembly.data
        return batches_in_order(
            self.key,
            source,
            values_of(assembly.config.load_data_kwargs),
            seed=assembly.config.seed,
            device=assembly.device,
            normalization=data.normalization,
            transform=data.transforms.get(self.key),
            batch_size=max(1, _NUMBERS // max(1, torch.Size(data.info.input_shape).numel())),
        )

    def inputs(self) -> Iterator[Tensor]:
        """Yield the inputs of all samples, batch by batch."""
        return (split_batch(batch)[0] for batch in self._batches)

    @cached_property
    def magnitudes(self) -> Tensor:
        """Return the mean |x| of each point over the channels, (N, points)."""
        sizes = (batch.abs().double() for batch in self.inputs())
        each = [one.reshape(len(one), -1, one.shape[-1]).mean(1).cpu() for one in sizes]
        return torch.cat(each)

    @cached_property
    def series_inputs(self) -> tuple[Tensor, ...]:
        """Return the inputs of each series, (channels, points)."""
        windows = torch.cat([*self.inputs()]).cpu()
        return tuple(one.pick(windows).reshape(-1, len(one.counts)) for one in self.series)

    def inputs_of(self, numbers: Tensor) -> Tensor:
        """Return the inputs of some samples, (n, *input_shape), on the device."""
        batches = self._in_order(self.source.select(numbers))
        return torch.cat([split_batch(batch)[0] for batch in batches])

    def with_labels_of(self, order: Tensor) -> "MeasuredSplit":
        """Return a split of the same samples, each with the labels of another one."""
        if not isinstance(self.source, ArrayDataset):
            return self
        changed = self.source.copy()
        changed.annotations = {
            name: one[order] if name == LABELS else one for name, one in self._annotations.items()
        }
        return replace(self, source=changed)


def measured_splits(assembly: Assembly) -> list[MeasuredSplit]:
    """Return the splits that are trained, validated and tested on, as far as they are asked for.

    Raises:
        DataError: the samples of one are not known beforehand, as those of a stream; or what is
            annotated is not of its points or windows.
    """
    wanted = {"train": True, "val": assembly.validates, "test": assembly.tests}
    keys = [key for key, asked in wanted.items() if asked]
    splits = [MeasuredSplit(key, _known(assembly, key), assembly) for key in keys]
    for split in splits:
        split.require_annotations()
    return splits


def _known(assembly: Assembly, key: str) -> ArrayDataset | SampleDataset:
    source = assembly.data.sources.get(key)
    if source is None or isinstance(source, StreamDataset):
        raise DataError(
            f"the split {key} has no samples that can be measured one by one",
            where="dataset_kwargs",
            hint="name a dataset, by dataset_kwargs.dataset_name; loaders and streams do not do",
        )
    return source
