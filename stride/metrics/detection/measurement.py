"""Measure one score by all that its labels and its threshold allow."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from stride.metrics.detection.affiliation import affiliation_scores
from stride.metrics.detection.alarms import (
    alarm_scores,
    f1,
    point_adjusted_f1,
    random_point_adjusted_f1,
)
from stride.metrics.detection.areas import Ranking, areas
from stride.metrics.detection.bootstrap import NOT_RESAMPLED, Bootstrap, Resampled
from stride.metrics.detection.events import Integers
from stride.metrics.detection.labelled_scores import Flags, Floats, LabelledScores
from stride.metrics.detection.ranges import range_scores
from stride.metrics.detection.thresholds import Threshold
from stride.metrics.detection.volume import volume
from stride.metrics.detection.window import Window

AREAS = ("roc_auc", "pr_auc")
VOLUMES = ("vus_roc", "vus_pr")
ALARMS = ("precision", "recall", "f1")
BY_RANKS = (*AREAS, *ALARMS)
EVENTS = (
    *("range_precision", "range_recall", "range_f1"),
    *("affiliation_precision", "affiliation_recall", "affiliation_f1"),
    *("point_adjusted_f1", "point_adjusted_f1_random"),
)


@dataclass(frozen=True)
class Measurement:
    """One number of a score.

    Attributes:
        value: NaN where it is not defined.
        reason: why it is NaN; empty where it is not.
        resampled: its interval by the bootstrap, where there is one.
    """

    value: float
    reason: str = ""
    resampled: Resampled = NOT_RESAMPLED

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {"value": self.value, "reason": self.reason, **self.resampled._asdict()}


@dataclass(frozen=True)
class Yardstick:
    """What all scores of a table are measured by.

    Attributes:
        ordered: whether scores are those of the points of a series, in their order.
        window: of the volumes.
        bootstrap: gives the intervals.
        seed: of the random alarms.
    """

    ordered: bool
    window: Window
    bootstrap: Bootstrap
    seed: int

    @property
    def names(self) -> tuple[str, ...]:
        """Return the measures, in the order of a table."""
        return (*AREAS, *VOLUMES, *ALARMS, *EVENTS) if self.ordered else (*AREAS, *ALARMS)

    def measure(self, data: LabelledScores, threshold: Threshold) -> dict[str, Measurement]:
        """Return each measure of a score."""
        if data.undefined:
            return {name: Measurement(np.nan, data.undefined) for name in self.names}
        ranking, predicted = Ranking.of(data), threshold.apply(data.scores)
        by_ranks = partial(_by_ranks, ranking, int(predicted.sum()))
        values = {name: float(one) for name, one in zip(BY_RANKS, by_ranks(), strict=True)}
        if self.ordered:
            values |= dict(zip(VOLUMES, volume(data, self.window), strict=True))
        if threshold.reason:
            values = {name: one for name, one in values.items() if name not in ALARMS}
        elif self.ordered:
            events = _event_scores(predicted, data.labels, self.seed)
            values |= dict(zip(EVENTS, events, strict=True))
        resampled = dict(zip(BY_RANKS, self.bootstrap.of(len(predicted), by_ranks), strict=False))
        reason = threshold.reason or "no alarm"
        return {name: _measurement(name, values, reason, resampled) for name in self.names}


def _by_ranks(ranking: Ranking, alarms: int, weights: Integers | None = None) -> list[Floats]:
    """Return areas and alarm scores, one or (r,) each.

    Args:
        ranking: of the scores.
        alarms: so many points, those with the highest scores, are alarms.
        weights: (r, n), how often each point counts; once without it.
    """
    true, predicted = ranking.positives(weights)
    step = np.searchsorted(ranking.cuts, alarms)
    counts = true[..., step], predicted[..., step], true[..., -1]
    return [*areas(true, predicted), *alarm_scores(*counts)]


def _measurement(
    name: str, values: Mapping[str, float], reason: str, resampled: Mapping[str, Resampled]
) -> Measurement:
    value = values.get(name, np.nan)
    if np.isnan(value):
        return Measurement(np.nan, reason)
    return Measurement(value, "", resampled.get(name, NOT_RESAMPLED))


def _event_scores(predicted: Flags, labels: Flags, seed: int) -> tuple[float, ...]:
    ranges, affiliation = range_scores(predicted, labels), affiliation_scores(predicted, labels)
    adjusted = point_adjusted_f1(predicted, labels)
    random = random_point_adjusted_f1(predicted, labels, seed)
    return (*ranges, f1(*ranges), *affiliation, f1(*affiliation), adjusted, random)
