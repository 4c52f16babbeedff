"""Find the events of a series: its maximal ranges of anomalous points."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from stride.metrics.detection.labelled_scores import Flags

Integers = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Events:
    """Ranges of points in ascending order, with normal points between them.

    Attributes:
        starts: (k,), the first point of each.
        stops: (k,), the first point after each.
    """

    starts: Integers
    stops: Integers

    @classmethod
    def of(cls, flags: Flags) -> Self:
        """Return the ranges of points that are set."""
        steps = np.diff(np.concatenate([[0], flags.astype(np.int8), [0]]))
        return cls(np.flatnonzero(steps == 1), np.flatnonzero(steps == -1))

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.starts)

    @property
    def lengths(self) -> Integers:
        """Return the number of points of each: (k,)."""
        return self.stops - self.starts

    def counts(self, flags: Flags) -> Integers:
        """Return how many points of each event are set: (k,)."""
        total = np.concatenate([[0], np.cumsum(flags)])
        found: Integers = total[self.stops] - total[self.starts]
        return found

    def overlapping(self, others: "Events") -> Integers:
        """Return how many of other events each of these shares a point with: (k,)."""
        begun = np.searchsorted(others.starts, self.stops, side="left")
        ended = np.searchsorted(others.stops, self.starts, side="right")
        return begun - ended
