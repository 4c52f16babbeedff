"""Compare the configurations that a sweep has tried, as `stride stats` does, by what it has noted.

The values are those in the storage: runs that are no longer there count as well.
"""

import math
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property, partial
from typing import Any

from optuna.trial import FrozenTrial

from stride.runs.deciding.comparison import Comparison, compare
from stride.runs.deciding.configurations import Study, group
from stride.runs.deciding.settings import SEED
from stride.runs.listing.facts import Facts
from stride.runs.listing.rows.row import RunRow
from stride.runs.where.names import Field
from stride.sweeps.following.words import overrides_of
from stride.sweeps.sweep import Sweep
from stride.sweeps.trials.trial import RUN, RUNS, UUID, VALUE
from stride.sweeps.trials.trial import SEED as OF_RUN


def study_of(sweep: Sweep, complete: Iterable[FrozenTrial]) -> Study:
    """Return the configurations of the complete trials, those of several seeds as one."""
    return group(_facts(sweep, complete))


def compared(sweep: Sweep, study: Study) -> Comparison:
    """Return how they compare, the best first; pruned and failed ones are none of them."""
    return compare(study, Field("metric", sweep.record.metric), sweep.record.mode)


class _Noted(Facts):
    """What a sweep has noted of a run: no file of the run is read."""

    @cached_property
    def _lineage(self) -> dict[str, Any]:
        return {}


def _facts(sweep: Sweep, complete: Iterable[FrozenTrial]) -> Iterator[Facts]:
    for trial in complete:
        for noted in trial.user_attrs.get(RUNS, []):
            if VALUE in noted:
                config = _config(trial, noted)
                yield _Noted(_row(sweep, trial, noted), partial(dict, config))


def _config(trial: FrozenTrial, noted: Mapping[str, Any]) -> dict[str, Any]:
    """Return by dotted key what is known of a run's config: what sets it apart from others."""
    own = {} if noted[OF_RUN] is None else {SEED: noted[OF_RUN]}
    return {**overrides_of(trial), **own}


def _row(sweep: Sweep, trial: FrozenTrial, noted: Mapping[str, Any]) -> RunRow:
    metric, mode = sweep.record.metric, sweep.record.mode
    # Where one seed is not finite none counts, or the others would make the trial a good one.
    value = noted[VALUE] if math.isfinite(trial.values[0]) else trial.values[0]
    return RunRow(
        noted[RUN],
        sweep.work_dir / noted[RUN],
        "done",
        created=trial.number,
        best={metric: value},
        monitor=metric,
        mode=mode,
        uuid=noted[UUID],
    )
