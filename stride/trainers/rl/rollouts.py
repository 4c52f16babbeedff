"""Act in environments, and keep what became of it for the updates that follow."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from stride.errors import ComponentError
from stride.rl.algorithms.algorithm import Algorithm, Storage
from stride.rl.environments import Environments, Episode
from stride.rl.timestep import Timestep, place_observations
from stride.trainers.rl.statistics import NoStatistics, Statistics


@dataclass(frozen=True)
class Rollout:
    """What a rollout was.

    Attributes:
        env_steps: its steps, over all environments.
        episodes: those that ended in it, in their order.
    """

    env_steps: int
    episodes: tuple[Episode, ...]


class Unopened(Storage):
    """Stand for a storage in files of a run before that is claimed."""

    def add(self, step: Timestep) -> None:
        """Refuse the step.

        Raises:
            ComponentError: always.
        """
        what = "the replay buffer is in files of a run, and there is none yet"
        hint = "collect with add_to_buffer=False, or call `fit`"
        raise ComponentError(what, where="rl_config.memmap_buffer", hint=hint)

    def state_dict(self) -> dict[str, Any]:
        """Return nothing."""
        return {}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Do nothing."""


class Rollouts:
    """The rollouts of a training: environments, the algorithm that acts, and its storage.

    All that is drawn for them is drawn from one generator, which is a part of the state.

    Args:
        environments: to act in; reset here.
        algorithm: chooses the actions.
        rollout_steps: of each environment.
        seed: of what is drawn.
        device: of the algorithm.
        statistics: take what was observed.
        save_buffer: whether the storage is a part of the state.
        memmap_buffer: whether the storage is made when there is a folder for its files.

    Attributes:
        env_steps: steps so far, over all environments.
        storage: has the steps.
        last: (num_envs, ...), the observations after the last step, on the device.
    """

    def __init__(
        self,
        environments: Environments,
        algorithm: Algorithm,
        *,
        rollout_steps: int,
        seed: int,
        device: torch.device,
        statistics: Statistics | NoStatistics,
        save_buffer: bool,
        memmap_buffer: bool = False,
    ) -> None:
        self.environments, self.algorithm, self.env_steps = environments, algorithm, 0
        self.generator = torch.Generator(device).manual_seed(seed)
        self._steps, self._device, self._saves = rollout_steps, device, save_buffer
        self.storage: Storage = Unopened() if memmap_buffer else self.build_storage()
        self._sums: dict[str, float] = {}
        self._statistics = statistics
        environments.reset()
        self.last = self._observed(environments.observations)

    def build_storage(self, folder: Path | None = None) -> Storage:
        """Return an empty storage of the algorithm's, in files of a folder where one is given."""
        build: Callable[..., Storage] = self.algorithm.build_storage
        inside = {} if folder is None else {"folder": folder}
        return build(self.environments.num_envs, self._steps, self._device, **inside)

    def _observed(self, observations: np.ndarray) -> Tensor:
        return place_observations(observations, self._device)

    def begin_epoch(self) -> None:
        """Count the episodes of a further epoch."""
        self._sums = {}

    def explore(self, num_steps: int) -> Rollout:
        """Take random actions, so many over all environments, rounded up."""
        turns = -(-num_steps // self.environments.num_envs)
        return self._collect(turns, random=True, add_to_buffer=True)

    def collect(self, *, add_to_buffer: bool = True) -> Rollout:
        """Act in each environment for `rollout_steps`.

        Args:
            add_to_buffer: whether the steps are stored for updates.
        """
        return self._collect(self._steps, random=False, add_to_buffer=add_to_buffer)

    def _collect(self, turns: int, *, random: bool, add_to_buffer: bool) -> Rollout:
        environments, storage, before = self.environments, self.storage, self.env_steps
        with torch.no_grad():
            for _ in range(turns):
                observations = environments.observations
                chosen = self._random() if random else self._act(observations)
                actions = chosen.pop("actions")
                outcome = environments.step(actions.cpu().numpy())
                self.env_steps += environments.num_envs
                if add_to_buffer:
                    storage.add(Timestep(observations, actions, outcome, chosen))
        self._statistics.update()
        self.last = self._observed(environments.observations)  # once, not for each update
        episodes = tuple(environments.take_episodes())
        self._count(episodes)
        return Rollout(self.env_steps - before, episodes)

    def _act(self, observations: np.ndarray) -> dict[str, Tensor]:
        return self.algorithm.act(self._observed(observations), self.generator, self.env_steps)

    def _random(self) -> dict[str, Tensor]:
        """Return actions of which each is as likely as any other."""
        spaces, count = self.environments.spaces, self.environments.num_envs
        options: dict[str, Any] = {"generator": self.generator, "device": self._device}
        if spaces.num_actions is not None:
            drawn = torch.randint(spaces.num_actions, (count,), **options)
            return {"actions": drawn}
        low, high = (torch.tensor(bound, device=self._device) for bound in spaces.finite_bounds)
        drawn = low + (high - low) * torch.rand(count, len(low), **options)
        within = drawn.clamp(low, high)  # rounding may leave the bounds
        return {"actions": within.view(count, *spaces.action_shape)}

    def _count(self, episodes: tuple[Episode, ...]) -> None:
        for one in episodes:
            values = {"episodes": 1, "return": one.total, "length": one.length}
            self._sums = {name: self._sums.get(name, 0) + value for name, value in values.items()}

    def epoch_values(self) -> dict[str, float]:
        """Return the means over the episodes that ended in the epoch, and their number."""
        count = self._sums.get("episodes", 0)
        means = {n: self._sums[n] / count for n in ("return", "length") if count}
        return {f"rollout/{name}": value for name, value in {**means, "episodes": count}.items()}

    def state_dict(self) -> dict[str, Any]:
        """Return environments, generator, counters, and the storage where that is saved."""
        self.algorithm.flush(self.storage)
        return {
            "environments": self.environments.state_dict(),
            "generator": self.generator.get_state(),
            "env_steps": self.env_steps,
            "sums": dict(self._sums),
            "storage": self.storage.state_dict() if self._saves else {},
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from a state; a storage that was not saved begins empty."""
        self.environments.load_state_dict(state["environments"])
        self.last = self._observed(self.environments.observations)
        self.generator.set_state(state["generator"])
        self.env_steps = state["env_steps"]
        self._sums = dict(state["sums"])
        if state["storage"] and self._saves:
            self.storage.load_state_dict(state["storage"])
