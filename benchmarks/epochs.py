"""What surrounds the steps: evaluation, best weights, rows and display, epoch by epoch.

The digits MLP with everything on that is by default. An epoch has 20 steps, so that what is done
once in an epoch shows.
"""

import statistics
import tempfile
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

from benchmarks.loops import vectorised_loop
from benchmarks.parties import steady
from benchmarks.scale import Scale
from benchmarks.strided import Clock, fit
from benchmarks.table import Row, ratio_row, row_of
from benchmarks.tasks import Task, digits_mlp
from benchmarks.timing import take_turns


class Steps(Clock):
    """Note the CPU time of all threads at the end of each step too."""

    def before_train(self, trainer: Any) -> None:
        """Start."""
        self._ends: list[float] = []
        super().before_train(trainer)

    def after_step(self, trainer: Any, step: Any) -> None:
        """Note the end of a step."""
        self._ends.append(time.process_time())

    def between(self, num_steps: int) -> float:
        """Return what lies between two epochs as a share of the steps of one: the median."""
        taken = [after - before for before, after in pairwise(self._ends)]
        across = taken[num_steps - 1 :: num_steps]
        step = statistics.median(taken)
        return (statistics.median(across) - step) / (num_steps * step)


def epoch_rows(scale: Scale) -> Iterator[Row]:
    """Yield the rows: the epochs beside their steps by hand, and what lies between two epochs.

    By hand the batches are as many and as large, and nothing is evaluated. Dropout is drawn
    otherwise, so that the losses are not compared.
    """
    task = digits_mlp(epochs=scale.of(20, 3))
    steady()
    repeats = scale.of(9)
    shares: list[float] = []

    def stride() -> float:
        clock = Steps()
        fit(task, Path(folder), clock, model_kwargs={"model_name": "MLP"})
        shares.append(clock.between(len(task.order)))
        return clock.seconds

    with tempfile.TemporaryDirectory() as folder:
        seconds = take_turns({"stride": stride, "by hand": lambda: _by_hand(task)}, repeats)
    what = "digits MLP, 20 epochs with evaluation / their steps by hand"
    yield ratio_row("epochs", what, *seconds.values())
    yield row_of(
        "epochs", "what lies between two of these epochs / the steps of one", shares[-repeats:]
    )


def _by_hand(task: Task) -> float:
    return vectorised_loop(task).seconds
