"""Spaces, and networks whose values stand in a table, for losses computed by hand."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from stride.rl.spaces import Spaces

CHOICE = Spaces((3,), "float32", (), num_actions=2)
"""Three states, each a row of the unit matrix, and two actions."""


class Table(nn.Module):
    """The value of each action in each state."""

    def __init__(self, values: Sequence[Sequence[float]]) -> None:
        super().__init__()
        self.values = nn.Parameter(torch.tensor(values))

    def forward(self, observations: Tensor) -> Tensor:
        return observations @ self.values


def states(*numbers: int) -> Tensor:
    return torch.eye(3)[list(numbers)]


def transitions(
    before: Sequence[int],
    actions: Sequence[int],
    rewards: Sequence[float],
    after: Sequence[int],
    discounts: Sequence[float],
    weights: Sequence[float] = (),
) -> Mapping[str, Tensor]:
    """Return a batch as a replay buffer gives it."""
    return {
        "observations": states(*before),
        "actions": torch.tensor(actions),
        "rewards": torch.tensor(rewards),
        "next_observations": states(*after),
        "discounts": torch.tensor(discounts),
        "indices": torch.arange(len(actions)),
        "weights": torch.tensor(weights or [1.0] * len(actions)),
    }
