"""Sum the rewards of n steps (Sutton & Barto 2018, chapter 7), as the steps come."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from stride.rl.timestep import Outcome


class Places(NamedTuple):
    """Where the observations are between which a step of each environment lies; (num_envs,) each.

    Attributes:
        begun: rows of the transitions that the step is; -1 where it is none.
        follows: whether it begins with what the step before led to.
        before: the rows of what the step before led to.
        after: those of what it leads to.
    """

    begun: np.ndarray
    follows: np.ndarray
    before: np.ndarray
    after: np.ndarray


class NStepSums:
    """The sums to which the next step of each environment may still add its reward.

    Level k has the transition that each environment began k steps ago, with the sum of what came
    since, r_0 + gamma r_1 + ... + gamma^k r_k. An end of an episode ends all sums of its
    environment, and so does a step that does not begin where the one before it led to.

    Args:
        n_step: rewards in a whole sum.
        gamma: the discount.
        num_envs: environments side by side.

    Attributes:
        rows: (n_step + 1, num_envs); -1 where there is none. The last level is never taken on.
    """

    def __init__(self, n_step: int, gamma: float, num_envs: int) -> None:
        powers = np.power(gamma, np.arange(n_step + 2.0), dtype=np.float64)[:, None]
        self._powers = powers.astype(np.float32)
        self.rows = np.full((n_step + 1, num_envs), -1)
        self._records = np.zeros((n_step + 1, num_envs, 3), dtype=np.int32)
        self._ended = np.zeros(num_envs, dtype=bool)

    def add(self, outcome: Outcome, places: Places) -> tuple[np.ndarray, np.ndarray]:
        """Take a step; return the rows that it changes, with their new records.

        Returns:
            (N,) rows, and (N, 3) of int32: reward and discount as the bits of float32, and the row
            of the observation that is worth the discount.
        """
        rows, records = self.rows, self._records
        rows[1:], records[1:] = rows[:-1], records[:-1]
        rows[0], records[0] = places.begun, 0
        numbers = records.view(np.float32)
        present = rows >= 0
        taking = present & (present[0] & places.follows & ~self._ended)
        taking[0], taking[-1] = present[0], False
        rewards = self._powers[:-1] * outcome.rewards.astype(np.float32)
        np.add(numbers[..., 0], rewards, out=numbers[..., 0], where=taking)
        worth = self._powers[1:] * ~outcome.terminated
        np.copyto(numbers[..., 1], worth, where=taking)
        records[..., 2] = np.where(taking, places.after, places.before)
        changed = rows[present], records[present]
        rows[~taking] = -1
        self._ended = outcome.terminated | outcome.truncated
        return changed

    def state_dict(self) -> dict[str, Any]:
        """Return the sums as they stand."""
        return {
            "rows": self.rows.copy(),
            "records": self._records.copy(),
            "ended": self._ended.copy(),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take the sums."""
        self.rows[...], self._records[...] = state["rows"], state["records"]
        self._ended = np.array(state["ended"])
