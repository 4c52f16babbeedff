"""Swing two links up by the joint between them, many at once."""

import numpy as np
from gymnasium.envs.classic_control.acrobot import AcrobotEnv

from stride.rl.environments.classic_control.control import ClassicControl

_G, _DT = 9.8, 0.2  # m/s^2, s
_SPEEDS = np.array([[4 * np.pi], [9 * np.pi]])  # rad/s, at most


class AcrobotVectorEnv(ClassicControl):
    """Gymnasium's `Acrobot-v1`: states are the two angles and their velocities.

    The equations are those of Sutton and Barto, Reinforcement Learning (1998), section 11.3, with
    masses, lengths and moments of 1 and centres of mass half way.

    Args:
        num_envs: how many.
        max_episode_steps: after which an episode is cut off.
        render_mode: `rgb_array` or None.
    """

    def __init__(
        self, num_envs: int = 1, max_episode_steps: int = 500, render_mode: str | None = None
    ) -> None:
        super().__init__(num_envs, max_episode_steps, render_mode, AcrobotEnv(render_mode))

    def _first(self, number: int) -> np.ndarray:
        drawn = self.np_random.uniform(-0.1, 0.1, size=(4, number))
        return drawn.astype(np.float32).astype(np.float64)

    def _observe(self) -> np.ndarray:
        (first, second), speeds = self.state[:2], self.state[2:]
        seen = [np.cos(first), np.sin(first), np.cos(second), np.sin(second), *speeds]
        return np.stack(seen, axis=1, dtype=np.float32)

    def _move(self, actions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        moved = _integrated(self.state, actions - 1.0)
        self.state = np.concatenate([_wrapped(moved[:2]), np.clip(moved[2:], -_SPEEDS, _SPEEDS)])
        first, second = self.state[:2]
        terminated = -np.cos(first) - np.cos(second + first) > 1.0
        return np.where(terminated, 0.0, -1.0), terminated


def _integrated(state: np.ndarray, torque: np.ndarray) -> np.ndarray:
    """Return the states after one step of the fourth order of Runge and Kutta."""
    k1 = _derivative(state, torque)
    k2 = _derivative(state + _DT / 2 * k1, torque)
    k3 = _derivative(state + _DT / 2 * k2, torque)
    k4 = _derivative(state + _DT * k3, torque)
    moved: np.ndarray = state + _DT / 6.0 * (k1 + 2 * k2 + 2 * k3 + k4)
    return moved


def _derivative(state: np.ndarray, torque: np.ndarray) -> np.ndarray:
    first, second, speed1, speed2 = state
    cos2, sin2 = np.cos(second), np.sin(second)
    # Gymnasium's numbers are squared by the C library, whose last bit is another at times.
    square1, square2 = np.float_power(speed1, 2), np.float_power(speed2, 2)
    d1 = 0.25 + (1.25 + cos2) + 1.0 + 1.0
    d2 = (0.25 + 0.5 * cos2) + 1.0
    phi2 = 0.5 * _G * np.cos(first + second - np.pi / 2.0)
    phi1 = (
        -0.5 * square2 * sin2
        - speed2 * speed1 * sin2
        + 1.5 * _G * np.cos(first - np.pi / 2.0)
        + phi2
    )
    acceleration2 = (torque + d2 / d1 * phi1 - 0.5 * square1 * sin2 - phi2) / (
        1.25 - np.float_power(d2, 2) / d1
    )
    acceleration1 = -(d2 * acceleration2 + phi1) / d1
    return np.stack([speed1, speed2, acceleration1, acceleration2])


def _wrapped(angles: np.ndarray) -> np.ndarray:
    """Return angles from -pi to pi."""
    while (over := np.abs(angles) > np.pi).any():
        angles = np.where(over, angles - np.copysign(2 * np.pi, angles), angles)
    return angles
