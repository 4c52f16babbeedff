"""Decide whether one configuration is better than another, by the seeds that both have."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from stride.errors import UserError
from stride.runs.deciding.alike import whole_settings
from stride.runs.deciding.comparison import Measured, measure, mode_of
from stride.runs.deciding.configurations import Repeat, Study, group
from stride.runs.deciding.settings import SEED, differing
from stride.runs.listing.facts import Facts
from stride.runs.where.names import Field
from stride.stats.paired import Mode, Paired, differences

Answer = Literal["yes", "no", "not yet"]

LISTED = 8  # configurations that an error names


@dataclass(frozen=True)
class Side:
    """Hold one of the two that are compared.

    Attributes:
        name: as it was asked for.
        study: its runs; one configuration.
        measured: the metric in them.
    """

    name: str
    study: Study
    measured: Measured

    def settings(self) -> dict[str, Any]:
        """Return all settings that its runs share, by dotted key."""
        runs = self.measured.configuration.runs.values()
        return whole_settings(next(iter(runs)), self.study.over)


@dataclass(frozen=True)
class Decision:
    """Hold whether one configuration is better than another.

    Attributes:
        metric: by which.
        mode: which way of it is better.
        one: of which it is asked.
        other: with which it is compared.
        pairs: the repetitions that both have, in ascending order.
        paired: values of the one minus values of the other.
    """

    metric: Field
    mode: Mode
    one: Side
    other: Side
    pairs: Sequence[Repeat]
    paired: Paired

    @property
    def answer(self) -> Answer:
        """Return "yes" or "no" where it is sure which is better, else "not yet"."""
        verdict = self.paired.verdict(self.mode)
        return {"better": "yes", "worse": "no", "unclear": "not yet"}[verdict]  # type: ignore[return-value]

    @property
    def settings(self) -> dict[str, tuple[Any, Any]]:
        """Return by dotted key the settings in which the two differ: of the one, of the other."""
        one, other = self.one.settings(), self.other.settings()
        return {key: (one.get(key), other.get(key)) for key in differing([one, other])}


def decide(
    one: tuple[str, Sequence[Facts]],
    other: tuple[str, Sequence[Facts]],
    metric: Field,
    *,
    mode: Mode | None = None,
    over: Sequence[str] = (SEED,),
) -> Decision:
    """Compare two configurations over the repetitions that both have.

    Args:
        one: what it is called, and its runs.
        other: the same of what it is compared with.
        metric: a metric as `Selection.field` gives it.
        mode: which way is better; None: by the runs' monitors, or by the metric's name.
        over: dotted keys in which repetitions differ.

    Raises:
        UserError: one holds no run or several configurations, both hold the same run, or it is not
            known which way of the metric is better.
    """
    common = {facts.row.path for facts in one[1]} & {facts.row.path for facts in other[1]}
    if common:
        what = f"{min(common)} is of both {one[0]} and {other[0]}"
        raise UserError(what, hint="ask for two that have no run in common")
    mode = mode or mode_of(metric.key, [*one[1], *other[1]])
    if mode is None:
        what = f"{metric.title} does not tell whether smaller or larger is better"
        raise UserError(what, hint="type: --mode min, or --mode max")
    studies = [_single(name, group(runs, over)) for name, runs in (one, other)]
    repeats = sorted({repeat for study in studies for repeat in study.repeats}, key=str)
    first, second = (
        Side(name, study, measure(study.configurations[0], metric, repeats))
        for (name, _), study in zip((one, other), studies, strict=True)
    )
    values, others = first.measured.values, second.measured.values
    pairs = [repeat for repeat in values if repeat in others]
    paired = Paired.of(differences(values, others))
    return Decision(metric, mode, first, second, sorted(pairs, key=str), paired)


def _single(name: str, study: Study) -> Study:
    """Refuse runs that are not of one configuration."""
    found = study.configurations
    if len(found) == 1:
        return study
    if not found:
        raise UserError(f"no run to compare of {name}", hint="type: stride ls W --where QUERY")
    some = "; ".join(one.name or "(defaults)" for one in found[:LISTED])
    more = f" and {len(found) - LISTED} more" if len(found) > LISTED else ""
    what = f"{name} is {len(found)} configurations: {some}{more}"
    raise UserError(what, hint="ask for one of them, by a query: stride better W QUERY QUERY")
