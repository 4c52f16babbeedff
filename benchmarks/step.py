"""What a step costs: STRIDE beside loops written by hand, on three networks.

A turn's time is that of all its epochs, with everything that STRIDE does meanwhile: reports, text
and metrics on disk, best weights. Neither side validates. Order of samples, start weights and so
the final loss are the same, which is checked: to the bit where the arithmetic is the same.
"""

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

from benchmarks.loops import raw_loop, vectorised_loop
from benchmarks.parties import train_in_turns
from benchmarks.scale import Scale
from benchmarks.strided import fit_in_memory, fit_own_loader
from benchmarks.table import Row, quartiles, ratio_row
from benchmarks.tasks import Task, cnn, mlp, transformer, two_terms


def step_rows(scale: Scale) -> Iterator[Row]:
    """Yield the rows of the MLP 32-64-10, batch 64, AdamW, on 16,384 rows in memory."""
    task = mlp(epochs=scale.of(8), samples=scale.of(16_384, 1_024))
    with tempfile.TemporaryDirectory() as folder:
        trainings = {
            "stride": partial(fit_in_memory, task, Path(folder)),
            "raw": partial(raw_loop, task),
            "by hand": partial(vectorised_loop, task),
        }
        same = {"stride": "by hand"}
        seconds = train_in_turns(task, trainings, scale.of(9), same_bits=same)
    stride, raw, by_hand = (seconds[name] for name in trainings)
    yield ratio_row("step", "MLP, in memory / raw DataLoader loop", stride, raw, 0.60)
    yield ratio_row("step", "MLP, in memory / vectorised loop, fused AdamW", stride, by_hand, 1.08)


def loader_rows(scale: Scale) -> Iterator[Row]:
    """Yield the rows of the same MLP on a DataLoader of the user's own.

    AdamW is what each side takes by itself, then the same on both: torch's plain one.
    """
    task = mlp(epochs=scale.of(4), samples=scale.of(16_384, 1_024))
    with tempfile.TemporaryDirectory() as folder:
        trainings = {
            "stride": partial(fit_own_loader, task, Path(folder)),
            "stride plain": partial(fit_own_loader, task, Path(folder), fused=False),
            "raw": partial(raw_loop, task),
        }
        same = {"stride plain": "raw"}
        seconds = train_in_turns(task, trainings, scale.of(11), same_bits=same)
    stride, plain, raw = (seconds[name] for name in trainings)
    yield ratio_row("loader", "MLP, own DataLoader / raw DataLoader loop", stride, raw, 1.05)
    yield ratio_row("loader", "the same, plain AdamW on both sides", plain, raw, 1.05)


def value_rows(scale: Scale) -> Iterator[Row]:
    """Yield the row of the same MLP with a loss of two terms, which are recorded by name or not."""
    task = mlp(epochs=scale.of(8), samples=scale.of(16_384, 1_024))
    named, plain = (replace(task, make=partial(two_terms, task.make, named=n)) for n in (1, 0))
    with tempfile.TemporaryDirectory() as folder:
        trainings = {
            "named": partial(fit_in_memory, named, Path(folder)),
            "plain": partial(fit_in_memory, plain, Path(folder)),
        }
        seconds = train_in_turns(task, trainings, scale.of(25), same_bits={"named": "plain"})
    yield ratio_row("values", "MLP, two named values / none", *seconds.values(), 1.03)


def model_rows(scale: Scale) -> Iterator[Row]:
    """Yield the rows of networks whose arithmetic costs more than the loop around it."""
    yield from _model(scale, "CNN 1x28x28, batch 128", cnn, 2_560)
    yield from _model(scale, "transformer d=128, 2 layers, length 64", transformer, 1_024)


def _model(
    scale: Scale, name: str, make: Callable[[int, int], Task], samples: int
) -> Iterator[Row]:
    """Yield the ratios; the goal is 1 and the noise, by which the same loop differs from itself."""
    task = make(1, scale.of(samples, 128))
    with tempfile.TemporaryDirectory() as folder:
        trainings = {
            "stride": partial(fit_in_memory, task, Path(folder)),
            "raw": partial(raw_loop, task),
            "raw again": partial(raw_loop, task),
            "by hand": partial(vectorised_loop, task),
        }
        same = {"stride": "by hand", "raw": "raw again"}
        seconds = train_in_turns(task, trainings, scale.of(9), same_bits=same)
    stride, raw, again, by_hand = (seconds[key] for key in trainings)
    apart = [abs(one / other - 1) for one, other in zip(again, raw, strict=True)]
    goal = 1 + quartiles(apart)[1]
    yield ratio_row("models", f"{name} / raw DataLoader loop", stride, raw, goal)
    yield ratio_row("models", f"{name} / vectorised loop", stride, by_hand, goal)
