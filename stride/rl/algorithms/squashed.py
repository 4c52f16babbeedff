"""A Gaussian brought between bounds by tanh, and the actions of an environment likewise."""

from math import log

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from stride.errors import ConfigError
from stride.rl.spaces import Spaces

LOG_2, LOG_2_PI = log(2), log(2 * torch.pi)


def squashed_sample(mean: Tensor, log_std: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
    """Return samples between -1 and 1, and the logarithm of their density there.

    With u = mean + std * noise it is log N(u) - sum log(1 - tanh(u)^2) (Haarnoja et al. 2018,
    appendix C), the last as 2 (log 2 - u - softplus(-2u)), which stays finite.

    Args:
        mean: (N, A), before the bounds.
        log_std: (N, A).
        noise: (N, A), drawn from the standard normal distribution.

    Returns:
        (N, A) and (N,).
    """
    raw = mean + log_std.exp() * noise
    slope = 2 * (LOG_2 - raw - softplus(-2 * raw))
    density = -0.5 * (noise.square() + LOG_2_PI) - log_std - slope
    return raw.tanh(), density.sum(1)


class ActionScale(nn.Module):
    """Turn actions between -1 and 1 into those of an environment, and back.

    Raises:
        ConfigError: actions are some to choose from, or have no bounds.
    """

    low: Tensor
    high: Tensor
    center: Tensor
    half_width: Tensor

    def __init__(self, spaces: Spaces) -> None:
        super().__init__()
        low, high = torch.tensor(spaces.low), torch.tensor(spaces.high)
        if spaces.discrete or not (high > low).all() or not (high - low).isfinite().all():
            raise _refused(spaces)
        self.shape = spaces.action_shape
        self.register_buffer("low", low, persistent=False)
        self.register_buffer("high", high, persistent=False)
        self.register_buffer("center", (low + high) / 2, persistent=False)
        self.register_buffer("half_width", (high - low) / 2, persistent=False)

    def to_environment(self, actions: Tensor) -> Tensor:
        """Return (N, *action_shape) within the bounds for (N, A) between -1 and 1."""
        there = self.center + self.half_width * actions
        within = there.clamp(self.low, self.high)  # rounding may leave the bounds
        return within.reshape(-1, *self.shape)

    def from_environment(self, actions: Tensor) -> Tensor:
        """Return (N, A) between -1 and 1."""
        return (actions.flatten(1) - self.center) / self.half_width


def _refused(spaces: Spaces) -> ConfigError:
    where = "rl_config.algorithm"
    if spaces.discrete:
        what = f"SAC gives numbers, and here an action is one of {spaces.num_actions}"
        return ConfigError(what, key=where, where=where, hint=f"type: {where}=DQN, or PPO")
    what = f"SAC needs bounds of actions, and they are {spaces.low} to {spaces.high}"
    hint = f"give the environment finite ones, as by a wrapper, or type: {where}=PPO"
    return ConfigError(what, key=where, where=where, hint=hint)
