"""Prepare the trials of a sweep to be drawn: which, in which order, in which colours."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from optuna.distributions import BaseDistribution
from optuna.trial import FrozenTrial, TrialState

from stride.figures import COLOURS
from stride.sweeps.following.standing import ENDED
from stride.sweeps.report.report import Report

MOST = 12
"""Keys that are drawn; of more those that matter most."""

BLUE, RED, GREEN, _, YELLOW = COLOURS[:5]
_WORST, _BEST = (0.82, 0.90, 0.95), (0.0, 0.35, 0.6)


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


def numbers(trials: Sequence[FrozenTrial]) -> list[int]:
    """Return the numbers of trials."""
    return [one.number for one in trials]
