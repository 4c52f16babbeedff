"""What every algorithm of reinforcement learning is: a Model that acts, and says what it learns."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Protocol

import torch
from torch import Tensor, nn

from stride.models.model import Model
from stride.rl.spaces import Spaces
from stride.rl.timestep import Timestep


class Storage(Protocol):
    """What keeps the steps of rollouts until they are learnt from."""

    def add(self, step: Timestep) -> None:
        """Take one step of all environments."""

    def state_dict(self) -> dict[str, Any]:
        """Return all that `load_state_dict` needs to make it the same again."""

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Be what gave the state."""


class Algorithm(Model, ABC):
    """Act in environments, and give the loss of what is learnt from it.

    Its keyword arguments are `rl_config.algorithm_kwargs`; their types and defaults are the schema.
    What it has beside the network, as target networks (parameters that need no gradient) or a
    temperature, are tensors of `extra`: they are saved with the training, and those that need a
    gradient are trained.

    Args:
        network: gives what the algorithm says that it needs.
        spaces: of the environments.
        extra: a module of further tensors.

    Attributes:
        default_network: the name of the built-in network that fits.
        defaults: by section, what a config says where nothing is typed: `rl_config`,
            `optimizer_kwargs`, `training_config`.
    """

    default_network: ClassVar[str]
    defaults: ClassVar[Mapping[str, Mapping[str, Any]]] = {}

    def __init__(self, network: nn.Module, spaces: Spaces, extra: nn.Module | None = None) -> None:
        super().__init__(network, nn.Identity() if extra is None else extra)
        self.spaces = spaces

    @abstractmethod
    def act(
        self, observations: Tensor, generator: torch.Generator, env_steps: int
    ) -> dict[str, Tensor]:
        """Choose actions as they are chosen while it learns.

        Args:
            observations: (num_envs, ...).
            generator: all that is drawn is drawn from it.
            env_steps: how many steps of all environments were done before.

        Returns:
            `actions`, (num_envs,) of int64 or (num_envs, ...) within the space's bounds; and what
            else `Timestep.extras` is to hold.
        """

    @abstractmethod
    def greedy(self, observations: Tensor) -> Tensor:
        """Return the actions that it holds for the best."""

    @abstractmethod
    def build_storage(self, num_envs: int, rollout_steps: int, device: torch.device) -> Storage:
        """Return an empty storage for its steps.

        One that can be in files takes a further argument, `folder: Path | None = None`: it is given
        with `rl_config.memmap_buffer`, which an algorithm without it refuses. A storage that loads
        its state finds there the files of which it was the state, as they were or gone on with.
        """

    @abstractmethod
    def num_updates(self, num_envs: int, rollout_steps: int) -> int:
        """Return how many updates follow each rollout; always as many."""

    @abstractmethod
    def batch(
        self, storage: Storage, number: int, last: Tensor, generator: torch.Generator
    ) -> dict[str, Tensor]:
        """Return the batch of one of the updates that follow a rollout.

        It is asked for after the update before it was made. Whatever it draws comes from the
        generator, and what it keeps for later numbers belongs to the storage: a training that is
        resumed between two numbers goes on with the same batches.

        Args:
            storage: has the rollout.
            number: of the update, from 0 to `num_updates` - 1.
            last: (num_envs, ...), the observations after the rollout's last step.
            generator: the training's.
        """

    def flush(self, storage: Storage) -> None:
        """Write into the storage what the last update found, as new priorities.

        The rollouts call it before a batch is drawn and before a state is saved; a second time in a
        row does nothing.
        """

    @abstractmethod
    def example(self, device: torch.device) -> dict[str, Tensor]:
        """Return a small batch of made-up steps, to try network and loss with."""
