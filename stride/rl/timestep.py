"""One step of several environments side by side, as rollouts and buffers see it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor


@dataclass(frozen=True)
class Outcome:
    """What environments answer to one action each; the arrays are (num_envs, ...).

    Attributes:
        next_observations: what the actions led to: where an episode ends, its true last
            observation, never one of the reset that follows.
        rewards: float64.
        terminated: bool; an end in the environment's own terms, after which nothing is worth
            anything.
        truncated: bool; an end from outside, as a limit of time: what follows is worth its value.
        is_transition: bool; False where the step only reset an environment, and its action was
            ignored.
    """

    next_observations: np.ndarray
    rewards: np.ndarray
    terminated: np.ndarray
    truncated: np.ndarray
    is_transition: np.ndarray


@dataclass(frozen=True)
class Timestep:
    """An outcome with what led to it.

    Attributes:
        observations: (num_envs, ...), on which the actions were chosen.
        actions: (num_envs, ...), on the device.
        outcome: the answer.
        extras: what else the algorithm wants to find again, by name, as its log-probabilities;
            (num_envs, ...) each, on the device.
    """

    observations: np.ndarray
    actions: Tensor
    outcome: Outcome
    extras: Mapping[str, Tensor] = field(default_factory=dict)


def place_observations(observations: np.ndarray, device: torch.device) -> Tensor:
    """Return observations, (num_envs, ...), as networks see them: rows, in memory of torch's own.

    Where an array lies by columns, or begins at another multiple of 64 bytes, a product of matrices
    has other last bits, and a restored environment does not lay out its arrays as it did before.
    """
    rows = torch.from_numpy(observations).clone(memory_format=torch.contiguous_format)
    return rows.to(device)
