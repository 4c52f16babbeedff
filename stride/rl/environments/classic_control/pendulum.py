"""Swing a pendulum up and hold it there, many at once."""

import numpy as np
from gymnasium.envs.classic_control.pendulum import PendulumEnv

from stride.rl.environments.classic_control.control import ClassicControl


class PendulumVectorEnv(ClassicControl):
    """Gymnasium's `Pendulum-v1`: states are angle and angular velocity.

    Args:
        num_envs: how many.
        max_episode_steps: after which an episode is cut off.
        render_mode: `rgb_array` or None.
        g: gravity in m/s^2.
    """

    _SPEED, _TORQUE, _DT = 8.0, 2.0, 0.05  # at most in rad/s and N m; s

    def __init__(
        self,
        num_envs: int = 1,
        max_episode_steps: int = 200,
        render_mode: str | None = None,
        g: float = 10.0,
    ) -> None:
        single = PendulumEnv(render_mode, g)
        single.last_u = None  # no arrow is drawn for the torque
        super().__init__(num_envs, max_episode_steps, render_mode, single)
        self._g = g

    def _first(self, number: int) -> np.ndarray:
        high = np.array([[np.pi], [1.0]])
        return self.np_random.uniform(-high, high, size=(2, number))

    def _observe(self) -> np.ndarray:
        angle, speed = self.state
        return np.stack([np.cos(angle), np.sin(angle), speed], axis=1, dtype=np.float32)

    def _move(self, actions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        angle, speed = self.state
        torque = np.clip(actions[:, 0], -self._TORQUE, self._TORQUE)
        upright = (angle + np.pi) % (2 * np.pi) - np.pi
        costs = upright**2 + 0.1 * speed**2 + 0.001 * torque**2
        # 3 g / 2 l sin + 3 / m l^2 u, with mass and length 1
        speed = speed + (3 * self._g / 2.0 * np.sin(angle) + 3.0 * torque) * self._DT
        speed = np.clip(speed, -self._SPEED, self._SPEED)
        self.state = np.stack([angle + speed * self._DT, speed])
        return -costs, np.zeros(self.num_envs, np.bool_)
