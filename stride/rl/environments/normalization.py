"""Scale observations and rewards by the statistics of those that training has seen."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, final

import numpy as np

from stride.rl.environments.autoreset import Turn
from stride.rl.environments.moments import RunningMoments
from stride.rl.timestep import Outcome

# Those of Stable-Baselines3's VecNormalize.
_EPSILON = 1e-8
_LIMIT = 10.0


class Normalization(ABC):
    """What stands between environments and those who see them."""

    @abstractmethod
    def begin(self, raw: np.ndarray) -> np.ndarray:
        """Return the first observations of new episodes, scaled."""

    @abstractmethod
    def apply(self, turn: Turn) -> tuple[np.ndarray, Outcome]:
        """Return the observations on which to act next, and the outcome, both scaled."""

    @abstractmethod
    def scale(self, raw: np.ndarray) -> np.ndarray:
        """Return observations scaled by what was seen, and learn nothing from them."""

    @abstractmethod
    def statistics(self) -> dict[str, Any]:
        """Return what was seen, for environments that evaluate."""

    @abstractmethod
    def use(self, statistics: Mapping[str, Any]) -> None:
        """Scale by these statistics."""

    @abstractmethod
    def state_dict(self) -> dict[str, Any]:
        """Return the statistics, and what the running episodes have given."""

    @abstractmethod
    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Be what gave the state."""


@final
class Unscaled(Normalization):
    """Everything is as the environments give it."""

    def begin(self, raw: np.ndarray) -> np.ndarray:
        """Return them as they are."""
        return raw

    def apply(self, turn: Turn) -> tuple[np.ndarray, Outcome]:
        """Return both as they are."""
        return turn.observations, turn.outcome

    def scale(self, raw: np.ndarray) -> np.ndarray:
        """Return them as they are."""
        return raw

    def statistics(self) -> dict[str, Any]:
        """Return nothing."""
        return {}

    def use(self, statistics: Mapping[str, Any]) -> None:
        """Do nothing."""

    def state_dict(self) -> dict[str, Any]:
        """Return nothing."""
        return {}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Do nothing."""


@final
class Scaled(Normalization):
    """Observations are centred and of unit variance, rewards have discounted sums of unit variance.

    The statistics of observations are of those on which actions are chosen; what comes out is
    float32, cut off at 10 deviations. Rewards are divided by the deviation of their discounted
    sums, not centred, and cut off likewise. Both are as in Stable-Baselines3's VecNormalize.

    Args:
        shape: of one observation.
        num_envs: how many environments there are.
        observations: whether they are scaled.
        rewards: whether they are.
        gamma: discounts the sums.
        learning: whether statistics go on changing; else they stay as given.
    """

    def __init__(
        self,
        shape: tuple[int, ...],
        num_envs: int,
        *,
        observations: bool,
        rewards: bool,
        gamma: float,
        learning: bool,
    ) -> None:
        self._observations, self._rewards = RunningMoments(shape), RunningMoments(())
        self._scales, self._scales_rewards = observations, rewards
        self._gamma, self._learning = gamma, learning
        self._sums = np.zeros(num_envs)

    def begin(self, raw: np.ndarray) -> np.ndarray:
        """Learn from them and return them scaled."""
        self._sums = np.zeros_like(self._sums)
        self._learn(raw)
        return self.scale(raw)

    def apply(self, turn: Turn) -> tuple[np.ndarray, Outcome]:
        """Learn from a step and return what it gave, scaled."""
        outcome, next_observations = turn.outcome, turn.outcome.next_observations
        # What an episode ended with, and is still shown where the reset is a step of its own, is
        # acted on by no one.
        shows_end = turn.observations is next_observations
        self._learn(
            np.delete(turn.observations, turn.ended, axis=0) if shows_end else turn.observations
        )
        observations = self.scale(turn.observations)
        reached = observations if shows_end else self.scale(next_observations)
        rewards = self._scale_rewards(outcome, turn.ended)
        return observations, replace(outcome, next_observations=reached, rewards=rewards)

    def _learn(self, raw: np.ndarray) -> None:
        if self._scales and self._learning:
            self._observations.update(raw)

    def scale(self, raw: np.ndarray) -> np.ndarray:
        """Return observations scaled, where they are to be."""
        if not self._scales:
            return raw
        deviation = np.sqrt(self._observations.variance + _EPSILON)
        scaled = (raw - self._observations.mean) / deviation
        return np.clip(scaled, -_LIMIT, _LIMIT).astype(np.float32)

    def _scale_rewards(self, outcome: Outcome, ended: np.ndarray) -> np.ndarray:
        if not self._scales_rewards:
            return outcome.rewards
        if self._learning:
            self._sums = self._sums * self._gamma + outcome.rewards
            self._rewards.update(self._sums[outcome.is_transition])
            self._sums[ended] = 0.0
        deviation = np.sqrt(self._rewards.variance + _EPSILON)
        return np.clip(outcome.rewards / deviation, -_LIMIT, _LIMIT)

    def statistics(self) -> dict[str, Any]:
        """Return count, mean and squared deviations of observations, and of sums of rewards."""
        return {
            "observations": self._observations.state_dict(),
            "rewards": self._rewards.state_dict(),
        }

    def use(self, statistics: Mapping[str, Any]) -> None:
        """Scale by these statistics."""
        self._observations.load_state_dict(statistics["observations"])
        self._rewards.load_state_dict(statistics["rewards"])

    def state_dict(self) -> dict[str, Any]:
        """Return the statistics and the running sums."""
        return self.statistics() | {"sums": self._sums.copy()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Be what gave the state."""
        self.use(state)
        self._sums = state["sums"].copy()
