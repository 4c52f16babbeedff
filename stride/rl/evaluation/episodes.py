"""Play so many whole episodes in environments side by side, without favour to short ones."""

from collections.abc import Callable

import numpy as np

from stride.errors import RunFailed
from stride.rl.environments import Environments, Episode
from stride.rl.evaluation.policies import Acts


def play(
    environments: Environments,
    act: Acts,
    episodes: int,
    *,
    max_steps: int,
    before_step: Callable[[], None] = lambda: None,
) -> list[Episode]:
    """Return exactly so many episodes, each played to its end.

    Which ones count is fixed beforehand: those of N environments number 0, N, 2 N, ... are the
    first, second, third of environment 0, and so on. Were it the first to end, short ones would
    count more often than they occur.

    Args:
        environments: they are reset first.
        act: gives actions for observations.
        episodes: how many.
        max_steps: of one episode.
        before_step: called before each step of all environments.

    Returns:
        The episodes in the order of their numbers.

    Raises:
        RunFailed: one did not end in so many steps.
    """
    count = environments.num_envs
    quota = [len(range(env, episodes, count)) for env in range(count)]
    played: list[list[Episode]] = [[] for _ in range(count)]
    steps, left = np.zeros(count, np.int64), episodes
    environments.reset()
    environments.take_episodes()
    while left:
        before_step()
        outcome = environments.step(act(environments.observations))
        steps += outcome.is_transition
        for one in environments.take_episodes():
            steps[one.env] = 0
            if len(played[one.env]) < quota[one.env]:
                played[one.env].append(one)
                left -= 1
        if steps.max() >= max_steps:
            _require_ending(steps, max_steps, played, quota)
    return [played[number % count][number // count] for number in range(episodes)]


def _require_ending(
    steps: np.ndarray, max_steps: int, played: list[list[Episode]], quota: list[int]
) -> None:
    """Refuse an episode that counts and does not end; others are let be."""
    for env in np.flatnonzero(steps >= max_steps).tolist():
        if len(played[env]) < quota[env]:
            number = env + len(played[env]) * len(played)
            limit = f'{{"name": "TimeLimit", "max_episode_steps": {max_steps}}}'
            raise RunFailed(
                f"episode {number} has not ended after {max_steps:,} steps",
                hint=f"give episodes a limit of time: rl_config.wrappers='[{limit}]'",
            )
