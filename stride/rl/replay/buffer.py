"""Keep transitions of any age in a ring, and draw batches of them to learn from."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from stride.errors import ComponentError, RunError
from stride.rl.replay.capacity import read_capacity
from stride.rl.replay.n_step import NStepSums
from stride.rl.replay.observations import Observations
from stride.rl.replay.sampler import Sampler, Uniform
from stride.rl.replay.tables import Table, TensorTable
from stride.rl.spaces import Spaces
from stride.rl.timestep import Timestep


class ReplayBuffer:
    """Keep the newest transitions of several environments, and draw batches of them.

    Transitions are numbered as they come, and number i lies in row i modulo the rows. A step that
    only reset an environment is none. An observation is kept once: what an action led to is the
    row of that environment's next action, and has a row of its own only where an episode ended and
    the next one began at once.

    The rewards of a transition are summed over the `n_step` steps that begin with it, over fewer
    where the episode ended sooner or the newest step is nearer. No sum goes beyond an end. What
    follows is worth its discount, gamma to the number of rewards, and 0 after a termination.

    Args:
        capacity: transitions of all environments, or bytes as text, `2GB`. In bytes there is room
            for one last observation to 16 transitions; where episodes are shorter, the oldest
            transitions go sooner.
        num_envs: environments side by side.
        spaces: theirs; observations keep their type.
        device: where transitions are kept, and where batches are.
        n_step: how many rewards are summed.
        gamma: the discount of what comes a step later.

    Raises:
        ComponentError: the capacity is no size, or too small.
    """

    def __init__(
        self,
        capacity: int | str,
        num_envs: int,
        spaces: Spaces,
        device: torch.device,
        *,
        n_step: int = 1,
        gamma: float = 0.99,
    ) -> None:
        found = read_capacity(capacity, num_envs, spaces, n_step, 0, 1)
        self._capacity = self._rows = found.transitions
        self._start = self._end = 0
        observed = getattr(torch, spaces.observation_dtype)
        acted = torch.int64 if spaces.discrete else torch.float32
        length = self._rows + num_envs + found.finals
        table = TensorTable((length, *spaces.observation_shape), observed, device)
        self._observations = Observations(table, self._rows, num_envs, found.growing)
        self._actions: Table = TensorTable((self._rows, *spaces.action_shape), acted, device)
        self._records: Table = TensorTable((self._rows, 3), torch.int32, device)
        self._sums = NStepSums(n_step, gamma, num_envs)
        self._sampler: Sampler = Uniform(device)
        self._facts = {
            "capacity": self._capacity,
            "num_envs": num_envs,
            "n_step": n_step,
            "gamma": gamma,
            "observation_shape": list(spaces.observation_shape),
            "observation_dtype": spaces.observation_dtype,
            "action_shape": list(spaces.action_shape),
        }

    def __len__(self) -> int:
        """Return how many transitions can be drawn."""
        return self._end - self._start

    def add(self, step: Timestep) -> None:
        """Take one step of all environments."""
        outcome = step.outcome
        observations = self._observations.as_kept(step.observations)
        envs = np.flatnonzero(outcome.is_transition)
        rows = np.full(len(observations), -1)
        rows[envs] = new = (self._end + np.arange(len(envs))) % self._rows
        self._observations.forget_before(self._end + len(envs) - self._rows)
        follows = self._observations.same(observations)
        places = self._led_to(rows, follows), self._observations.newest
        changed, records = self._sums.add(
            rows, outcome.rewards, outcome.terminated, outcome.truncated, follows, places
        )
        self._records.write(changed, torch.from_numpy(records))
        self._observations.table.write(new, torch.from_numpy(observations[envs]))
        whole = len(envs) == len(observations)
        self._actions.write(new, step.actions if whole else step.actions[torch.from_numpy(envs)])
        self._observations.lead_to(outcome.next_observations)
        self._end += len(envs)
        self._forget_before(self._end - self._capacity)

    def _led_to(self, rows: np.ndarray, follows: np.ndarray) -> np.ndarray:
        """Return in which row the observation is that each environment's last step led to.

        Args:
            rows: of the transitions of this step; -1 where it is none.
            follows: whether it begins with that observation.
        """
        places, last = rows.copy(), self._sums.rows[0]
        for env in np.flatnonzero((last >= 0) & ~(follows & (rows >= 0))):
            while self._observations.full:
                self._forget_before(self._observations.oldest_final() + 1)
                self._observations.forget_before(self._start)
            number = self._end - 1 - (self._end - 1 - int(last[env])) % self._rows
            places[env] = self._observations.keep_final(int(env), number)
        return places

    def _forget_before(self, number: int) -> None:
        self._start = max(self._start, number)
        self._sampler.move(self._start, self._end)

    def sample(self, batch_size: int, generator: torch.Generator) -> dict[str, Tensor]:
        """Draw transitions, with replacement.

        Args:
            batch_size: how many.
            generator: all that is drawn is drawn from it.

        Returns:
            `observations`, `actions`, `next_observations` (N, ...); `rewards`, the sums, and
            `discounts` of what follows (N,); `indices` (N,), the numbers of the transitions, which
            no others ever have; `weights` (N,) of their losses.

        Raises:
            ComponentError: there are no transitions yet.
        """
        if not len(self):
            what, hint = "the replay buffer is empty", "collect steps before the first update"
            raise ComponentError(what, where="sample", hint=hint)
        numbers, weights = self._sampler.draw(batch_size, generator)
        rows = numbers % self._rows
        observed = self._observations.table.tensor
        records = self._records.tensor.index_select(0, rows)
        rewards, discounts, _ = records.view(torch.float32).unbind(1)
        return {
            "observations": observed.index_select(0, rows),
            "actions": self._actions.tensor.index_select(0, rows),
            "rewards": rewards,
            "next_observations": observed.index_select(0, records.select(1, 2)),
            "discounts": discounts,
            "indices": numbers,
            "weights": weights,
        }

    def update_priorities(self, indices: Tensor, errors: Tensor) -> None:
        """Take by how much the values of transitions were wrong; those that are gone stay so.

        Args:
            indices: (N,), as `sample` gave them.
            errors: (N,), of either sign.
        """
        self._sampler.update(indices, errors)

    def state_dict(self) -> dict[str, Any]:
        """Return all that is in it; of rows, those that were ever written."""
        used = min(self._end, self._rows)
        return {
            "facts": self._facts,
            "start": self._start,
            "end": self._end,
            "observations": self._observations.state_dict(used),
            "actions": self._actions.state(0, used),
            "records": self._records.state(0, used),
            "sums": self._sums.state_dict(),
            "sampler": self._sampler.state_dict(),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Be what gave the state.

        Raises:
            RunError: that was another kind of buffer.
        """
        _require_same(state["facts"], self._facts)
        self._start, self._end = state["start"], state["end"]
        needed = np.arange(self._start, self._end) % self._rows
        self._observations.load_state_dict(state["observations"], needed)
        self._actions.load_state(0, state["actions"], needed)
        self._records.load_state(0, state["records"], needed)
        self._sums.load_state_dict(state["sums"])
        self._sampler.load_state_dict(state["sampler"])


def _require_same(saved: Mapping[str, Any], facts: Mapping[str, Any]) -> None:
    other = [
        f"{name} {saved.get(name)}, not {facts[name]}"
        for name in facts
        if saved.get(name) != facts[name]
    ]
    if other:
        what = f"the saved replay buffer differs: {'; '.join(other)}"
        raise RunError(what, where="load_state_dict", hint="build it as it was, or begin a new run")
