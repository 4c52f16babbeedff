"""Step environments in each of Gymnasium's ways of resetting them, and tell transitions alone."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from stride.errors import ComponentError
from stride.rl.environments.refusals import KEY
from stride.rl.timestep import Outcome

Answer = tuple[Any, Any, Any, Any, dict[str, Any]]
"""What a vector environment's `step` returns."""


class Turn(NamedTuple):
    """A step of all environments.

    Attributes:
        observations: on which to act next.
        outcome: what the actions led to.
        ended: the numbers of those whose episode ended.
        infos: as Gymnasium gives them.
    """

    observations: np.ndarray
    outcome: Outcome
    ended: np.ndarray
    infos: Mapping[str, Any]

    def successes(self) -> dict[int, float]:
        """Return what ended environments told as `is_success`, by their numbers."""
        last = self.infos.get("final_info", self.infos)
        if "is_success" not in last:
            return {}
        told = last.get("_is_success", self.outcome.is_transition)
        return {env: float(last["is_success"][env]) for env in self.ended.tolist() if told[env]}


class Autoreset(ABC):
    """How environments whose episode ended begin their next one.

    Args:
        num_envs: how many there are.
        step: of the vector environment.
        reset: begins the next episodes of the environments that a mask names, and returns the
            observations of all.

    Attributes:
        ended: the numbers of those whose episode ended at the step before.
    """

    def __init__(
        self,
        num_envs: int,
        step: Callable[[Any], Answer],
        reset: Callable[[np.ndarray], np.ndarray],
    ) -> None:
        self._all, self._step, self._reset = np.ones(num_envs, np.bool_), step, reset
        self.begin([])

    def begin(self, ended: Sequence[int]) -> None:
        """Know whose episode ended at the step before."""
        self.ended = np.array(ended, np.int64)

    def step(self, actions: Any) -> Turn:
        """Act in all environments.

        What a vector environment returns may be its own memory: all of it is copied.
        """
        found, rewards, terminated, truncated, infos = self._step(actions)
        outcome = Outcome(
            np.array(found, order="C"),
            np.array(rewards, np.float64),
            np.array(terminated, np.bool_),
            np.array(truncated, np.bool_),
            self._all.copy(),
        )
        return self._turn(outcome, infos)

    def _note_ends(self, outcome: Outcome) -> None:
        (self.ended,) = (outcome.terminated | outcome.truncated).nonzero()

    @abstractmethod
    def _turn(self, outcome: Outcome, infos: dict[str, Any]) -> Turn:
        """Return the step, by what was found as if all had acted."""


class NextStep(Autoreset):
    """The step after an end only resets, and ignores its action."""

    def _turn(self, outcome: Outcome, infos: dict[str, Any]) -> Turn:
        if len(self.ended):  # what a step that only resets gives and ends says nothing
            outcome.is_transition[self.ended] = False
            for part in (outcome.rewards, outcome.terminated, outcome.truncated):
                part[self.ended] = 0
        self._note_ends(outcome)
        return Turn(outcome.next_observations, outcome, self.ended, infos)


class SameStep(Autoreset):
    """An end and the reset after it are one step; the last observation is in the infos."""

    def _turn(self, outcome: Outcome, infos: dict[str, Any]) -> Turn:
        self._note_ends(outcome)
        shown = outcome.next_observations
        if len(self.ended):
            outcome = replace(outcome, next_observations=self._with_last(shown, infos))
        return Turn(shown, outcome, self.ended, infos)

    def _with_last(self, shown: np.ndarray, infos: Mapping[str, Any]) -> np.ndarray:
        if "final_obs" not in infos:
            what = "it resets in the same step, and its infos have no final_obs"
            raise ComponentError(what, where=KEY, hint="see gymnasium.vector.AutoresetMode")
        reached = shown.copy()
        for env in self.ended.tolist():
            reached[env] = infos["final_obs"][env]
        return reached


class OnDemand(Autoreset):
    """Nothing resets by itself: it is told to, right after the step."""

    def _turn(self, outcome: Outcome, infos: dict[str, Any]) -> Turn:
        self._note_ends(outcome)
        shown = outcome.next_observations
        if len(self.ended):
            mask = ~self._all
            mask[self.ended] = True
            shown = np.array(self._reset(mask), order="C")
        return Turn(shown, outcome, self.ended, infos)


MODES: Mapping[str, type[Autoreset]] = {
    "NEXT_STEP": NextStep,
    "SAME_STEP": SameStep,
    "DISABLED": OnDemand,
}
"""By the name of Gymnasium's `AutoresetMode`."""
