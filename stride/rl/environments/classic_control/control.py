"""What problems of classic control share: a limit of steps, resets, and pictures by Gymnasium."""

from abc import ABC, abstractmethod
from typing import Any

import gymnasium
import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space

Step = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]


class ClassicControl(VectorEnv[np.ndarray, np.ndarray, np.ndarray], ABC):
    """Step many environments of one kind at once, in the operations of Gymnasium's own.

    From the same state each gives what Gymnasium's gives, but for the last bit of functions as the
    cosine. Episodes begin with the generator that they share, so that they are others than those of
    Gymnasium's environments with the same seed.

    Args:
        num_envs: how many.
        max_episode_steps: after which an episode is cut off.
        render_mode: `rgb_array` or None.
        single: Gymnasium's own environment, which has the spaces and draws.

    Attributes:
        state: (numbers, num_envs), float64.
    """

    metadata = {"render_modes": ["rgb_array"], "autoreset_mode": AutoresetMode.NEXT_STEP}  # noqa: RUF012

    def __init__(
        self, num_envs: int, max_episode_steps: int, render_mode: str | None, single: Any
    ) -> None:
        self.num_envs, self.max_episode_steps = num_envs, max_episode_steps
        self.render_mode = render_mode
        self.metadata = ClassicControl.metadata | {"render_fps": single.metadata["render_fps"]}
        self.single_action_space = single.action_space
        self.single_observation_space = single.observation_space
        self.action_space = batch_space(single.action_space, num_envs)
        self.observation_space = batch_space(single.observation_space, num_envs)
        self._single: gymnasium.Env[Any, Any] = single
        self._begin_all()

    def _begin_all(self) -> None:
        self.state = np.zeros((0, self.num_envs))
        self._steps = np.zeros(self.num_envs, np.int64)
        self._ended = np.zeros(self.num_envs, np.bool_)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[np.ndarray, dict[str, Any]]:
        """Begin an episode in each environment; there are no options."""
        super().reset(seed=seed)
        self._begin_all()
        self.state = self._first(self.num_envs)
        return self._observe(), {}

    def step(self, actions: np.ndarray) -> Step:
        """Act in all environments; those whose episode ended before begin another."""
        restarted = self._ended
        rewards, terminated = self._move(actions)
        self._steps += 1
        truncated = self._steps >= self.max_episode_steps
        if restarted.any():
            self._restart(restarted)
            rewards[restarted], terminated[restarted], truncated[restarted] = 0.0, False, False
        self._ended = terminated | truncated
        return self._observe(), rewards, terminated, truncated, {}

    def _restart(self, which: np.ndarray) -> None:
        self.state[:, which] = self._first(int(which.sum()))
        self._steps[which] = 0

    @abstractmethod
    def _first(self, number: int) -> np.ndarray:
        """Draw states in which episodes begin, (numbers, number)."""

    @abstractmethod
    def _observe(self) -> np.ndarray:
        """Return what is seen of the states, (num_envs, ...) of float32."""

    @abstractmethod
    def _move(self, actions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Move the states on; return rewards, float64, and which reached their end."""

    def render(self) -> tuple[np.ndarray, ...]:
        """Return a picture of each environment, (height, width, 3) of uint8."""
        return tuple(self._picture(state) for state in self.state.T)

    def _picture(self, state: np.ndarray) -> np.ndarray:
        self._single.state = state  # type: ignore[attr-defined]
        drawn: Any = self._single.render()
        return np.asarray(drawn)

    def close_extras(self, **kwargs: Any) -> None:
        """Close what draws."""
        self._single.close()
