"""Evaluate a policy by whole episodes."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from typing import Any, final

from stride.data.seeding import mix, seeded
from stride.errors import UserError
from stride.rl.environments import Environments, build_environments
from stride.rl.evaluation.episodes import play
from stride.rl.evaluation.evaluation import Evaluation
from stride.rl.evaluation.policies import LATE, Policy, acting
from stride.rl.evaluation.video import video_file

MOST_ENVIRONMENTS = 128
"""So many are stepped together at most, where nobody says how many."""

MOST_STEPS = 1_000_000
"""An episode that is longer does not end."""

_ACTIONS, _GLOBALS = 1, 2  # which of the random streams of a seed


@final
class Evaluator:
    """Play episodes in an environment of its own with whatever acts, and say what they gave.

    The episodes follow from the seed, the environment and the policy alone: several evaluations of
    one policy give the same numbers, and none draws from the generators of a training.

    Args:
        env_name: an id of Gymnasium, or an import path `package.module:Name`.
        env_kwargs: for its constructor.
        episodes: how many are played; each to its end.
        seed: of the episodes.
        num_envs: how many environments are stepped together; as many as there are episodes, 128 at
            most, if absent. Episodes are other ones with another number.
        deterministic: whether an algorithm takes the actions that it holds for the best; else it
            draws them as in its training, of a generator that begins with the seed.
        wrappers: round each environment, the innermost first.
        normalization: statistics of observations, as `Environments.normalization.statistics()`
            gives them; they are used, and do not change. None: observations are as they are.
        vectorization: how the environments are stepped: auto, vector, sync or async.
        max_episode_steps: an episode of more steps is an error.

    Raises:
        UserError: fewer than one episode or environment.
    """

    def __init__(
        self,
        env_name: str,
        env_kwargs: Mapping[str, Any] = {},
        *,
        episodes: int = 20,
        seed: int = 0,
        num_envs: int | None = None,
        deterministic: bool = True,
        wrappers: Sequence[str | Mapping[str, Any]] = (),
        normalization: Mapping[str, Any] | None = None,
        vectorization: str = "auto",
        max_episode_steps: int = MOST_STEPS,
    ) -> None:
        self.env_name, self.env_kwargs = env_name, dict(env_kwargs)
        self.episodes, self.seed, self.deterministic = episodes, seed, deterministic
        self.num_envs = min(episodes, MOST_ENVIRONMENTS if num_envs is None else num_envs)
        self.wrappers, self.normalization = tuple(wrappers), normalization
        self.vectorization, self.max_episode_steps = vectorization, max_episode_steps
        for name in ("episodes", "num_envs", "max_episode_steps"):
            if getattr(self, name) < 1:
                raise UserError(
                    f"{name}={getattr(self, name)} is less than 1", hint="give 1 or more"
                )

    def evaluate(self, policy: Policy, *, env_steps: int = LATE) -> Evaluation:
        """Play the episodes.

        Args:
            policy: an algorithm; a function from observations, (num_envs, ...), to actions; or
                None, which takes each action as likely as any other.
            env_steps: after how many steps of its training an algorithm acts, where it is not
                deterministic: as at the end of all schedules, if absent.

        Raises:
            UserError: the environment cannot be built, or the policy acts in another one.
            RunFailed: an episode does not end.
        """
        with (
            self._playing(self.num_envs) as environments,
            self._acting(policy, environments, env_steps) as act,
        ):
            limit = self.max_episode_steps
            return Evaluation.of(play(environments, act, self.episodes, max_steps=limit))

    def record(
        self,
        policy: Policy,
        path: str | PathLike[str],
        *,
        episodes: int = 1,
        env_steps: int = LATE,
    ) -> Evaluation:
        """Film episodes of a single environment, one after the other, and say what they gave.

        Args:
            policy: as for `evaluate`.
            path: of the video, `.mp4`. Pictures are written as they come.
            episodes: how many.
            env_steps: as for `evaluate`.

        Raises:
            UserError: as for `evaluate`; or the environment cannot be drawn, or what writes videos
                is not installed.
            RunFailed: an episode does not end.
        """
        with (
            self._playing(1, render=True) as environments,
            self._acting(policy, environments, env_steps) as act,
            video_file(Path(path), environments.frames_per_second) as film,
        ):
            found = play(
                environments,
                act,
                episodes,
                max_steps=self.max_episode_steps,
                before_step=lambda: film(environments.frame()),
            )
        return Evaluation.of(found)

    def require_playable(self, policy: Policy) -> None:
        """Refuse a policy that cannot act here; nothing is played.

        Raises:
            UserError: as for `evaluate`.
        """
        number = min(self.num_envs, 2)  # as many are stepped in the same way
        with self._playing(number) as environments, self._acting(policy, environments, LATE):
            pass

    @contextmanager
    def _playing(self, num_envs: int, *, render: bool = False) -> Iterator[Environments]:
        """Give environments of their own in the block, and the global generators seeded."""
        with seeded(mix(self.seed, _GLOBALS)):
            environments = build_environments(
                self.env_name,
                self.env_kwargs,
                num_envs=num_envs,
                seed=self.seed,
                wrappers=self.wrappers,
                vectorization=self.vectorization,
                normalize_observations=self.normalization is not None,
                training=False,
                render=render,
            )
            try:
                environments.normalization.use(self.normalization or {})
                yield environments
            finally:
                environments.close()

    def _acting(self, policy: Policy, environments: Environments, env_steps: int) -> Any:
        return acting(
            policy,
            environments.spaces,
            seed=mix(self.seed, _ACTIONS) >> 1,
            deterministic=self.deterministic,
            env_steps=env_steps,
        )
