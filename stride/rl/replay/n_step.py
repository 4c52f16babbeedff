"""Sum the rewards of n steps (Sutton & Barto 2018, chapter 7), as the steps come."""

from typing import Any

import numpy as np


class NStepSums:
    """The sums to which the next step of each environment may still add its reward.

    Level k has the transition that each environment began k steps ago, with the sum of what came
    since, r_0 + gamma r_1 + ... + gamma^k r_k. An end of an episode ends all sums of its
    environment, and so does a step that is not acted on from where the one before it led to.

    Args:
        n_step: rewards in a whole sum.
        gamma: the discount.
        num_envs: environments side by side.

    Attributes:
        rows: (n_step, num_envs); -1 where there is none.
    """

    def __init__(self, n_step: int, gamma: float, num_envs: int) -> None:
        self._powers = np.power(gamma, np.arange(n_step + 2.0))[:, None]
        self.rows = np.full((n_step, num_envs), -1)
        self._sums = np.zeros((n_step, num_envs))
        self._discounts = np.zeros((n_step, num_envs))
        self._ended = np.zeros(num_envs, dtype=bool)

    def add(
        self,
        rows: np.ndarray,
        rewards: np.ndarray,
        terminated: np.ndarray,
        truncated: np.ndarray,
        follows: np.ndarray,
        places: tuple[np.ndarray, np.ndarray],
    ) -> tuple[np.ndarray, np.ndarray]:
        """Take a step; return the rows that it changes, with their new records.

        Args:
            rows: (num_envs,), of the transitions of this step; -1 where it is none.
            rewards: theirs.
            terminated: whether an end was one in the environment's own terms.
            truncated: whether it was from outside.
            follows: whether the step begins where the one before it led to.
            places: the rows of the observations that the step before led to, and of those that
                this one leads to.

        Returns:
            (N,) rows, and (N, 3) of int32: reward and discount as float32's bits, and the row of
            the observation that is worth the discount.
        """
        last = len(self.rows)
        levels = np.concatenate([rows[None], self.rows])
        sums = np.concatenate([np.zeros((1, len(rows))), self._sums])
        discounts = np.concatenate([np.zeros((1, len(rows))), self._discounts])
        taking = levels >= 0
        taking[1:] &= follows & ~self._ended & (rows >= 0)
        taking[last] = False
        sums += np.where(taking, self._powers[:-1] * rewards, 0.0)
        discounts = np.where(taking, self._powers[1:] * ~terminated, discounts)
        targets = np.where(taking, places[1], places[0])
        changed = levels >= 0
        records = np.empty((int(changed.sum()), 3), dtype=np.int32)
        values = np.stack([sums[changed], discounts[changed]], 1, dtype=np.float32)
        records[:, :2] = values.view(np.int32)
        records[:, 2] = targets[changed]
        self.rows = np.where(taking, levels, -1)[:last]
        self._sums, self._discounts = sums[:last], discounts[:last]
        self._ended = terminated | truncated
        return levels[changed], records

    def state_dict(self) -> dict[str, Any]:
        """Return the sums as they stand."""
        return {
            "rows": self.rows,
            "sums": self._sums,
            "discounts": self._discounts,
            "ended": self._ended,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take the sums."""
        self.rows, self._sums = np.array(state["rows"]), np.array(state["sums"])
        self._discounts, self._ended = np.array(state["discounts"]), np.array(state["ended"])
