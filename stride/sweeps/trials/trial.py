"""Read and write what a sweep notes of its trials in Optuna's storage."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from optuna import Study
from optuna.storages import BaseStorage
from optuna.trial import FrozenTrial, Trial, TrialState

OVERRIDES, NAME, SETUP, WORKER = "overrides", "run_name", "setup", "worker"
RUNS, PRUNED, ERROR = "runs", "pruned_at", "error"
"""Names of the user attributes of a trial."""

SINCE = "since"
"""Key of `worker`: the highest number that a run had when the trial was taken first."""

SEED, RUN, UUID, VALUE = "seed", "run", "uuid", "value"
"""Keys of an element of `runs`."""


class Outcome(NamedTuple):
    """Hold how a trial ended.

    Attributes:
        state: complete, pruned or failed, as Optuna has it.
        value: what is optimised; None where there is none.
        error: the traceback of a failed run.
    """

    state: TrialState
    value: float | None = None
    error: str = ""


@dataclass(frozen=True)
class OpenTrial:
    """A trial that is this worker's, until it tells how that ended.

    Attributes:
        study: it is in.
        storage: of the study.
        number: of the trial.
        overrides: of its runs.
    """

    study: Study
    storage: BaseStorage
    number: int
    overrides: Mapping[str, Any]

    @cached_property
    def _id(self) -> int:
        study = self.storage.get_study_id_from_name(self.study.study_name)
        return self.storage.get_trial_id_from_study_id_trial_number(study, self.number)

    def to_suggest(self) -> Trial:
        """Return the trial as a sampler is asked by it."""
        return Trial(self.study, self._id)

    def frozen(self) -> FrozenTrial:
        """Return the trial as the storage has it now."""
        return self.storage.get_trial(self._id)

    def note(self, name: str, value: Any) -> None:
        """Write a user attribute."""
        self.storage.set_trial_user_attr(self._id, name, value)

    def noted(self, name: str, default: Any = None) -> Any:
        """Return a user attribute."""
        return self.frozen().user_attrs.get(name, default)

    def run_of(self, seed: int | None) -> dict[str, Any]:
        """Return what is noted of the run of a seed; empty where there is none yet."""
        runs = self.noted(RUNS, [])
        return next((one for one in runs if one[SEED] == seed), {})

    def note_run(self, seed: int | None, **facts: Any) -> None:
        """Note the run of a seed, or more of it."""
        runs = {one[SEED]: one for one in self.noted(RUNS, [])}
        known = runs.get(seed, {SEED: seed})
        if known | facts != known:
            self.note(RUNS, [*({**runs, seed: known | facts}).values()])

    def values(self) -> dict[int | None, float]:
        """Return the values of its finished runs, by seed."""
        return {one[SEED]: one[VALUE] for one in self.noted(RUNS, []) if VALUE in one}

    def report(self, step: int, value: float) -> bool:
        """Report the value of an evaluation; tell whether the trial is to be pruned by it.

        What is reported already is not again: a resumed run evaluates again what came after its
        checkpoint. Of these only the last is decided again, as no decision may have followed it.
        """
        before = self.frozen()
        last = -1 if before.last_step is None else before.last_step
        if step < last:
            return False
        if step > last:
            self.storage.set_trial_intermediate_value(self._id, step, value)
        decided = self.study.pruner.prune(self.study, self.frozen())
        if decided and before.user_attrs.get(PRUNED) != step:
            self.note(PRUNED, step)
        return decided

    def tell(self, outcome: Outcome) -> None:
        """Finish the trial."""
        if outcome.error:
            self.note(ERROR, outcome.error)
        value = outcome.value if outcome.state == TrialState.COMPLETE else None
        self.study.tell(self.number, value, outcome.state)


def best_trial(complete: Iterable[FrozenTrial], mode: str) -> FrozenTrial | None:
    """Return the best of trials that are complete, the first of equals; None where none is."""
    choose = min if mode == "min" else max
    return choose(complete, key=lambda one: one.values[0], default=None)


def worst(mode: str) -> float:
    """Return the worst value: that of a run whose loss was not finite."""
    return math.inf if mode == "min" else -math.inf
