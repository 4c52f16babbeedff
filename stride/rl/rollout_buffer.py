"""Keep one rollout of several environments, and cut what it taught into batches."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from stride.rl.advantages import estimate_advantages, explained_variance
from stride.rl.spaces import Spaces
from stride.rl.timestep import Timestep


class RolloutBuffer:
    """Hold `rollout_steps` steps of `num_envs` environments; the next rollout takes their place.

    What environments say is held in memory, observations in their own type, and brought to the
    device at once. True last observations are held of truncated episodes alone: elsewhere what
    follows a step is in the next row, or worth nothing.

    Args:
        num_envs: environments side by side.
        rollout_steps: of each.
        spaces: of the environments.
        device: where batches are.
    """

    def __init__(
        self, num_envs: int, rollout_steps: int, spaces: Spaces, device: torch.device
    ) -> None:
        shape = (rollout_steps, num_envs)
        self._device, self._steps, self._position = device, rollout_steps, 0
        observation = (*shape, *spaces.observation_shape)
        self._observations = np.zeros(observation, spaces.observation_dtype)
        self._rewards = np.zeros(shape, np.float32)
        flags = ("terminated", "truncated", "is_transition")
        self._flags = {name: np.zeros(shape, np.bool_) for name in flags}
        self._extras: dict[str, Tensor] = {}
        self._last_observations: list[np.ndarray] = []
        self._advantages = torch.empty(0)
        self._rows = self._order = torch.empty(0, dtype=torch.int64)
        self._columns: dict[str, Tensor] = {}
        self._explained = torch.zeros(())
        self._batches: list[dict[str, Tensor]] = []

    def add(self, step: Timestep) -> None:
        """Take one step of all environments; after a full rollout, the first of the next one.

        Steps without extras are left out: no policy has chosen their actions.
        """
        if not step.extras:
            return
        if self._position == self._steps:
            self._position, self._last_observations = 0, []
        now, outcome = self._position, step.outcome
        self._observations[now] = step.observations
        self._rewards[now] = outcome.rewards
        for name, flag in self._flags.items():
            flag[now] = getattr(outcome, name)
        for name, values in step.extras.items():
            self._extra(name, values)[now] = values
        if outcome.truncated.any():
            self._last_observations.append(outcome.next_observations[self._truncated(now)])
        self._position = now + 1

    def _extra(self, name: str, values: Tensor) -> Tensor:
        if name not in self._extras:
            shape = (self._steps, *values.shape)
            self._extras[name] = torch.zeros(shape, dtype=values.dtype, device=self._device)
        return self._extras[name]

    def _truncated(self, rows: int | slice) -> np.ndarray:
        """Return where the true last observation of an episode is worth its value."""
        terminated, truncated, is_transition = self._flags.values()
        found: np.ndarray = truncated[rows] & ~terminated[rows] & is_transition[rows]
        return found

    def last_observations(self) -> Tensor:
        """Return (K, ...), the true last observations of the episodes that were truncated."""
        none = self._observations[0, :0]
        return self._place(np.concatenate([none, *self._last_observations]))

    def finish(
        self, next_values: Tensor, truncated_values: Tensor, gamma: float, lam: float
    ) -> None:
        """Estimate the advantages of a rollout whose extras have `values`.

        Args:
            next_values: (num_envs,), of what is observed after the last step.
            truncated_values: (K,), of `last_observations`.
            gamma: the discount.
            lam: as `estimate_advantages` takes it.
        """
        values, flags = self._extras["values"], self._flags
        following = torch.cat([values[1:], next_values[None]])
        where = np.flatnonzero(self._truncated(slice(None)))
        following.view(-1)[self._place(where)] = truncated_values
        self._advantages = estimate_advantages(
            self._place(self._rewards),
            values,
            following,
            terminated=self._place(flags["terminated"]),
            ended=self._place(flags["terminated"] | flags["truncated"]),
            is_transition=self._place(flags["is_transition"]),
            gamma=gamma,
            lam=lam,
        )
        self._flatten()

    def _place(self, array: np.ndarray) -> Tensor:
        return torch.from_numpy(array).to(self._device)

    def _flatten(self) -> None:
        """Make the columns of what batches are cut from."""
        advantages = self._advantages
        columns = {
            "observations": self._place(self._observations),
            **self._extras,
            "advantages": advantages,
            "returns": advantages + self._extras["values"],
        }
        self._columns = {name: column.flatten(0, 1) for name, column in columns.items()}
        self._rows = self._place(np.flatnonzero(self._flags["is_transition"]))
        returns, values = (self._columns[name][self._rows] for name in ("returns", "values"))
        self._explained = explained_variance(returns, values)

    def shuffle(self, generator: torch.Generator) -> None:
        """Draw the order of the transitions, for the batches of one pass over them."""
        # Drawn where the generator is, and used there: nothing waits for the device.
        place = generator.device
        drawn = torch.randperm(len(self._rows), generator=generator, device=place)
        self._order, self._batches = self._rows[drawn.to(self._device)], []

    def batch(self, number: int, num_batches: int) -> dict[str, Tensor]:
        """Return one of the batches into which a pass is cut; their sizes differ by one at most.

        Beside the columns, by row, it has `explained_variance`, one number for the rollout.
        """
        if not self._batches:
            self._batches = self._cut(num_batches)
        return self._batches[number]

    def _cut(self, num_batches: int) -> list[dict[str, Tensor]]:
        beside = {"explained_variance": self._explained}
        cut = {n: c[self._order].tensor_split(num_batches) for n, c in self._columns.items()}
        batches = zip(*cut.values(), strict=True)
        return [dict(zip(cut, batch, strict=True)) | beside for batch in batches]

    def state_dict(self) -> dict[str, Any]:
        """Return the rollout so far, and where in learning from it the training is."""
        return {
            "position": self._position,
            "observations": self._observations,
            "rewards": self._rewards,
            "flags": self._flags,
            "extras": self._extras,
            "last_observations": self._last_observations,
            "advantages": self._advantages,
            "order": self._order,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Be what gave the state."""
        self._position = state["position"]
        self._observations[:], self._rewards[:] = state["observations"], state["rewards"]
        for name, flag in self._flags.items():
            flag[:] = state["flags"][name]
        self._extras = {
            n: extra.to(self._device, copy=True) for n, extra in state["extras"].items()
        }
        self._last_observations = [np.array(rows) for rows in state["last_observations"]]
        self._advantages = state["advantages"].to(self._device, copy=True)
        self._order, self._batches = state["order"].to(self._device, copy=True), []
        if self._advantages.numel():
            self._flatten()
