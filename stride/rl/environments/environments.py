"""Several environments side by side: what trainings and evaluations step."""

from collections.abc import Mapping
from typing import Any, final

import numpy as np

from stride.errors import ComponentError
from stride.log import LOGGER
from stride.rl.environments.episodes import Episode, RunningEpisodes
from stride.rl.environments.normalization import Normalization
from stride.rl.environments.refusals import KEY, as_user_errors
from stride.rl.environments.vectors import Vector
from stride.rl.spaces import Spaces
from stride.rl.timestep import Outcome


@final
class Environments:
    """Environments that are stepped together, each in its own episode.

    They are to be reset, or given a state, before the first step.

    Args:
        vector: the environments.
        spaces: of one of them, as seen from here.
        first_action: the number of the first of several actions, 0 mostly.
        seed: of their episodes.
        normalization: scales observations and rewards.

    Attributes:
        spaces: of one environment.
        num_envs: how many there are.
        observations: (num_envs, ...), on which to act next.
        normalization: with the statistics, for those who evaluate.
        doubt: why a state may not bring all back; "" where that is proven.
    """

    def __init__(
        self,
        vector: Vector,
        spaces: Spaces,
        first_action: int,
        seed: int,
        normalization: Normalization,
    ) -> None:
        self.spaces, self.normalization = spaces, normalization
        self.num_envs, self.doubt = vector.num_envs, ""
        self._warned = False
        self._vector, self._seed, self._first_action = vector, seed, first_action
        self._episodes = RunningEpisodes(self.num_envs)
        self._raw = np.zeros((self.num_envs, *spaces.observation_shape), spaces.observation_dtype)
        self.observations = self._raw

    @property
    def episodes(self) -> list[Episode]:
        """Return those that ended since the last `take_episodes`."""
        return list(self._episodes.ended)

    def take_episodes(self) -> list[Episode]:
        """Return those that ended since the last time, in their order."""
        taken, self._episodes.ended = self._episodes.ended, []
        return taken

    def reset(self) -> None:
        """Begin the first episodes, as the seed says."""
        self._episodes = RunningEpisodes(self.num_envs)
        self._begin(self._vector.reset(self._seed, self._episodes.numbers))

    def restart(self) -> None:
        """Begin new episodes, drawn from the environments' generators as they are."""
        self._episodes.abandon()
        self._begin(self._vector.restart())

    def _begin(self, raw: np.ndarray) -> None:
        self._raw = raw
        self.observations = self.normalization.begin(raw)

    def step(self, actions: np.ndarray) -> Outcome:
        """Act once in all environments, and move `observations` on.

        Args:
            actions: (num_envs,) of whole numbers from 0, or (num_envs, ...) within the bounds.
        """
        if self._first_action:
            actions = actions + self._first_action
        turn = self._vector.autoreset.step(actions)
        if not self._warned:
            self._warn_of(turn.outcome)
        self._episodes.add(turn)
        self._raw = turn.observations
        self.observations, outcome = self.normalization.apply(turn)
        return outcome

    def _warn_of(self, outcome: Outcome) -> None:
        """Say once which environment gives what no network can learn from."""
        given = {"rewards": outcome.rewards, "observations": outcome.next_observations}
        for what, numbers in given.items():
            if numbers.dtype.kind == "f" and not np.isfinite(numbers).all():
                flat = numbers.reshape(self.num_envs, -1)
                env = int((~np.isfinite(flat)).any(axis=1).argmax())
                told = "environment %d gave %s that are not finite in its episode %d"
                LOGGER.warning(told, env, what, self._episodes.numbers[env])
                self._warned = True

    def frame(self) -> np.ndarray:
        """Return the picture of environment 0, (height, width, 3) of uint8.

        Raises:
            ComponentError: they draw nothing.
            MissingExtra: what draws them is not installed.
        """
        with as_user_errors("there are no pictures"):
            picture = self._vector.frame()
        if picture.ndim != 3:
            hint = "its constructor has to take render_mode and to draw for rgb_array"
            raise ComponentError("the environment gives no pictures", where=KEY, hint=hint)
        return picture

    @property
    def frames_per_second(self) -> float:
        """Return how fast its pictures are shown."""
        return float(self._vector.vector.metadata.get("render_fps") or 30)

    def state_dict(self) -> dict[str, Any]:
        """Return the state; of environments that are in doubt, what is around them."""
        return {
            "vector": [] if self.doubt else self._vector.read(),
            "observations": self._raw.copy(),
            "ended": self._vector.autoreset.ended.tolist(),
            "episodes": self._episodes.state_dict(),
            "normalization": self.normalization.state_dict(),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from a state.

        Environments that are in doubt begin new episodes instead, as the seed, their number and
        that of the episode say; the statistics are restored.
        """
        self._episodes.load_state_dict(state["episodes"])
        self.normalization.load_state_dict(state["normalization"])
        first = self._vector.reset(self._seed, self._episodes.numbers)
        if self.doubt or not state["vector"] or not self._is_taken(state["vector"]):
            self._episodes.abandon()
            self._begin(first)
            return
        self._vector.autoreset.begin(state["ended"])
        self._raw = state["observations"].copy()
        self.observations = self.normalization.scale(self._raw)

    def _is_taken(self, state: Any) -> bool:
        """Set the environments' own state; tell whether they have a place for all of it."""
        try:
            self._vector.write(state)
        except Exception as error:  # as for an object that they make later than in their reset
            self.doubt = f"a new one does not take the state: {type(error).__name__}: {error}"
            self._vector.reset(self._seed, self._episodes.numbers)
        return not self.doubt

    def unsaved(self) -> list[str]:
        """Return what a state cannot hold, in words."""
        return self._vector.unsaved()

    def close(self) -> None:
        """Close the environments, with their processes."""
        self._vector.close()
