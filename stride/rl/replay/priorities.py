"""Draw those transitions more often whose values were wrong by more.

Schaul, Quan, Antonoglou and Silver: Prioritized Experience Replay, ICLR 2016; the proportional
variant of section 3.3, drawn in strata as in their appendix B.2.1.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from stride.errors import ComponentError
from stride.rl.replay.sampler import Sampler, Uniform, place
from stride.rl.replay.sum_tree import SumTree


@dataclass(frozen=True)
class Priorities:
    """How much errors count: P(i) = p_i^alpha / sum of all, p_i = |error_i| + epsilon.

    Attributes:
        alpha: 0 draws all alike.
        beta: how far weights undo it: w_i = (N P(i))^-beta, divided by the batch's largest.
        anneal_batches: over how many batches beta rises to 1 in equal steps; 0: it stays.
        epsilon: lets also those be drawn that were right.

    Raises:
        ComponentError: a number is out of its range.
    """

    alpha: float = 0.6
    beta: float = 0.4
    anneal_batches: int = 0
    epsilon: float = 1e-6

    def __post_init__(self) -> None:
        in_range = self.alpha >= 0 and 0 <= self.beta <= 1 and self.anneal_batches >= 0
        if not in_range or not self.epsilon > 0:
            what = f"{self} makes no sense"
            hint = "alpha >= 0, beta from 0 to 1, anneal_batches >= 0, epsilon > 0"
            raise ComponentError(what, where="prioritized", hint=hint)

    def beta_at(self, batches: int) -> float:
        """Return beta after so many batches."""
        done = min(1.0, batches / self.anneal_batches) if self.anneal_batches else 0.0
        return self.beta + done * (1 - self.beta)


class Prioritized(Sampler):
    """Draw in proportion to priorities; what is new has the largest that there ever was.

    Args:
        priorities: what they are.
        rows: where number i lies in row i modulo these.
        device: where they are.
    """

    def __init__(self, priorities: Priorities, rows: int, device: torch.device) -> None:
        self._priorities, self._rows, self._device = priorities, rows, device
        self._tree = SumTree(rows + 1, device)  # the last is for what is gone
        self._top = torch.ones((), dtype=torch.float64, device=device)
        self._start = self._end = self._batches = 0

    def move(self, start: int, end: int) -> None:
        """Have the numbers from one to the next."""
        # A row that a new transition has taken is that one's.
        gone = self._rows_of(max(self._start, end - self._rows), start)
        new = self._rows_of(self._end, end)
        leaves = self._tree.levels[0]
        leaves.index_fill_(0, gone, 0.0)
        leaves.index_copy_(0, new, self._top.expand(len(new)))
        self._tree.add_up(torch.cat([gone, new]))
        self._start, self._end = start, end

    def _rows_of(self, start: int, stop: int) -> Tensor:
        return torch.arange(start, max(start, stop), device=self._device) % self._rows

    def draw(self, batch_size: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Return numbers, one from each of equal shares of all priorities, and their weights."""
        kind, device = torch.float64, generator.device
        offsets = torch.rand(batch_size, generator=generator, dtype=kind, device=device)
        strata = torch.arange(batch_size, dtype=kind, device=self._device)
        total = self._tree.total
        points = (strata + place(offsets, self._device)) * (total / batch_size)
        rows, priorities = self._tree.find(points)
        last = self._end - 1
        beta = self._priorities.beta_at(self._batches)
        weights = (priorities * ((self._end - self._start) / total)) ** -beta
        self._batches += 1
        return last - (last - rows) % self._rows, (weights / weights.amax()).float()

    def update(self, numbers: Tensor, errors: Tensor) -> None:
        """Give transitions the priorities of their errors; of several for one, the largest."""
        errors = errors.detach().to(self._device, torch.float64).abs()
        found = (errors + self._priorities.epsilon) ** self._priorities.alpha
        numbers = numbers.to(self._device)
        here = numbers >= self._start
        rows = torch.where(here, numbers % self._rows, self._rows)
        found = torch.where(found.isfinite(), found, self._top) * here
        self._tree.levels[0].scatter_reduce_(0, rows, found, "amax", include_self=False)
        self._tree.add_up(rows)
        self._top = torch.maximum(self._top, found.amax())

    def state_dict(self) -> dict[str, Any]:
        """Return all priorities."""
        counts = {"start": self._start, "end": self._end, "batches": self._batches}
        return {**counts, "top": self._top, "tree": self._tree.state_dict()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take all priorities."""
        self._start, self._end = state["start"], state["end"]
        self._batches = state["batches"]
        self._top = state["top"].to(self._device)
        self._tree.load_state_dict(state["tree"])


def build_sampler(priorities: Priorities | None, rows: int, device: torch.device) -> Sampler:
    """Return what draws by priorities, or all alike where there are none."""
    if priorities is None:
        return Uniform(device)
    return Prioritized(priorities, rows, device)
