"""Prepare the trials of a sweep to be drawn: which, in which order, in which colours."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from optuna.distributions import BaseDistribution
from optuna.trial import FrozenTrial, TrialState

from stride.figures import COLOURS
from stride.sweeps.following.standing import ENDED
from stride.sweeps.report.report import Report

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST = 12
"""Keys that are drawn; of more those that matter most."""

BLUE, RED, GREEN, _, YELLOW = COLOURS[:5]
_WORST, _BEST = (0.82, 0.90, 0.95), (0.0, 0.35, 0.6)
_LOG = 20.0
"""From what ratio of the largest to the smallest value on these are drawn on a logarithmic axis."""


@dataclass(frozen=True)
class Drawn:
    """The trials of a report, as plots take them.

    Attributes:
        report: of the sweep.
    """

    report: Report

    @property
    def metric(self) -> str:
        """Return what the values are of."""
        return self.report.sweep.record.metric

    @cached_property
    def complete(self) -> list[FrozenTrial]:
        """Return the complete trials, in the order of their numbers."""
        return self.report.standing.ended_as(TrialState.COMPLETE)

    @cached_property
    def finite(self) -> list[FrozenTrial]:
        """Return those with a finite value, the best last: it is drawn over the others."""
        sign = 1 if self.report.sweep.record.mode == "max" else -1
        known = [one for one in self.complete if math.isfinite(one.values[0])]
        return sorted(known, key=lambda one: sign * one.values[0])

    @property
    def begun(self) -> list[FrozenTrial]:
        """Return the trials that have ended or run."""
        standing = self.report.standing
        return [*standing.ended, *standing.running]

    def ending(self, trial: FrozenTrial) -> str:
        """Return how a trial ended: done, pruned, failed; not finite; or that it is running."""
        if trial.state == TrialState.COMPLETE and not math.isfinite(trial.values[0]):
            return "not finite"
        return ENDED.get(trial.state, "running")

    @property
    def values(self) -> list[float]:
        """Return their values."""
        return [one.values[0] for one in self.finite]

    @cached_property
    def ranks(self) -> dict[int, int]:
        """Return their ranks by number, 0 for the worst."""
        return {one.number: place for place, one in enumerate(self.finite)}

    @cached_property
    def colours(self) -> dict[int, tuple[float, float, float]]:
        """Return their colours by number: the better a trial ranks, the darker."""
        last = max(1, len(self.finite) - 1)
        return {number: _shade(rank / last) for number, rank in self.ranks.items()}

    @cached_property
    def distributions(self) -> dict[str, BaseDistribution]:
        """Return the keys that were varied, those first that matter most."""
        found = {
            key: kind
            for one in self.finite
            for key, kind in one.distributions.items()
            if not kind.single()
        }
        shares = self.report.importances.shares
        keys = sorted(found, key=lambda key: -shares.get(key, 0.0))[:MOST]
        return {key: found[key] for key in keys}

    def best_number(self) -> int:
        """Return the number of the best trial."""
        return self.finite[-1].number


def _shade(place: float) -> tuple[float, float, float]:
    red, green, blue = ((1 - place) * a + place * b for a, b in zip(_WORST, _BEST, strict=True))
    return red, green, blue


def are_far_apart(values: Sequence[float]) -> bool:
    """Tell whether values are above 0 and so far apart that their logarithms are drawn."""
    return bool(values) and min(values) > 0 and max(values) / min(values) >= _LOG


def scale_values(axes: "Axes", values: Sequence[float]) -> None:
    """Make the upright axis logarithmic where values are far apart."""
    if are_far_apart(values):
        axes.set_yscale("log")


def add_legend(figure: "Figure") -> None:
    """Say above a plot what its lines and marks are."""
    figure.legend(frameon=False, loc="outside upper left", ncols=5, fontsize="small")


def numbers(trials: Sequence[FrozenTrial]) -> list[int]:
    """Return the numbers of trials."""
    return [one.number for one in trials]
