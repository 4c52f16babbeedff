"""Write the trials that are asked for into a study."""

from collections.abc import Sequence
from typing import Any

from optuna import Study
from optuna.distributions import BaseDistribution
from optuna.trial import FrozenTrial, TrialState, create_trial

from stride.config.sweep.space import Choice, Dimension, FloatRange, IntRange
from stride.config.sweep.spec import SweepSpec
from stride.config.sweep.value_lists import is_among
from stride.sweeps.request.plan import Entry
from stride.sweeps.search.space import Space
from stride.sweeps.trials.trial import NAME, OVERRIDES, SETUP

_LOG = 100.0
"""From what ratio of its largest to its smallest number on a grid counts as logarithmic."""


def add_trials(study: Study, entries: Sequence[Entry], spec: SweepSpec) -> None:
    """Add trials to a study: those of before as they ended, the others to be trained.

    Args:
        study: a new one.
        entries: in order.
        spec: what is asked.
    """
    space = Space(spec.search or dimensions(entries))
    for one in entries:
        study.add_trial(_trial(one, space))


def dimensions(entries: Sequence[Entry]) -> dict[str, Dimension]:
    """Return the values that listed trials have of each key, as ranges where they are numbers."""
    values: dict[str, list[Any]] = {}
    for one in entries:
        for key, value in one.overrides.items():
            known = values.setdefault(key, [])
            if not is_among(value, known):
                known.append(value)
    return {key: _dimension(known) for key, known in values.items()}


def _dimension(values: Sequence[Any]) -> Dimension:
    if any(isinstance(value, bool) or not isinstance(value, int | float) for value in values):
        return Choice(values=[*values])
    low, high = min(values), max(values)
    log = low > 0 and high / low >= _LOG
    if all(isinstance(value, int) for value in values):
        return IntRange(low=low, high=high, log=log)
    return FloatRange(low=float(low), high=float(high), log=log)


def _trial(one: Entry, space: Space) -> FrozenTrial:
    params = space.stored(one.overrides)
    distributions: dict[str, BaseDistribution] = {k: space.distributions[k] for k in params}
    own = {OVERRIDES: dict(one.overrides), SETUP: one.setup}
    own |= {} if one.name is None else {NAME: one.name}
    before = one.before
    if before is None:
        return create_trial(
            state=TrialState.WAITING, params=params, distributions=distributions, user_attrs=own
        )
    state = TrialState.WAITING if one.lacks_seeds else before.state
    return create_trial(
        state=state,
        value={TrialState.COMPLETE: one.value, TrialState.PRUNED: before.value}.get(state),
        params=params,
        distributions=distributions,
        user_attrs={**before.user_attrs, **own},
        system_attrs=before.system_attrs,
        intermediate_values=before.intermediate_values,
    )
