"""What algorithms share that learn from steps of any age: a replay buffer, and batches of it."""

from abc import ABC
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from stride.rl.algorithms.algorithm import Algorithm, Storage
from stride.rl.replay.buffer import ReplayBuffer
from stride.rl.replay.priorities import Priorities
from stride.rl.spaces import Spaces

Batch = Mapping[str, Tensor]


class OffPolicy(Algorithm, ABC):
    """Learn from transitions drawn from a replay buffer, each many times.

    Args:
        network: see the algorithm.
        spaces: of the environments.
        extra: see `Algorithm`.
        gamma: the discount of what comes a step later.
        n_step: how many rewards are summed before the value of what follows is estimated.
        batch_size: transitions in a batch.
        capacity: how many transitions are kept, of all environments, or bytes as text: "2GB".
        updates_per_step: updates for each step of one environment.
        prioritized: how transitions are preferred whose values were wrong; None for all alike.
    """

    def __init__(
        self,
        network: nn.Module,
        spaces: Spaces,
        extra: nn.Module,
        *,
        gamma: float,
        n_step: int,
        batch_size: int,
        capacity: int | str,
        updates_per_step: float,
        prioritized: Priorities | None,
    ) -> None:
        super().__init__(network, spaces, extra)
        self.gamma, self.n_step = gamma, n_step
        self.batch_size, self.capacity = batch_size, capacity
        self.updates_per_step, self.prioritized = updates_per_step, prioritized
        self._found: list[tuple[Tensor, Tensor]] = []

    def num_updates(self, num_envs: int, rollout_steps: int) -> int:
        """Return how many updates follow each rollout, at least one."""
        return max(1, round(self.updates_per_step * num_envs * rollout_steps))

    def build_storage(
        self, num_envs: int, rollout_steps: int, device: torch.device, folder: Path | None = None
    ) -> Storage:
        """Return an empty replay buffer, in files of a folder where one is given."""
        return ReplayBuffer(
            self.capacity,
            num_envs,
            self.spaces,
            device,
            n_step=self.n_step,
            gamma=self.gamma,
            prioritized=self.prioritized,
            folder=folder,
        )

    def batch(
        self, storage: Storage, number: int, last: Tensor, generator: torch.Generator
    ) -> dict[str, Tensor]:
        """Return transitions drawn from the buffer; see `ReplayBuffer.sample`."""
        assert isinstance(storage, ReplayBuffer)
        return storage.sample(self.batch_size, generator)

    def note_errors(self, batch: Batch, errors: Tensor) -> None:
        """Remember by how much the values of a batch were wrong, (N,), until `flush`."""
        if self.prioritized is not None:
            self._found = [(batch["indices"], errors.detach())]

    def flush(self, storage: Storage) -> None:
        """Give the last batch's transitions the priorities of their errors."""
        assert isinstance(storage, ReplayBuffer)
        for indices, errors in self._found:
            storage.update_priorities(indices, errors)
        self._found = []

    def example(self, device: torch.device) -> dict[str, Tensor]:
        """Return two made-up transitions, one of which ends an episode."""
        spaces = self.spaces
        kind = torch.int64 if spaces.discrete else torch.float32
        observed = getattr(torch, spaces.observation_dtype)
        observations = torch.zeros(2, *spaces.observation_shape, dtype=observed, device=device)
        return {
            "observations": observations,
            "actions": torch.zeros(2, *spaces.action_shape, dtype=kind, device=device),
            "rewards": torch.ones(2, device=device),
            "next_observations": observations,
            "discounts": torch.tensor([self.gamma, 0.0], device=device),
            "indices": torch.arange(2, device=device),
            "weights": torch.ones(2, device=device),
        }
