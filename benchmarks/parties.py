"""Let parties train in turns, and insist that they all end with the same network."""

import ctypes
import os
from collections.abc import Callable, Mapping

import torch

from benchmarks.loops import Outcome
from benchmarks.tasks import Task
from benchmarks.timing import take_turns

Training = Callable[[], Outcome]

CLOSE = 1e-4  # relative: plain and fused AdamW round differently, and steps carry it on


_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # names of glibc's mallopt
_LARGEST_MMAP_THRESHOLD = 32 * 2**20


class Unequal(AssertionError):
    """Say that two parties did not train the same, so that their times mean nothing."""


def train_in_turns(
    task: Task,
    trainings: Mapping[str, Training],
    repeats: int,
    *,
    same_bits: Mapping[str, str],
) -> dict[str, list[float]]:
    """Return the CPU seconds of each training in each turn.

    Args:
        task: what all of them train.
        trainings: by name; the first is what the others' final losses are compared with.
        repeats: turns that count.
        same_bits: pairs of trainings with the same arithmetic, whose weights must be identical.

    Raises:
        Unequal: final losses or weights differ.
    """
    steady()
    outcomes: dict[str, Outcome] = {}

    def party(name: str, training: Training) -> Callable[[], float]:
        def run() -> float:
            outcomes[name] = training()
            return outcomes[name].seconds

        return run

    seconds = take_turns({name: party(name, one) for name, one in trainings.items()}, repeats)
    _check_losses({name: outcome.loss(task) for name, outcome in outcomes.items()})
    for one, other in same_bits.items():
        _check_weights(one, outcomes[one], other, outcomes[other])
    return seconds


def steady() -> None:
    """Compute in one thread, and keep memory that was freed.

    Whether glibc gives large blocks back to the kernel, and pays for their pages again a moment
    later, is a matter of luck: it changes the time of a convolutional network by a fifth.
    """
    torch.set_num_threads(1)
    if os.name == "posix" and hasattr(libc := ctypes.CDLL(None), "mallopt"):
        libc.mallopt(_MMAP_THRESHOLD, _LARGEST_MMAP_THRESHOLD)
        libc.mallopt(_TRIM_THRESHOLD, 2**31 - 1)


def _check_losses(losses: Mapping[str, float]) -> None:
    (first, expected), *others = losses.items()
    for name, loss in others:
        if not abs(loss - expected) <= CLOSE * abs(expected):
            raise Unequal(f"final loss: {first} {expected}, {name} {loss}")


def _check_weights(one: str, mine: Outcome, other: str, theirs: Outcome) -> None:
    ours, yours = mine.network.state_dict(), theirs.network.state_dict()
    unequal = [name for name, value in ours.items() if not torch.equal(value, yours[name])]
    if unequal:
        raise Unequal(f"weights of {one} and {other} differ: {', '.join(unequal)}")
