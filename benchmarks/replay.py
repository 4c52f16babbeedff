"""What batches of a replay buffer cost beyond the indexing that they consist of."""

from collections.abc import Callable, Iterator

import numpy as np
import torch

from benchmarks.scale import Scale
from benchmarks.table import Row, ratio_row, row_of
from benchmarks.timing import take_turns, timed
from stride.rl.replay.buffer import ReplayBuffer
from stride.rl.replay.priorities import Priorities
from stride.rl.spaces import Spaces
from stride.rl.timestep import Outcome, Timestep

BATCH, ENVS = 256, 64
SPACES = Spaces((4,), "float32", (), num_actions=2)
CPU = torch.device("cpu")


def replay_rows(scale: Scale) -> Iterator[Row]:
    """Yield the ratios of drawing batches to indexing, and the time of adding a step."""
    torch.set_num_threads(1)
    number, batches = scale.of(1_000_000, 2_000), scale.of(500, 10)
    uniform = filled(ReplayBuffer(number, ENVS, SPACES, CPU), number)
    preferring = filled(ReplayBuffer(number, ENVS, SPACES, CPU, prioritized=Priorities()), number)
    parties = {
        "indexing": indexing(number),
        "uniform": drawing(uniform),
        "prioritized": drawing(preferring),
        "priorities": drawing(preferring, updating=True),
    }
    turns = take_turns(
        {name: timed(repeated(work, batches)) for name, work in parties.items()}, scale.of(15)
    )
    what = f"{BATCH} of {number:,} replayed transitions"
    floor = turns["indexing"]
    yield ratio_row("replay", f"{what} / drawing and indexing", turns["uniform"], floor, 1.0)
    yield ratio_row("replay", f"{what}, prioritised / the same", turns["prioritized"], floor)
    yield ratio_row("replay", "with new priorities / the same", turns["priorities"], floor)
    yield _adding(uniform, batches, scale.of(5))


def repeated(work: Callable[[], object], times: int) -> Callable[[], None]:
    """Return what does some work several times."""

    def all_times() -> None:
        for _ in range(times):
            work()

    return all_times


def filled(buffer: ReplayBuffer, number: int) -> ReplayBuffer:
    """Return a buffer with so many transitions, once round and some more; none ends an episode."""
    steps = _steps(512)
    for i in range(number // ENVS + 1_000):
        buffer.add(steps[i % len(steps)])
    return buffer


def _steps(number: int) -> list[Timestep]:
    draw = np.random.default_rng(0)
    shown = draw.random((number + 1, ENVS, 4), dtype=np.float32)
    shown[-1] = shown[0]
    none, rewards = np.zeros(ENVS, dtype=bool), np.ones(ENVS)
    actions = torch.zeros(ENVS, dtype=torch.int64)
    return [
        Timestep(shown[i], actions, Outcome(shown[i + 1], rewards, none, none, ~none))
        for i in range(number)
    ]


def indexing(number: int) -> Callable[[], object]:
    """Return what draws a batch and takes five things by it, each with one index.

    What an action led to is in the same tensor as what it was chosen on, as many rows later as
    there are environments.
    """
    observations = torch.zeros(number, 4).normal_()
    actions = torch.ones(number, dtype=torch.int64)  # zeros would be one page of memory
    rewards, discounts = torch.ones(number), torch.ones(number)
    generator = torch.Generator().manual_seed(0)

    def batch() -> object:
        rows = torch.randint(number - ENVS, (BATCH,), generator=generator)
        following = rows + ENVS
        return (
            observations[rows],
            actions[rows],
            rewards[rows],
            observations[following],
            discounts[rows],
        )

    return batch


def drawing(buffer: ReplayBuffer, *, updating: bool = False) -> Callable[[], object]:
    """Return what draws a batch from a buffer, and perhaps gives it new priorities."""
    generator = torch.Generator().manual_seed(0)
    errors = torch.linspace(0.1, 2.0, BATCH)

    def batch() -> object:
        drawn = buffer.sample(BATCH, generator)
        if updating:
            buffer.update_priorities(drawn["indices"], errors)
        return drawn

    return batch


def _adding(buffer: ReplayBuffer, times: int, repeats: int) -> Row:
    steps = iter(_steps(512) * (times * (repeats + 1) // 512 + 1))
    party = timed(repeated(lambda: buffer.add(next(steps)), times))
    seconds = take_turns({"add": party}, repeats)["add"]
    micros = [1e6 * one / times for one in seconds]
    return row_of("replay", f"a step of {ENVS} environments into it", micros, unit="us")
