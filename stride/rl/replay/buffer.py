"""Keep transitions of any age in a ring, and draw batches of them to learn from."""

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from stride.errors import ComponentError, RunError
from stride.log import LOGGER
from stride.rl.replay.capacity import read_capacity
from stride.rl.replay.mapped import MappedTable
from stride.rl.replay.n_step import NStepSums, Places
from stride.rl.replay.observations import Observations
from stride.rl.replay.priorities import Priorities, build_sampler
from stride.rl.replay.tables import Table, build_table
from stride.rl.spaces import Spaces
from stride.rl.timestep import Timestep

_TOO_FAR = (
    "the replay buffer's files have gone on too far from the last checkpoint: killed now, this "
    "training cannot be resumed from it; make checkpoints more often, or the buffer larger"
)


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
        device: where batches are, and the transitions unless they are in files.
        n_step: how many rewards are summed.
        gamma: the discount of what comes a step later.
        prioritized: how transitions are preferred whose values were wrong; None draws all alike.
        folder: where observations and actions are kept in files that are mapped into memory, each
            twice as long as the capacity. They are no part of the state, which goes with them: it
            can be loaded exactly until `capacity` further transitions were added, and after that
            it is refused.

    Raises:
        ComponentError: the capacity is not a size, or too small.
        RunError: the folder cannot be written to.
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
        prioritized: Priorities | None = None,
        folder: Path | None = None,
    ) -> None:
        self._device, home = device, device if folder is None else torch.device("cpu")
        sizes = read_capacity(
            capacity, num_envs, spaces, n_step, prioritized is not None, 1 if folder is None else 2
        )
        self._capacity, self._rows = sizes.transitions, sizes.rows
        self._start = self._end = 0
        self._loadable_until = math.inf
        build = _tables(folder, home)
        shape = (sizes.rows + num_envs + sizes.finals, *spaces.observation_shape)
        table = build("observations", shape, getattr(torch, spaces.observation_dtype))
        self._observations = Observations(table, sizes.rows, num_envs, sizes.growing)
        kind = torch.int64 if spaces.discrete else torch.float32
        self._actions = build("actions", (sizes.rows, *spaces.action_shape), kind)
        self._records = build_table((sizes.rows, 3), torch.int32, home)
        self._sums = NStepSums(n_step, gamma, num_envs)
        self._sampler = build_sampler(prioritized, sizes.rows, home)
        self._facts = {
            "capacity": sizes.transitions,
            "num_envs": num_envs,
            "n_step": n_step,
            "gamma": gamma,
            "prioritized": prioritized is not None,
            "in_files": folder is not None,
            **_facts_of(spaces),
        }

    def __len__(self) -> int:
        """Return how many transitions can be drawn."""
        return self._end - self._start

    def add(self, step: Timestep) -> None:
        """Take one step of all environments."""
        outcome = step.outcome
        observations = self._observations.as_kept(step.observations)
        envs = outcome.is_transition.nonzero()[0]
        rows = np.full(len(observations), -1)
        rows[envs] = new = np.arange(self._end, self._end + len(envs)) % self._rows
        self._observations.forget_before(self._end + len(envs) - self._rows)
        follows = self._observations.same(observations)
        places = Places(rows, follows, self._led_to(rows, follows), self._observations.newest)
        self._records.write(*self._sums.add(outcome, places))
        self._observations.table.write(new, observations[envs])
        whole = len(envs) == len(observations)
        self._actions.write(new, step.actions if whole else step.actions[torch.from_numpy(envs)])
        self._observations.lead_to(outcome.next_observations)
        self._end += len(envs)
        self._forget_before(self._end - self._capacity)
        if self._end > self._loadable_until:
            self._loadable_until = math.inf
            LOGGER.warning(_TOO_FAR)

    def _led_to(self, rows: np.ndarray, follows: np.ndarray) -> np.ndarray:
        """Return in which row the observation is that each environment's last step led to.

        Args:
            rows: of the transitions of this step; -1 where it is none.
            follows: whether it begins with that observation.
        """
        places, last = rows.copy(), self._sums.rows[0]
        for env in ((last >= 0) & ~(follows & (rows >= 0))).nonzero()[0]:
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
        batch = {
            "observations": observed.index_select(0, rows),
            "actions": self._actions.tensor.index_select(0, rows),
            "rewards": rewards,
            "next_observations": observed.index_select(0, records.select(1, 2)),
            "discounts": discounts,
            "indices": numbers,
            "weights": weights,
        }
        if self._device == numbers.device:
            return batch
        return {name: tensor.to(self._device) for name, tensor in batch.items()}

    def update_priorities(self, indices: Tensor, errors: Tensor) -> None:
        """Take by how much the values of transitions were wrong; those that are gone stay so.

        Args:
            indices: (N,), as `sample` gave them.
            errors: (N,), of either sign.
        """
        self._sampler.update(indices, errors)

    def state_dict(self) -> dict[str, Any]:
        """Return all that is in it; of rows, those that were ever written, without a copy."""
        used = min(self._end, self._rows)
        self._note_state()
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
            RunError: that was another kind of buffer, or the files have changed too much since.
        """
        _require_same(state["facts"], self._facts)
        self._start, self._end = state["start"], state["end"]
        needed = np.arange(self._start, self._end) % self._rows
        self._observations.load_state_dict(state["observations"], needed, self._start)
        self._actions.load_state(0, state["actions"], needed)
        self._records.load_state(0, state["records"], needed)
        self._sums.load_state_dict(state["sums"])
        self._sampler.load_state_dict(state["sampler"])
        self._note_state()

    def _note_state(self) -> None:
        """Note up to which end this state can be loaded: for ever where it has the rows."""
        spare = self._rows - self._capacity
        self._loadable_until = self._end + spare if spare else math.inf


def _tables(
    folder: Path | None, device: torch.device
) -> Callable[[str, tuple[int, ...], torch.dtype], Table]:
    """Return what builds a table by name, shape and type."""
    if folder is None:
        return lambda name, shape, dtype: build_table(shape, dtype, device)
    return lambda name, shape, dtype: MappedTable(folder / f"{name}.bin", shape, dtype)


def _facts_of(spaces: Spaces) -> dict[str, Any]:
    return {
        "observation_shape": list(spaces.observation_shape),
        "observation_dtype": spaces.observation_dtype,
        "action_shape": list(spaces.action_shape),
    }


def _require_same(saved: Mapping[str, Any], facts: Mapping[str, Any]) -> None:
    other = [name for name in facts if saved.get(name) != facts[name]]
    if other:
        told = "; ".join(f"{name} {saved.get(name)}, not {facts[name]}" for name in other)
        what = f"the saved replay buffer is of another kind: {told}"
        raise RunError(what, where="load_state_dict", hint="build it as it was, or begin a new run")
