"""What it costs to step environments beyond what Gymnasium's own cost, and what ours gain."""

from collections.abc import Callable, Iterator
from itertools import cycle
from typing import Any

import gymnasium
import numpy as np

from benchmarks.scale import Scale
from benchmarks.table import Row, ratio_row
from benchmarks.timing import Party, take_turns, timed
from stride.rl.environments import Environments, build_environments
from stride.rl.environments.registered import OURS

ENVS = 64
CART = "CartPole-v1"

Policy = Callable[[np.ndarray], np.ndarray]


def environment_rows(scale: Scale) -> Iterator[Row]:
    """Yield ratios of CPU time, of parties that take turns."""
    steps, repeats = scale.of(2_000, 20), scale.of(15)
    policies = (("hardly an end", balancing, 1.15), ("3 ends a step", drawing(built(CART)), None))
    for what, policy, goal in policies:
        turns = take_turns(cart_poles(policy, steps), repeats)
        name = f"{ENVS} {CART}, {what} / Gymnasium's vector"
        yield ratio_row("environments", name, turns["ours"], turns["gymnasium"], goal)
    for name in OURS:
        ways = {way: built(name, vectorization=way) for way in ("sync", "vector")}
        parties = {way: acting(one, drawing(one), scale.of(50, 5)) for way, one in ways.items()}
        turns = take_turns(parties, scale.of(5))
        what = f"{ENVS} {name}, one by one / as one object"
        yield ratio_row("environments", what, turns["sync"], turns["vector"])


def built(name: str, **others: Any) -> Environments:
    """Return environments in their first episodes."""
    environments = build_environments(name, num_envs=ENVS, seed=0, training=False, **others)
    environments.reset()
    return environments


def drawing(environments: Environments) -> Policy:
    """Return what gives random actions, drawn beforehand."""
    spaces, generator = environments.spaces, np.random.default_rng(0)
    if spaces.discrete:
        drawn = generator.integers(spaces.num_actions or 0, size=(1000, ENVS))
    else:
        shape = (1000, ENVS, *spaces.action_shape)
        drawn = generator.uniform(-1.0, 1.0, size=shape).astype(np.float32)
    actions = cycle(drawn)
    return lambda observations: next(actions)


def balancing(observations: np.ndarray) -> np.ndarray:
    """Push carts to where their poles fall."""
    actions: np.ndarray = observations[:, 2] + 0.5 * observations[:, 3] > 0
    return actions.astype(np.int64)


def cart_poles(policy: Policy, steps: int) -> dict[str, Party]:
    """Return parties that step poles: ours, and Gymnasium's object by itself."""
    vector = gymnasium.make_vec(CART, ENVS)
    seen = vector.reset(seed=0)[0]

    def step_theirs() -> None:
        nonlocal seen
        for _ in range(steps):
            seen = vector.step(policy(seen))[0]

    return {"ours": acting(built(CART), policy, steps), "gymnasium": timed(step_theirs)}


def acting(environments: Environments, policy: Policy, steps: int) -> Party:
    """Return a party that steps environments, and takes the episodes as rollouts do."""

    def step() -> None:
        for _ in range(steps):
            environments.step(policy(environments.observations))
        environments.take_episodes()

    return timed(step)
