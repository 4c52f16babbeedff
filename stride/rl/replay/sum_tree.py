"""Draw numbers in proportion to their weights, of which any may change at any time."""

from typing import Any

import torch
from torch import Tensor

_FAN = 32  # children of a node; with 2 of them there would be five times as many levels


class SumTree:
    """Weights, and the sums of them, of those sums, and so on up to one row of sums.

    Sums are added up from what they are sums of whenever that changes, never corrected, so that no
    rounding piles up.

    Args:
        leaves: how many weights there are, all 0.
        device: where they are.

    Attributes:
        levels: the weights, their sums by 32, the sums of these; float64, (32 k,) each.
    """

    def __init__(self, leaves: int, device: torch.device) -> None:
        self.levels: list[Tensor] = []
        nodes = leaves
        while not self.levels or nodes > 1:
            parents = -(-nodes // _FAN)
            self.levels.append(torch.zeros(parents * _FAN, dtype=torch.float64, device=device))
            nodes = parents

    @property
    def total(self) -> Tensor:
        """Return the sum of all weights, ()."""
        return self.levels[-1].sum()

    def add_up(self, leaves: Tensor) -> None:
        """Put right the sums above leaves (N,) that have changed; they may repeat."""
        nodes = leaves
        for level, above in zip(self.levels, self.levels[1:], strict=False):
            nodes = nodes // _FAN
            above.index_copy_(0, nodes, level.view(-1, _FAN).index_select(0, nodes).sum(1))

    def find(self, points: Tensor) -> tuple[Tensor, Tensor]:
        """Return at which leaves points lie when the weights lie end to end, and their weights.

        A leaf without weight is never found, whatever is rounded.

        Args:
            points: (N,), from 0 to the total.
        """
        nodes = torch.zeros(len(points), dtype=torch.int64, device=points.device)
        weights, zero = points, points.new_zeros(())
        for level in reversed(self.levels):
            children = level.view(-1, _FAN).index_select(0, nodes)
            ends = children.cumsum(1)
            points = torch.minimum(points, torch.nextafter(ends[:, -1], zero))
            chosen = torch.searchsorted(ends, points[:, None], right=True)
            weights = children.gather(1, chosen)
            points = (points[:, None] - ends.gather(1, chosen) + weights).clamp(min=0).squeeze(1)
            nodes = nodes * _FAN + chosen.squeeze(1)
        # Where sums of a row are made side by side, rounding can leave a gap for no weight.
        weights = weights.squeeze(1)
        largest, found = weights.argmax(0, keepdim=True), weights > 0
        return nodes.where(found, nodes[largest]), weights.where(found, weights[largest])

    def state_dict(self) -> dict[str, Any]:
        """Return all levels."""
        return {"levels": self.levels}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take all levels."""
        for level, saved in zip(self.levels, state["levels"], strict=True):
            level.copy_(saved)
