"""A target network: a copy that follows another network, so that what is learnt stands still."""

import copy
from typing import Any

import torch
from torch import Tensor, nn


class TargetNetwork(nn.Module):
    """A copy of a network which no optimiser moves, and which is never in training mode.

    Before the first update it is a copy whatever comes after, so that weights put into the network
    after this was built count too. The number of updates is part of its state, and a number
    of Python's: nothing has to wait for the device to know whether a move is due.

    Args:
        network: what it follows.
        tau: how far it goes at each move: 1 is a copy (Mnih et al. 2015), less is an average over
            updates (Polyak; Lillicrap et al. 2016).
        every: from how many updates to how many it moves.
    """

    def __init__(self, network: nn.Module, *, tau: float = 1.0, every: int = 1) -> None:
        super().__init__()
        self.network = copy.deepcopy(network).requires_grad_(False)
        self._tau, self._every = tau, every
        self._updates = 0
        self.train(False)

    def forward(self, *inputs: Tensor) -> Any:
        """Return what the copy gives."""
        return self.network(*inputs)

    def train(self, mode: bool = True) -> "TargetNetwork":
        """Stay in evaluation mode: a target has no dropout."""
        super().train(False)
        return self

    @torch.no_grad()
    def follow(self, network: nn.Module) -> None:
        """Move if that is due before the update that begins, and count the update."""
        tau = self._tau if self._updates else 1.0
        if self._updates % self._every == 0:
            self._move(network, tau)
        self._updates += 1

    def _move(self, network: nn.Module, tau: float) -> None:
        mine: list[Tensor] = list(self.network.parameters())
        its: list[Tensor] = list(network.parameters())
        if tau == 1:
            torch._foreach_copy_(mine, its)
        else:
            torch._foreach_lerp_(mine, its, tau)
        for buffer, value in zip(self.network.buffers(), network.buffers(), strict=True):
            buffer.copy_(value)

    def get_extra_state(self) -> Tensor:
        """Return the number of updates."""
        return torch.tensor(self._updates)

    def set_extra_state(self, state: Tensor) -> None:
        """Go on from that number of updates."""
        self._updates = int(state)
