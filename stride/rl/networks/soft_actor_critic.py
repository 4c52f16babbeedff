"""The networks of SAC: an actor, and critics that judge its actions."""

from collections.abc import Sequence
from math import prod

import torch
from torch import Tensor, nn

from stride.models.blocks import Size
from stride.rl.networks.dense import Observations, dense, widths

LOG_STD = (-20.0, 2.0)
"""Between which a deviation's logarithm lies, as in the authors' code (Haarnoja et al. 2018)."""


class SoftActorCritic(nn.Module):
    """An actor and critics that share nothing; called, it is the actor.

    Args:
        input_shape: of one observation.
        output_shape: of one action.
        hidden_sizes: widths of the hidden layers of each, in order.
        activation: name of an activation in torch.nn, after each hidden layer.
        num_critics: how many there are, of which the least value counts.
    """

    def __init__(
        self,
        input_shape: Sequence[Size],
        output_shape: Sequence[Size],
        hidden_sizes: Sequence[Size] = (256, 256),
        activation: str = "ReLU",
        num_critics: Size = 2,
    ) -> None:
        super().__init__()
        sizes = prod(input_shape), prod(output_shape)
        self.actor = Actor(*sizes, hidden_sizes, activation)
        self.critics = Critics(*sizes, hidden_sizes, activation, num_critics)

    def forward(self, observations: Tensor) -> tuple[Tensor, Tensor]:
        """Return what the actor says."""
        said: tuple[Tensor, Tensor] = self.actor(observations)
        return said


class Actor(nn.Module):
    """The mean and the deviation of each number of an action, before it is brought into bounds."""

    def __init__(
        self, inputs: int, actions: int, hidden_sizes: Sequence[int], activation: str
    ) -> None:
        super().__init__()
        self.body = dense([inputs], hidden_sizes, activation)
        self.head = nn.Linear(widths([inputs], hidden_sizes)[-1], 2 * actions)

    def forward(self, observations: Tensor) -> tuple[Tensor, Tensor]:
        """Return means and logarithms of deviations, (N, numbers in one action) each."""
        mean, log_std = self.head(self.body(observations)).chunk(2, dim=1)
        return mean, log_std.clamp(*LOG_STD)


class Critics(nn.Module):
    """Several estimates of what an action is worth, each by a network of its own."""

    def __init__(
        self, inputs: int, actions: int, hidden_sizes: Sequence[int], activation: str, number: int
    ) -> None:
        super().__init__()
        self.observations = Observations()
        features = widths([inputs + actions], hidden_sizes)[-1]
        self.critics = nn.ModuleList(
            nn.Sequential(
                *dense([inputs + actions], hidden_sizes, activation), nn.Linear(features, 1)
            )
            for _ in range(number)
        )

    def forward(self, observations: Tensor, actions: Tensor) -> Tensor:
        """Return (number of critics, N) for actions (N, numbers in one) between -1 and 1."""
        pairs = torch.cat([self.observations(observations), actions], dim=1)
        return torch.cat([critic(pairs) for critic in self.critics], dim=1).T
