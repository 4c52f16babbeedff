"""Draw actions from what a network's policy says, and tell how likely they were."""

import math
from abc import ABC, abstractmethod
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from stride.rl.spaces import Spaces

_HALF_LOG_TAU = 0.5 * math.log(2 * math.pi)


class ActionDistribution(nn.Module, ABC):
    """The distributions over actions that policies stand for, one for each observation.

    What is drawn is a raw action, whose likelihood is known; `to_actions` makes of it what an
    environment takes.
    """

    @abstractmethod
    def fault(self, policy: Any, size: int) -> str:
        """Return what a policy of `size` observations had to be and is not; empty where it is."""

    @abstractmethod
    def sample(self, policy: Any, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Draw a raw action for each observation; return them and their (N,) log-probabilities."""

    @abstractmethod
    def evaluate(self, policy: Any, raw_actions: Tensor) -> tuple[Tensor, Tensor]:
        """Return the (N,) log-probabilities of raw actions, and the mean entropy."""

    @abstractmethod
    def mode(self, policy: Any) -> Tensor:
        """Return the likeliest raw actions."""

    @abstractmethod
    def to_actions(self, raw_actions: Tensor) -> Tensor:
        """Return the actions of the environment."""

    @abstractmethod
    def example(self, size: int, device: torch.device) -> Tensor:
        """Return raw actions to try with."""


class Categorical(ActionDistribution):
    """One of several actions, by their logits (N, num_actions)."""

    def __init__(self, num_actions: int) -> None:
        super().__init__()
        self.num_actions = num_actions

    def fault(self, policy: Any, size: int) -> str:
        """See `ActionDistribution.fault`."""
        shape = (size, self.num_actions)
        if isinstance(policy, Tensor) and policy.shape == shape:
            return ""
        return f"a tensor of logits of shape {shape}"

    def sample(self, policy: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Draw by the race of exponentials: the first to come is each with its probability."""
        log_probs = policy.log_softmax(-1)
        times = torch.empty(policy.shape, device=generator.device).exponential_(generator=generator)
        raw_actions = (log_probs.exp() / times.to(policy.device)).argmax(-1)
        return raw_actions, log_probs.gather(-1, raw_actions[:, None]).squeeze(-1)

    def evaluate(self, policy: Tensor, raw_actions: Tensor) -> tuple[Tensor, Tensor]:
        """See `ActionDistribution.evaluate`."""
        log_probs = policy.log_softmax(-1)
        entropy = (log_probs.exp() * log_probs).sum() / -len(policy)
        return -functional.nll_loss(log_probs, raw_actions, reduction="none"), entropy

    def mode(self, policy: Tensor) -> Tensor:
        """See `ActionDistribution.mode`."""
        return policy.argmax(-1)

    def to_actions(self, raw_actions: Tensor) -> Tensor:
        """Return the same: the numbers of the actions."""
        return raw_actions

    def example(self, size: int, device: torch.device) -> Tensor:
        """Return the first action, several times."""
        return torch.zeros(size, dtype=torch.int64, device=device)


class BoundedGaussian(ActionDistribution):
    """Independent Gaussians, whose means and deviations count in units of the action's bounds.

    Between finite bounds, -1 is the least of a number of the action and 1 the largest; else a unit
    is 1. A draw beyond the bounds is likely as it is, and does what the bound does.
    """

    def __init__(self, shape: tuple[int, ...], low: Tensor, high: Tensor) -> None:
        super().__init__()
        self.shape = shape
        low, high = low.reshape(shape), high.reshape(shape)
        finite = low.isfinite() & high.isfinite()
        tensors = {
            "low": low,
            "high": high,
            "centre": torch.where(finite, (low + high) / 2, 0.0),
            "scale": torch.where(finite, (high - low) / 2, 1.0),
        }
        for name, tensor in tensors.items():  # known from the space: no state to be saved
            self.register_buffer(name, tensor, persistent=False)

    low: Tensor
    high: Tensor
    centre: Tensor
    scale: Tensor

    def fault(self, policy: Any, size: int) -> str:
        """See `ActionDistribution.fault`."""
        shape = (size, *self.shape)
        if isinstance(policy, tuple) and len(policy) == 2:
            mean, log_std = policy
            if isinstance(mean, Tensor) and mean.shape == shape and _broadcasts(log_std, shape):
                return ""
        return (
            f"two tensors (mean, log_std), of shape {shape} and of one that broadcasts to it, "
            f"as {self.shape}"
        )

    def sample(
        self, policy: tuple[Tensor, Tensor], generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        """See `ActionDistribution.sample`."""
        mean, log_std = policy
        noise = torch.randn(mean.shape, generator=generator, device=generator.device)
        raw_actions = mean + log_std.exp() * noise.to(mean.device)
        return raw_actions, self.evaluate(policy, raw_actions)[0]

    def evaluate(self, policy: tuple[Tensor, Tensor], raw_actions: Tensor) -> tuple[Tensor, Tensor]:
        """See `ActionDistribution.evaluate`; the entropy is that of draws before the bounds."""
        mean, log_std = policy
        log_std = log_std.expand_as(mean)
        distance = (raw_actions - mean) * (-log_std).exp()
        log_probs = -0.5 * distance.square() - log_std - _HALF_LOG_TAU
        entropy = log_std + (0.5 + _HALF_LOG_TAU)
        return log_probs.flatten(1).sum(1), entropy.sum() / len(mean)

    def mode(self, policy: tuple[Tensor, Tensor]) -> Tensor:
        """Return the means."""
        return policy[0]

    def to_actions(self, raw_actions: Tensor) -> Tensor:
        """Return them in the action's own units, and within its bounds."""
        return torch.clamp(self.centre + self.scale * raw_actions, self.low, self.high)

    def example(self, size: int, device: torch.device) -> Tensor:
        """Return the middle of the bounds, several times."""
        return torch.zeros(size, *self.shape, device=device)


def _broadcasts(tensor: Any, shape: tuple[int, ...]) -> bool:
    if not isinstance(tensor, Tensor) or tensor.ndim > len(shape):
        return False
    sizes = zip(reversed(tensor.shape), reversed(shape), strict=False)
    return all(size in (1, whole) for size, whole in sizes)


def build_distribution(spaces: Spaces) -> ActionDistribution:
    """Return the distribution over the actions of an environment."""
    if spaces.num_actions is not None:
        return Categorical(spaces.num_actions)
    low, high = (torch.tensor(bound, dtype=torch.float32) for bound in (spaces.low, spaces.high))
    return BoundedGaussian(spaces.action_shape, low, high)
