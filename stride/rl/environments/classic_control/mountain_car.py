"""Drive a car that is too weak for it up a hill, by swinging; many at once."""

from typing import Any

import numpy as np
from gymnasium.envs.classic_control.continuous_mountain_car import Continuous_MountainCarEnv
from gymnasium.envs.classic_control.mountain_car import MountainCarEnv

from stride.rl.environments.classic_control.control import ClassicControl

_LEFT, _RIGHT, _SPEED = -1.2, 0.6, 0.07
_GRAVITY = 0.0025


class MountainCarVectorEnv(ClassicControl):
    """Gymnasium's `MountainCar-v0`: states are position and velocity.

    Args:
        num_envs: how many.
        max_episode_steps: after which an episode is cut off.
        render_mode: `rgb_array` or None.
        goal_velocity: which a car has to have at the goal.
    """

    _GOAL, _FORCE = 0.5, 0.001

    def __init__(
        self,
        num_envs: int = 1,
        max_episode_steps: int = 200,
        render_mode: str | None = None,
        goal_velocity: float = 0,
    ) -> None:
        single = MountainCarEnv(render_mode, goal_velocity)
        super().__init__(num_envs, max_episode_steps, render_mode, single)
        self._goal_velocity = goal_velocity

    def _first(self, number: int) -> np.ndarray:
        return _at_rest(self.np_random, number)

    def _observe(self) -> np.ndarray:
        return self.state.T.astype(np.float32)

    def _move(self, actions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        position, velocity = self.state
        change = (actions - 1) * self._FORCE + np.cos(3 * position) * -_GRAVITY
        position, velocity = _driven(position, velocity, change)
        self.state = np.stack([position, velocity])
        terminated = (position >= self._GOAL) & (velocity >= self._goal_velocity)
        return np.full(self.num_envs, -1.0), terminated


class MountainCarContinuousVectorEnv(ClassicControl):
    """Gymnasium's `MountainCarContinuous-v0`: states are position and velocity.

    As in Gymnasium's own they are float64 when an episode begins, and float32 from then on.

    Args:
        num_envs: how many.
        max_episode_steps: after which an episode is cut off.
        render_mode: `rgb_array` or None.
        goal_velocity: which a car has to have at the goal.
    """

    _GOAL, _POWER = 0.45, 0.0015

    def __init__(
        self,
        num_envs: int = 1,
        max_episode_steps: int = 999,
        render_mode: str | None = None,
        goal_velocity: float = 0,
    ) -> None:
        single = Continuous_MountainCarEnv(render_mode, goal_velocity)
        super().__init__(num_envs, max_episode_steps, render_mode, single)
        self._goal_velocity = goal_velocity

    def _first(self, number: int) -> np.ndarray:
        return _at_rest(self.np_random, number)

    def _observe(self) -> np.ndarray:
        return self.state.T.astype(np.float32)

    def _move(self, actions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        force = np.clip(actions[:, 0], -1.0, 1.0)
        state, reached = self._reached(self.state.astype(np.float32), force)
        begun = self._steps == 0
        if begun.any():
            state[:, begun], reached[begun] = self._reached(self.state[:, begun], force[begun])
        self.state = state.astype(np.float64)
        return 100.0 * reached - np.square(actions[:, 0], dtype=np.float64) * 0.1, reached

    def _reached(self, state: np.ndarray, force: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the states that follow, in the precision of these, and which are at the goal."""
        position, velocity = state
        # Gymnasium's cosine is a number of Python, which takes the precision of what it meets.
        slope = (_GRAVITY * np.cos((3 * position).astype(np.float64))).astype(np.float32)
        position, velocity = _driven(position, velocity, force * self._POWER - slope)
        reached = (position >= self._GOAL) & (velocity >= self._goal_velocity)
        return np.stack([position, velocity]), reached


def _at_rest(generator: Any, number: int) -> np.ndarray:
    """Draw positions in the valley."""
    return np.stack([generator.uniform(-0.6, -0.4, size=number), np.zeros(number)])


def _driven(
    position: np.ndarray, velocity: np.ndarray, change: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return positions and velocities after one step; a car stops at the wall on the left."""
    velocity = np.clip(velocity + change, -_SPEED, _SPEED)
    position = np.clip(position + velocity, _LEFT, _RIGHT)
    return position, np.where((position == _LEFT) & (velocity < 0), 0, velocity)
