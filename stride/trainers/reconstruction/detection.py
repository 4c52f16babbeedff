"""Measure how well the scores of the final model find anomalies, by the thresholds of one split."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from stride.log import LOGGER
from stride.metrics.detection import (
    BestF1,
    DetectionScores,
    FalsePositiveRate,
    LabelledScores,
    detection_scores,
)
from stride.metrics.detection.roc import roc_curve
from stride.runs.records.reconstruction import DetectionRecord
from stride.trainers.reconstruction.scoring import Scores
from stride.trainers.reconstruction.splits import MeasuredSplit

Of = Literal["snippets", "pooled points", "series"]

_NORMAL = FalsePositiveRate(0.01)
"""How a threshold is chosen where the validation split does not show both classes."""


class Detection:
    """Detection on the splits of a run, each with thresholds of the validation split.

    Args:
        splits: that are measured.
        scores: of the final model, by the split's key, those of points among them.
        seed: of random scores and resamples.
    """

    def __init__(
        self, splits: Iterable[MeasuredSplit], scores: Mapping[str, Scores], seed: int
    ) -> None:
        self._scores, self._seed = scores, seed
        self._validation = [split for split in splits if split.key == "val"]

    def of(self, split: MeasuredSplit) -> list[DetectionRecord]:
        """Return that of snippets, then of points; nothing without labels."""
        if split.labels is None:
            return []
        known = [split, *self._thresholds_for(split)]
        if not all(_is_finite(self._scores[one.key]) for one in known):
            LOGGER.warning("scores of the split %s are not finite: nothing is detected", split.key)
            return []
        return [self._of_snippets(split), self._of_points(split)]

    def curves(self, split: MeasuredSplit) -> dict[str, Tensor]:
        """Return the ROC curves of snippets and of all points; nothing without both classes."""
        if split.labels is None or not _is_finite(self._scores[split.key]):
            return {}
        data = {"snippets": self._snippets(split), "points": self._all_points(split)}
        known = {unit: one for unit, one in data.items() if not one.undefined}
        return {unit: torch.from_numpy(roc_curve(one)) for unit, one in known.items()}

    def _thresholds_for(self, split: MeasuredSplit) -> list[MeasuredSplit]:
        """Return the validation split; nothing for itself: that would flatter."""
        return [one for one in self._validation if one.key != split.key]

    def _of_snippets(self, split: MeasuredSplit) -> DetectionRecord:
        by = [self._snippets(one) for one in self._thresholds_for(split)]
        measured = self._measure(self._snippets(split), by, unit="snippet")
        return _record("snippets", [measured])

    def _snippets(self, split: MeasuredSplit) -> LabelledScores:
        scores, sizes = self._scores[split.key].samples, split.magnitudes.mean(1)
        return LabelledScores.of(scores, split.anomalous, sizes)

    def _of_points(self, split: MeasuredSplit) -> DetectionRecord:
        by = [self._all_points(one) for one in self._thresholds_for(split)]
        if split.series:
            by = [_as_series(one) for one in by]
            return _record("series", [self._measure(one, by) for one in self._stitched(split)])
        # Without an order there are no events, and no blocks to resample.
        points = self._all_points(split)
        return _record("pooled points", [self._measure(points, by, unit="snippet", resamples=0)])

    def _stitched(self, split: MeasuredSplit) -> list[LabelledScores]:
        """Return each series of a split, point after point, with inputs (channels, n)."""
        scores = split.points(self._scores[split.key].points)
        labels = split.point_labels or [None] * len(scores)
        return [*map(LabelledScores.of, scores, labels, split.series_inputs)]

    def _all_points(self, split: MeasuredSplit) -> LabelledScores:
        """Return all points of a split in whatever order, with inputs (n, channels)."""
        if split.series:
            each, known = self._stitched(split), split.labels is not None
            scores = np.concatenate([one.scores for one in each])
            flags = np.concatenate([one.labels for one in each]) if known else None
            return LabelledScores.of(scores, flags, np.hstack([one.inputs for one in each]).T)
        points = self._scores[split.key].points.flatten()
        labels = None if split.labels is None else split.labels.flatten()
        return LabelledScores.of(points, labels, split.magnitudes.flatten())

    def _measure(
        self, data: LabelledScores, by: Sequence[LabelledScores], **options: Any
    ) -> DetectionScores:
        validation = next(iter(by), None)
        shown = validation is not None and not validation.undefined
        return detection_scores(
            data.scores,
            data.labels,
            inputs=data.inputs,
            validation=validation,
            rule=BestF1() if shown else _NORMAL,
            seed=self._seed,
            **options,
        )


def _as_series(points: LabelledScores) -> LabelledScores:
    return replace(points, inputs=points.inputs.T)


def _is_finite(scores: Scores) -> bool:
    return bool(torch.isfinite(scores.samples).all() and torch.isfinite(scores.points).all())


def _record(of: Of, each: Sequence[DetectionScores]) -> DetectionRecord:
    rows = each[0].rows
    values = {row: _means([one.values(row) for one in each]) for row in rows}
    scores = [one.to_json() for one in each]
    return DetectionRecord(of=of, sets=len(each), values=values, scores=scores)


def _means(each: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Return the mean of each measure over the sets for which it is defined; NaN for none."""
    names = dict.fromkeys(name for one in each for name in one)
    known = {name: [one[name] for one in each if not math.isnan(one[name])] for name in names}
    return {name: float(np.mean(some)) if some else math.nan for name, some in known.items()}
