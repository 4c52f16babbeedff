"""Volumes under the surfaces of ROC and PR curves over all windows up to one: VUS."""

from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np

from stride.metrics.detection.events import Events, Integers
from stride.metrics.detection.labelled_scores import Floats, LabelledScores
from stride.metrics.detection.window import Window

THRESHOLDS = 250
"""So many ranks, evenly spaced, have the published tables."""


class Volume(NamedTuple):
    """Hold both volumes; NaN where one class does not occur.

    Attributes:
        roc: VUS-ROC.
        pr: VUS-PR.
    """

    roc: float
    pr: float


def volume(data: LabelledScores, window: Window, thresholds: int = THRESHOLDS) -> Volume:
    """Return the mean over the windows 0, 1, ..., W of the range-based areas under both curves.

    With a window w, labels fall off on both sides of an event, over w // 2 points, as
    sqrt(1 - distance / w), and what is scored high there counts in part. Recall is also
    multiplied by the share of events, so extended, that are found at all. The scores are sorted
    once; for each window only the points beside events are summed again, by their thresholds.

    Sources: Paparrizos et al., Volume Under the Surface, PVLDB 15 (2022); and `opt` in the
    evaluation of TSB-AD (Liu and Paparrizos, NeurIPS 2024), with whose figures these agree.

    Args:
        data: the points of one series, in order.
        window: the largest window W.
        thresholds: how many ranks of the scores are thresholds, 2 at least; all n of them are
            exact, the default gives the published figures.
    """
    if data.undefined:
        return Volume(np.nan, np.nan)
    surface = _Surface.of(data, window.size // 2, thresholds)
    found = surface.found_by_reach(window.size // 2)
    areas = [surface.areas(size, found[size // 2]) for size in range(window.size + 1)]
    roc, pr = np.mean(areas, axis=0)
    return Volume(float(roc), float(pr))


@dataclass(frozen=True, eq=False)
class _Surface:
    """What is the same for all windows.

    Attributes:
        levels: (n,), the number of the highest threshold that a point's score reaches.
        predicted: (k,), how many points are predicted at each threshold.
        detected: (k,), how many points of events are.
        events: of the labels.
        nearest: (m,), how far points beside events are from the nearest event.
        second: (m,), and from the one after it.
        beside: (m,), their levels.
    """

    levels: Integers
    predicted: Integers
    detected: Integers
    events: Events
    nearest: Floats
    second: Floats
    beside: Integers

    @classmethod
    def of(cls, data: LabelledScores, reach: int, thresholds: int) -> Self:
        levels, count = _levels(data.scores, thresholds)
        events = Events.of(data.labels)
        normal = np.flatnonzero(~data.labels)
        nearest, second = _distances(normal, events)
        close = nearest <= reach
        return cls(
            levels,
            np.cumsum(np.bincount(levels, minlength=count)),
            np.cumsum(np.bincount(levels[data.labels], minlength=count)),
            events,
            nearest[close],
            second[close],
            levels[normal[close]],
        )

    def areas(self, window: int, found: Floats) -> tuple[float, float]:
        """Return the areas (ROC, PR) of one window.

        Args:
            window: its size.
            found: (k,), the share of extended events that are found at each threshold.
        """
        partial = self._partial(window)
        true, positives = self.detected + partial, self.detected[-1] + partial / 2
        recall = np.minimum(true / positives, 1) * found
        alarms = (self.predicted - true) / (len(self.levels) - positives)
        heights = np.concatenate([[0.0], recall, [1.0]])
        widths = np.diff(np.concatenate([[0.0], alarms, [1.0]]))
        roc = widths @ (heights[1:] + heights[:-1]) / 2
        return float(roc), float(np.diff(heights[:-1]) @ (true / self.predicted))

    def _partial(self, window: int) -> Floats:
        """Return how much points beside events count at each threshold: (k,)."""
        close = self.nearest <= window // 2
        share = np.sqrt(1 - self.nearest[close] / max(window, 1))
        # Two events within w // 2 give at least 2 * sqrt(1 / 2), and a label is 1 at most.
        weights = np.where(self.second[close] <= window // 2, 1.0, share)
        sums = np.bincount(self.beside[close], weights, minlength=len(self.predicted))
        return np.cumsum(sums)

    def found_by_reach(self, reach: int) -> list[Floats]:
        """Return for each reach 0, 1, ... the share of extended events found at each threshold."""
        first = self._first_levels()
        gaps, last = self.events.starts[1:] - self.events.stops[:-1] + 1, len(self.levels) - 1
        shares = []
        for step in range(reach + 1):
            sides = (
                self.levels[np.maximum(self.events.starts - step, 0)],
                self.levels[np.minimum(self.events.stops - 1 + step, last)],
            )
            first = np.minimum(first, np.minimum(*sides))
            # Events whose extensions overlap are one.
            joined = np.minimum.reduceat(first, np.flatnonzero(np.append(True, gaps > 2 * step)))
            found = np.cumsum(np.bincount(joined, minlength=len(self.predicted)))
            shares.append(found / len(joined))
        return shares

    def _first_levels(self) -> Integers:
        """Return at which threshold each event is found first: (events,)."""
        bounds = np.stack([self.events.starts, self.events.stops], axis=1).reshape(-1)
        padded = np.append(self.levels, len(self.predicted))  # an event may reach the end
        first: Integers = np.minimum.reduceat(padded, bounds)[::2]
        return first


def _levels(scores: Floats, thresholds: int) -> tuple[Integers, int]:
    """Return for each score which threshold from the top it reaches, and how many there are."""
    ranks = np.linspace(0, len(scores) - 1, thresholds).astype(int)
    cuts = np.unique(np.sort(scores)[::-1][ranks])
    return len(cuts) - np.searchsorted(cuts, scores, side="right"), len(cuts)


def _distances(points: Integers, events: Events) -> tuple[Floats, Floats]:
    """Return how far points outside events are from the two nearest events."""
    far = [np.inf, np.inf]
    starts = np.concatenate([events.starts, far])
    lasts = np.concatenate([np.negative(far), events.stops - 1])
    after = np.searchsorted(events.starts, points)
    both = np.stack(
        [
            *(points - lasts[after + 1], points - lasts[after]),
            *(starts[after] - points, starts[after + 1] - points),
        ]
    )
    nearest, second = np.sort(both, axis=0)[:2]
    return nearest, second
