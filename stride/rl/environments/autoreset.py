"""Step environments in each of Gymnasium's ways of resetting them, and tell transitions alone."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
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
        ended: bool, whose episode ended.
        any_ended: whether any did.
        infos: as Gymnasium gives them.
    """

    observations: np.ndarray
    outcome: Outcome
    ended: np.ndarray
    any_ended: bool
    infos: Mapping[str, Any]

    def successes(self) -> dict[int, float]:
        """Return what ended environments told as `is_success`, by their numbers."""
        last = self.infos.get("final_info", self.infos)
        if "is_success" not in last:
            return {}
        told = self.ended & np.asarray(last.get("_is_success", True))
        return {env: float(last["is_success"][env]) for env in np.flatnonzero(told).tolist()}


class Autoreset(ABC):
    """How environments whose episode ended begin their next one.

    Args:
        step: of the vector environment.
        reset: begins the next episodes of the environments that a mask names, and returns the
            observations of all.
    """

    def __init__(
        self, step: Callable[[Any], Answer], reset: Callable[[np.ndarray], np.ndarray]
    ) -> None:
        self._step, self._reset = step, reset
        self.ended = np.zeros(0, np.bool_)

    def begin(self, ended: np.ndarray) -> None:
        """Know whose episode ended at the step before."""
        self.ended = ended.copy()

    @abstractmethod
    def step(self, actions: Any) -> Turn:
        """Act in all environments.

        What a vector environment returns may be its own memory: all of it is copied.
        """


class NextStep(Autoreset):
    """The step after an end only resets, and ignores its action."""

    def step(self, actions: Any) -> Turn:
        """Act, where the step before was not an end."""
        found, rewards, terminated, truncated, infos = self._step(actions)
        observations, acted = np.array(found, order="C"), ~self.ended
        # What a step that only resets gives and ends says nothing.
        terminated = np.logical_and(acted, terminated)
        truncated = np.logical_and(acted, truncated)
        rewards = np.array(rewards, np.float64)
        rewards[self.ended] = 0.0
        self.ended = terminated | truncated
        outcome = Outcome(observations, rewards, terminated, truncated, acted)
        return Turn(observations, outcome, self.ended, _any(self.ended), infos)


class SameStep(Autoreset):
    """An end and the reset after it are one step; the last observation is in the infos."""

    def step(self, actions: Any) -> Turn:
        """Act, and find the last observations of the episodes that ended."""
        found, rewards, terminated, truncated, infos = self._step(actions)
        observations = np.array(found, order="C")
        self.ended = np.logical_or(terminated, truncated)
        any_ended = _any(self.ended)
        reached = self._with_last(observations, infos) if any_ended else observations
        outcome = _all_acted(reached, rewards, terminated, truncated)
        return Turn(observations, outcome, self.ended, any_ended, infos)

    def _with_last(self, observations: np.ndarray, infos: Mapping[str, Any]) -> np.ndarray:
        if "final_obs" not in infos:
            what = "it resets in the same step, and its infos have no final_obs"
            raise ComponentError(what, where=KEY, hint="see gymnasium.vector.AutoresetMode")
        reached = observations.copy()
        for env in np.flatnonzero(self.ended).tolist():
            reached[env] = infos["final_obs"][env]
        return reached


class OnDemand(Autoreset):
    """Nothing resets by itself: it is told to, right after the step."""

    def step(self, actions: Any) -> Turn:
        """Act, then reset the environments whose episode ended."""
        found, rewards, terminated, truncated, infos = self._step(actions)
        reached = observations = np.array(found, order="C")
        outcome = _all_acted(reached, rewards, terminated, truncated)
        self.ended = outcome.terminated | outcome.truncated
        any_ended = _any(self.ended)
        if any_ended:
            observations = np.array(self._reset(self.ended.copy()))
        return Turn(observations, outcome, self.ended, any_ended, infos)


def _any(which: np.ndarray) -> bool:
    return bool(np.count_nonzero(which))  # a fifth of the time of any()


def _all_acted(reached: np.ndarray, rewards: Any, terminated: Any, truncated: Any) -> Outcome:
    return Outcome(
        reached,
        np.array(rewards, np.float64),
        np.array(terminated, np.bool_),
        np.array(truncated, np.bool_),
        np.ones(len(reached), np.bool_),
    )


MODES: Mapping[str, type[Autoreset]] = {
    "NEXT_STEP": NextStep,
    "SAME_STEP": SameStep,
    "DISABLED": OnDemand,
}
"""By the name of Gymnasium's `AutoresetMode`."""
