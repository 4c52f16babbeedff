"""Count what running episodes have given, and collect those that ended."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from stride.rl.environments.autoreset import Turn


class Episode(NamedTuple):
    """An episode that ended.

    Attributes:
        env: the number of its environment.
        total: the sum of its rewards, as the environment gave them.
        length: its number of steps.
        success: 1.0 or 0.0 where the environment told `is_success` at the end, else None.
    """

    env: int
    total: float
    length: int
    success: float | None


class RunningEpisodes:
    """The episodes that the environments are in.

    Attributes:
        ended: those that ended and were not taken yet, in their order.
        numbers: int64, how many episodes each environment has ended.
    """

    def __init__(self, num_envs: int) -> None:
        self.ended: list[Episode] = []
        self.numbers = np.zeros(num_envs, np.int64)
        self._totals = np.zeros(num_envs)
        self._lengths = np.zeros(num_envs, np.int64)

    def add(self, turn: Turn) -> None:
        """Count one step of all environments."""
        self._totals += turn.outcome.rewards
        self._lengths += turn.outcome.is_transition
        if len(turn.ended):
            self._collect(turn)

    def _collect(self, turn: Turn) -> None:
        success, which = turn.successes() if turn.infos else {}, turn.ended
        told = zip(
            which.tolist(), self._totals[which].tolist(), self._lengths[which].tolist(), strict=True
        )
        self.ended.extend(Episode(*one, success.get(one[0])) for one in told)
        self.numbers[which] += 1
        self._restart(which)

    def _restart(self, which: np.ndarray) -> None:
        self._totals[which] = 0.0
        self._lengths[which] = 0

    def abandon(self) -> None:
        """Forget what the running episodes have given: others begin."""
        self._restart(np.arange(len(self.numbers)))

    def state_dict(self) -> dict[str, Any]:
        """Return the counts and what was not taken."""
        return {
            "ended": [tuple(one) for one in self.ended],
            "numbers": self.numbers.copy(),
            "totals": self._totals.copy(),
            "lengths": self._lengths.copy(),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take the counts of a state."""
        self.ended = [Episode(*one) for one in state["ended"]]
        self.numbers = state["numbers"].copy()
        self._totals, self._lengths = state["totals"].copy(), state["lengths"].copy()
