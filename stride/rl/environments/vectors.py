"""Gymnasium's vector environments behind one face: one object for all, or one for each."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from stride.data.seeding import mix
from stride.errors import ComponentError, LostProcess
from stride.rl.environments.autoreset import MODES, Answer, Autoreset
from stride.rl.environments.state.layers import read_layers, write_layers

_SEED_BITS = 31  # what every simulator takes
_GONE = (EOFError, ConnectionError)  # what pipes to a process say then


class Vector(ABC):
    """A vector environment of Gymnasium.

    Args:
        vector: the object.

    Attributes:
        vector: the object.
        num_envs: how many environments it steps.
        autoreset: steps it.
    """

    def __init__(self, vector: Any) -> None:
        self.vector = vector
        self.num_envs: int = vector.num_envs
        self.autoreset = _mode(vector)(self.num_envs, self._step, self._begin_next)

    def reset(self, seed: int, numbers: np.ndarray) -> np.ndarray:
        """Begin the episodes of these numbers, one for each environment, as the seed says."""
        return self._restarted(self._seeds(seed, numbers))

    def restart(self) -> np.ndarray:
        """Begin new episodes, drawn from the generators as they are."""
        return self._restarted(None)

    def _restarted(self, seeds: Any) -> np.ndarray:
        observations = np.array(self.vector.reset(seed=seeds)[0])
        self.autoreset.begin([])
        return observations

    def _step(self, actions: Any) -> Answer:
        answer: Answer = self.vector.step(actions)
        return answer

    def _begin_next(self, ended: np.ndarray) -> np.ndarray:
        observations: np.ndarray = self.vector.reset(options={"reset_mask": ended})[0]
        return observations

    @abstractmethod
    def _seeds(self, seed: int, numbers: np.ndarray) -> Any:
        """Return what its `reset` takes as a seed."""

    @abstractmethod
    def read(self) -> Any:
        """Return the state of all that is inside."""

    @abstractmethod
    def write(self, state: Any) -> None:
        """Set the state of all that is inside."""

    @abstractmethod
    def unsaved(self) -> list[str]:
        """Return what a state cannot hold, in words."""

    @abstractmethod
    def frame(self) -> np.ndarray:
        """Return the picture of environment 0, (height, width, 3) of uint8."""

    def close(self) -> None:
        """Close all that is inside."""
        self.vector.close()


class BatchedEnv(Vector):
    """One object that steps all environments, from one generator."""

    def _seeds(self, seed: int, numbers: np.ndarray) -> int:
        return _seed(seed, int(numbers.sum()))

    def read(self) -> Any:
        """Return the state of the object and its wrappers."""
        return read_layers(self.vector).state

    def write(self, state: Any) -> None:
        """Set the state of the object and its wrappers."""
        write_layers(self.vector, state)

    def unsaved(self) -> list[str]:
        """Return what their state cannot hold."""
        return read_layers(self.vector).unsaved

    def frame(self) -> np.ndarray:
        """Return the first of its pictures."""
        pictures = self.vector.render()
        return np.asarray(None if pictures is None else pictures[0])


class SeparateEnvs(Vector):
    """An object for each environment, here or in processes, each in a `StatefulEnv`."""

    def _seeds(self, seed: int, numbers: np.ndarray) -> list[int]:
        return [_seed(seed, env, number) for env, number in enumerate(numbers.tolist())]

    def _step(self, actions: Any) -> Answer:
        with _processes_alive():
            return super()._step(actions)

    def read(self) -> Any:
        """Return the state of each environment."""
        with _processes_alive():
            return list(self.vector.get_attr("saved_state"))

    def write(self, state: Any) -> None:
        """Set the state of each environment."""
        self.vector.set_attr("saved_state", state)

    def unsaved(self) -> list[str]:
        """Return what the state of the first cannot hold."""
        found: Sequence[list[str]] = self.vector.get_attr("unsaved")
        return found[0]

    def frame(self) -> np.ndarray:
        """Return the picture of the first."""
        return np.asarray(self.vector.call("render")[0])

    def close(self) -> None:
        """Close the environments and end their processes, also where one is gone already."""
        try:
            super().close()
        except _GONE:
            for process in self.vector.processes:
                process.kill()
                process.join()
            self.vector.closed = True


@contextmanager
def _processes_alive() -> Iterator[None]:
    """Tell where the block finds that the process of an environment is gone."""
    try:
        yield
    except _GONE as error:
        what = "the process of an environment ended without an error"
        hint = "it may have been killed for want of memory: try fewer (rl_config.num_envs)"
        raise LostProcess(what, hint=hint) from error


def _seed(*numbers: int) -> int:
    return mix(*numbers) >> (64 - _SEED_BITS)


def _mode(vector: Any) -> type[Autoreset]:
    """Return how a vector environment resets."""
    told = vector.metadata.get("autoreset_mode")
    found = MODES.get(getattr(told, "name", ""))
    if found is None:
        what = f"{type(vector.unwrapped).__name__} does not say how its environments are reset"
        hint = 'give it metadata = {"autoreset_mode": gymnasium.vector.AutoresetMode.NEXT_STEP}'
        raise ComponentError(what, where="rl_config.env_name", hint=hint)
    return found
