"""The batches of a training that come from rollouts: an epoch is one of them, or several."""

from collections.abc import Iterator, Mapping
from functools import cached_property
from itertools import count
from typing import Any

import torch
from torch import Tensor

from stride.config.sections.rl import RLConfig
from stride.data.batches.sampler import Counts
from stride.rl.algorithms.algorithm import Algorithm
from stride.rl.environments import Environments
from stride.trainers.rl.rollouts import Rollouts
from stride.trainers.rl.statistics import NoStatistics, Statistics


class RolloutBatches:
    """Step environments, and give the batches of the updates that follow each rollout.

    The position in an epoch counts batches. A state that is taken between two of them, also inside
    of what follows one rollout, says all that the next ones depend on.

    Args:
        environments: to act in.
        config: how long rollouts are, and how many make an epoch.
        seed: of what is drawn.
        device: of batches.

    Attributes:
        environments: to act in.
        algorithm: acts, once `adopt` has given it.
    """

    batch_size: int | None = None
    num_samples: int | None = None
    min_batch_size: int | None = None
    max_batches: int | None = None
    interruptible = False  # a rollout moves environments and draws
    whole = False

    algorithm: Algorithm
    _statistics: Statistics | NoStatistics

    def __init__(
        self, environments: Environments, config: RLConfig, *, seed: int, device: torch.device
    ) -> None:
        self.environments = environments
        self._config, self._seed, self._device = config, seed, device
        self.seekable = config.save_buffer  # inside of an epoch what was stored has to be there
        self._given = 0

    def adopt(self, algorithm: Algorithm, statistics: Statistics | NoStatistics) -> None:
        """Let an algorithm act, and learn from what it did."""
        self.algorithm, self._statistics = algorithm, statistics

    @cached_property
    def rollouts(self) -> Rollouts:
        """Return the rollouts, begun when first asked for: who only evaluates needs no storage."""
        return Rollouts(
            self.environments,
            self.algorithm,
            rollout_steps=self._steps,
            seed=self._seed,
            device=self._device,
            statistics=self._statistics,
            save_buffer=self._config.save_buffer,
            memmap_buffer=self._config.memmap_buffer,
        )

    @property
    def _steps(self) -> int:
        return self._config.rollout_steps or 1

    def require_storable(self) -> None:
        """Refuse what the algorithm can keep no steps of; what is built for that is dropped.

        Raises:
            UserError: as for a capacity that is no size.
        """
        self.algorithm.build_storage(self.environments.num_envs, self._steps, self._device)

    @property
    def num_updates(self) -> int:
        """Return how many updates follow each rollout."""
        return self.algorithm.num_updates(self.environments.num_envs, self._steps)

    @property
    def doubt(self) -> str:
        """Return why a resumed training may not go on alike, empty where it does."""
        lost = "" if self._config.save_buffer else "save_buffer=false: the buffer begins empty"
        return "; ".join(filter(None, (self.environments.doubt, lost)))

    def limit(self, num_batches: int | None) -> None:
        """Do nothing: how many batches an epoch has, the rollouts say."""

    def set_epoch(self, epoch: int, position: int = 0) -> None:
        """Begin an epoch, or go on in one."""
        self._given = position

    def __len__(self) -> int:
        return (self._config.rollouts_per_epoch or 1) * self.num_updates

    def batches_left(self, epoch: int, position: int) -> float:
        """Return how many batches are left of an epoch."""
        return len(self) - position

    def positions(self, epoch: int, position: int) -> Iterator[int]:
        """Yield how many batches were given."""
        return count(position + 1)

    def __iter__(self) -> Iterator[dict[str, Tensor]]:
        rollouts, algorithm = self.rollouts, self.algorithm
        if not self._given:
            rollouts.begin_epoch()
        while self._given < len(self):
            number = self._given % self.num_updates
            algorithm.flush(rollouts.storage)
            if number == 0:
                self._roll_out()
            batch = algorithm.batch(rollouts.storage, number, rollouts.last, rollouts.generator)
            self._given += 1
            yield batch
        self._given = 0  # a state of now begins the next epoch

    def _roll_out(self) -> None:
        """Collect a rollout; before the first one, take the random steps."""
        if self.rollouts.env_steps == 0 and self._config.init_steps:
            self.rollouts.explore(self._config.init_steps)
        self.rollouts.collect()

    def shards(self) -> Iterator[tuple[Any, Counts | None]]:
        """Yield the batches: there is one process."""
        return ((batch, None) for batch in self)

    def example(self) -> dict[str, Tensor]:
        """Return a batch of made-up steps; no environment moves."""
        return self.algorithm.example(self._device)

    def state_dict(self) -> dict[str, Any]:
        """Return the rollouts, and which batch is next."""
        return {"given": self._given, **self.rollouts.state_dict()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on with the batch that a state says."""
        self._given = state["given"]
        self.rollouts.load_state_dict(state)
