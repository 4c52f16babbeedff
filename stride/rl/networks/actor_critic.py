"""The network of policy gradients: a policy and a value, out of two bodies."""

from collections.abc import Sequence
from itertools import pairwise
from math import prod, sqrt

import torch
from torch import Tensor, nn

from stride.models import blocks
from stride.models.blocks import Size
from stride.rl.networks.dense import Observations, widths


class ActorCritic(nn.Module):
    """Map observations to a policy and to the value of what is observed.

    The policy is, of actions to choose from, (N, num_classes) logits; else two tensors: the means,
    (N, *output_shape), and the logarithms of the standard deviations, (*output_shape), which are
    parameters of their own. Actor and critic share nothing. Weights are orthogonal and biases 0,
    the policy's last layer near 0, so that it begins undecided (Andrychowicz et al., What Matters
    in On-Policy Reinforcement Learning?, ICLR 2021).

    Args:
        input_shape: shape of one observation; flattened.
        output_shape: shape of one action that is made of numbers.
        num_classes: how many actions there are to choose from; None where it is made of numbers.
        hidden_sizes: widths of the hidden layers of either body, in order.
        activation: name of an activation in torch.nn, after each hidden layer.
        log_std: where the logarithms of the standard deviations begin.
    """

    def __init__(
        self,
        input_shape: Sequence[Size],
        output_shape: Sequence[Size],
        num_classes: Size | None = None,
        hidden_sizes: Sequence[Size] = (64, 64),
        activation: str = "Tanh",
        log_std: float = 0.0,
    ) -> None:
        super().__init__()
        shape = list(output_shape) if num_classes is None else [num_classes]
        sizes = widths(input_shape, hidden_sizes)
        self.observations = Observations()
        self.actor = _body(sizes, shape, activation, last_gain=0.01)
        self.critic = _body(sizes, [], activation, last_gain=1.0)
        self.log_std = nn.Parameter(torch.full(shape, log_std)) if num_classes is None else None

    def forward(self, observations: Tensor) -> tuple[Tensor | tuple[Tensor, Tensor], Tensor]:
        """Return the policy and (N,) values of (N, *input_shape) observations."""
        rows = self.observations(observations)
        policy, values = self.actor(rows), self.critic(rows)
        return (policy if self.log_std is None else (policy, self.log_std)), values


def _body(
    sizes: Sequence[int], output_shape: list[int], activation: str, last_gain: float
) -> nn.Sequential:
    layers: list[nn.Module] = []
    for before, after in pairwise(sizes):
        layers += [_orthogonal(nn.Linear(before, after), sqrt(2)), blocks.activation(activation)]
    last = _orthogonal(nn.Linear(sizes[-1], prod(output_shape)), last_gain)
    return nn.Sequential(*layers, last, *blocks.reshape(output_shape))


def _orthogonal(layer: nn.Linear, gain: float) -> nn.Linear:
    nn.init.orthogonal_(layer.weight, gain)
    nn.init.zeros_(layer.bias)
    return layer
