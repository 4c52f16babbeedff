"""Put the points of windows together to the series that they were cut from."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor


@dataclass(frozen=True)
class Stitching:
    """Where the points of windows lie in one series, which they cover more than once.

    Attributes:
        windows: (n,) the numbers of the series' windows in their split.
        places: (n, points) where each point stands among those that are covered.
        counts: (covered,) how many windows cover a point.
        nearest: (covered,) number of the window whose center is nearest to a point.
        centered: whether a point scores what that window does, else the mean over all of them.
    """

    windows: Tensor
    places: Tensor
    counts: Tensor
    nearest: Tensor
    centered: bool

    @classmethod
    def each(
        cls, annotations: Mapping[str, Tensor], length: int, *, centered: bool = False
    ) -> Iterator[Self]:
        """Yield that of each series of a split, by the annotations of windows of so many points."""
        numbers, starts = annotations["series"], annotations["start"]
        for number in torch.unique(numbers).tolist():
            windows = torch.nonzero(numbers == number).flatten()
            points = starts[windows, None] + torch.arange(length)
            covered, places, counts = torch.unique(points, return_inverse=True, return_counts=True)
            centers, order = (starts[windows] + length // 2).sort(stable=True)
            twice_between = centers[1:] + centers[:-1]
            nearest = windows[order[torch.searchsorted(twice_between, 2 * covered)]]
            yield cls(windows, places, counts, nearest, centered)

    def scores(self, points: Tensor) -> Tensor:
        """Return what the points of the series score: (covered,).

        Args:
            points: (N, points), of all windows of the split; where one window is to say it, all
                points of a window have one score.
        """
        return points[self.nearest, 0] if self.centered else self.mean(points)

    def mean(self, values: Tensor) -> Tensor:
        """Return the mean over the windows that cover a point: (..., covered).

        Args:
            values: (N, ..., points), of all windows of the split.
        """
        own = values[self.windows].movedim(0, -2)
        totals = own.new_zeros(*own.shape[:-2], len(self.counts), dtype=torch.float64)
        totals.index_add_(-1, self.places.flatten(), own.flatten(-2).double())
        return (totals / self.counts).to(values.dtype)

    def pick(self, values: Tensor) -> Tensor:
        """Return what some window has at each point: (..., covered); it is the same in all.

        Args:
            values: (N, ..., points), of all windows of the split.
        """
        length = self.places.shape[1]
        at = torch.empty_like(self.counts)
        at[self.places.flatten()] = torch.arange(self.places.numel())
        return values.movedim(-1, 1)[self.windows[at // length], at % length].movedim(0, -1)

    def any(self, flags: Tensor) -> Tensor:
        """Return at which points some window's flag is set: (covered,)."""
        return self.mean(flags.double()) > 0
