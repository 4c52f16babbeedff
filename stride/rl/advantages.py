"""Estimate how much better actions were than what the policy does on average."""

import torch
from torch import Tensor


def estimate_advantages(
    rewards: Tensor,
    values: Tensor,
    next_values: Tensor,
    *,
    terminated: Tensor,
    ended: Tensor,
    is_transition: Tensor,
    gamma: float,
    lam: float,
) -> Tensor:
    """Return the generalised advantage estimates (Schulman et al., 2016, equation 16).

    All tensors are (T, num_envs). The sum over later steps ends where an episode ends; what
    follows a step is worth its next value, unless the step has terminated the episode.

    Args:
        rewards: of the steps.
        values: of the observations on which the actions were chosen.
        next_values: of what the actions led to.
        terminated: whether the episode came to its own end in the step.
        ended: whether it ended, by termination or truncation.
        is_transition: whether the step was one; the advantage of what was none is 0.
        gamma: the discount.
        lam: between 0, one step's error, and 1, the whole return.
    """
    deltas = (rewards + gamma * next_values * ~terminated - values) * is_transition
    decay = gamma * lam * (is_transition & ~ended)
    advantages = torch.empty_like(deltas)
    later = torch.zeros_like(deltas[0])
    for delta, share, advantage in zip(
        reversed(deltas.unbind()),
        reversed(decay.unbind()),
        reversed(advantages.unbind()),
        strict=True,
    ):
        later = torch.addcmul(delta, share, later, out=advantage)
    return advantages


def explained_variance(returns: Tensor, values: Tensor) -> Tensor:
    """Return the share of the returns' variance that values explain: 1 of all, 0 of none.

    It is less than 0 of values that are worse than their mean, and 0 where nothing varies.
    """
    variance = returns.var(correction=0)
    unexplained = (returns - values).var(correction=0)
    return torch.where(variance > 0, 1 - unexplained / variance, 0.0)
