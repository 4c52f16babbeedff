"""Environments that follow a script, and what a replay buffer has to know of them."""

from dataclasses import dataclass

import numpy as np
import torch

from stride.rl.spaces import Spaces
from stride.rl.timestep import Outcome, Timestep

CPU = torch.device("cpu")
SPACES = Spaces((2,), "float32", (), num_actions=5)


@dataclass
class Script:
    """Steps of several environments, which end as the script says.

    Attributes:
        ends: by environment and step: "" where an episode goes on, "terminated", "truncated",
            "both"; "lost" where the environment begins again and no end was told; "circle" where it
            ended from outside, and begins again where it was.
        next_step: whether an episode begins with a step of its own, as in gymnasium's NEXT_STEP.
    """

    ends: list[list[str]]
    next_step: bool = False

    def __post_init__(self) -> None:
        self.steps = list(self._steps())

    def _steps(self):
        number, count = len(self.ends), iter(range(1, 10**6))
        shown = [next(count) for _ in range(number)]
        resetting = [False] * number
        for t in range(len(self.ends[0])):
            ends = ["" if resetting[e] else self.ends[e][t] for e in range(number)]
            led_to = [next(count) for _ in range(number)]
            yield _timestep(t, shown, led_to, ends, resetting)
            again = [
                end == "lost" or (end not in ("", "circle") and not self.next_step) for end in ends
            ]
            shown = [next(count) if again[e] else led_to[e] for e in range(number)]
            resetting = [end not in ("", "lost", "circle") and self.next_step for end in ends]


def _timestep(t, shown, led_to, ends, resetting):
    number = len(shown)
    rewards = np.array([1.0 + ((7 * t + 3 * e) % 5) for e in range(number)])
    outcome = Outcome(
        observed(led_to),
        rewards,
        np.array([end in ("terminated", "both") for end in ends]),
        np.array([end in ("truncated", "both", "circle") for end in ends]),
        ~np.array(resetting),
    )
    actions = torch.tensor([(t + e) % 5 for e in range(number)])
    return Timestep(observed(shown), actions, outcome)


def observed(numbers, dtype="float32"):
    """Return observations that bear numbers."""
    column = np.array(numbers, dtype=dtype)
    return np.stack([column, -column], 1)


def expected(steps, n_step, gamma):
    """Return by brute force all transitions, in the order of their numbers."""
    return [
        _transition(steps, t, env, n_step, gamma)
        for t, step in enumerate(steps)
        for env in np.flatnonzero(step.outcome.is_transition)
    ]


def _transition(steps, t, env, n_step, gamma):
    total, last = 0.0, t
    for k in range(n_step):
        last = t + k
        total += gamma**k * steps[last].outcome.rewards[env]
        if _stops(steps, last, env):
            break
    outcome = steps[last].outcome
    return {
        "observations": steps[t].observations[env].tolist(),
        "actions": int(steps[t].actions[env]),
        "rewards": np.float32(total),
        "next_observations": outcome.next_observations[env].tolist(),
        "discounts": np.float32(gamma ** (last - t + 1) * (not outcome.terminated[env])),
    }


def _stops(steps, t, env):
    outcome = steps[t].outcome
    if outcome.terminated[env] or outcome.truncated[env] or t + 1 == len(steps):
        return True
    following = steps[t + 1]
    same = (following.observations[env] == outcome.next_observations[env]).all()
    return not (same and following.outcome.is_transition[env])


def drawn(buffer, seed=0, number=400):
    """Return what a buffer gives, by number."""
    batch = buffer.sample(number, torch.Generator().manual_seed(seed))
    columns = {name: batch[name].tolist() for name in batch}
    rows = [
        dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)
    ]
    return {row.pop("indices"): row for row in rows}
