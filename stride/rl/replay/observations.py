"""Keep each observation once, and know where the one is that an action led to."""

import heapq
from collections import deque
from typing import Any

import numpy as np
import torch

from stride.rl.replay.tables import Table


class Observations:
    """The observations of a replay buffer, in three parts of one table.

    They are the rows on which actions were chosen; a row of each environment for what its newest
    action led to; and `finals`, last observations of episodes that were followed by another one at
    once, so that they were never acted on. Any other observation that an action led to is the row
    of the next action of that environment.

    Args:
        table: has the rows of all three parts.
        rows: of the first.
        num_envs: rows of the second.
        growing: whether there may be more finals than fit into the table.
    """

    def __init__(self, table: Table, rows: int, num_envs: int, growing: bool) -> None:
        self.table = table
        self.newest = rows + np.arange(num_envs)
        self._growing = growing
        self._first = rows + num_envs
        shape = (num_envs, *table.tensor.shape[1:])
        self._led_to = torch.zeros(shape, dtype=table.tensor.dtype).numpy()
        self._kept: deque[tuple[int, int]] = deque()  # finals: number of the transition, row
        self._free = list(range(self._first, len(table.tensor)))

    @property
    def full(self) -> bool:
        """Tell whether no further final can be kept."""
        return not self._free and not self._growing

    def as_kept(self, observations: np.ndarray) -> np.ndarray:
        """Return observations as an array of the table's type."""
        kept: np.ndarray = np.ascontiguousarray(observations, self._led_to.dtype)
        return kept

    def same(self, observations: np.ndarray) -> np.ndarray:
        """Tell of each environment whether these are what its newest action led to, bit by bit."""
        number = len(self._led_to)
        shown, led_to = (a.reshape(number, -1).view(np.uint8) for a in (observations, self._led_to))
        equal: np.ndarray = np.all(shown == led_to, axis=1)
        return equal

    def keep_final(self, env: int, number: int) -> int:
        """Keep what an environment's newest action led to; return its row.

        Args:
            env: the environment.
            number: of that transition.
        """
        if not self._free:
            length = len(self.table.tensor)
            self.table.grow(length + max(1, (length - self._first)))
            self._free = list(range(length, len(self.table.tensor)))
        row = heapq.heappop(self._free)
        self.table.write(np.array([row]), self._led_to[env : env + 1])
        self._kept.append((number, row))
        return row

    def oldest_final(self) -> int:
        """Return the number of the transition that led to the oldest final."""
        return self._kept[0][0]

    def forget_before(self, number: int) -> None:
        """Let the finals go that transitions before this one led to."""
        while self._kept and self._kept[0][0] < number:
            heapq.heappush(self._free, self._kept.popleft()[1])

    def lead_to(self, observations: np.ndarray) -> None:
        """Take what the newest actions led to."""
        self._led_to[...] = observations
        self._show_newest()

    def _show_newest(self) -> None:
        self.table.write(self.newest, self._led_to)

    def state_dict(self, used: int) -> dict[str, Any]:
        """Return the state, with that of the first rows."""
        last = max((row for _, row in self._kept), default=self._first - 1) + 1
        return {
            "rows": self.table.state(0, used),
            "finals": self.table.state(self._first, last),
            "num_finals": last - self._first,
            "kept": np.array(self._kept, dtype=np.int64).reshape(-1, 2),
            "led_to": self._led_to.copy(),
        }

    def load_state_dict(self, state: dict[str, Any], needed: np.ndarray, start: int) -> None:
        """Take the state.

        Args:
            state: what `state_dict` gave.
            needed: the first rows that will be asked for.
            start: the number of the first transition that is there.

        Raises:
            RunError: the rows are not there any more.
        """
        last = self._first + state["num_finals"]
        if last > len(self.table.tensor):
            self.table.grow(last)
        self._kept = deque((int(number), int(row)) for number, row in state["kept"])
        taken = {row for _, row in self._kept}
        self._free = [r for r in range(self._first, len(self.table.tensor)) if r not in taken]
        self.table.load_state(0, state["rows"], needed)
        finals = np.array([row for number, row in self._kept if number >= start], dtype=np.int64)
        self.table.load_state(self._first, state["finals"], finals)
        self._led_to[...] = state["led_to"]
        self._show_newest()
