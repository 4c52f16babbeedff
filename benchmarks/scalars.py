"""What it costs a step to log a number from a hook, and a report to write what was logged."""

import statistics
import tempfile
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.parties import steady
from benchmarks.scale import Scale
from benchmarks.strided import fit, in_memory
from benchmarks.table import Row, row_of
from benchmarks.tasks import LOG_INTERVAL, Task, mlp
from benchmarks.timing import take_turns
from stride import Callback

CALLS = 10  # timed together, since the clock costs a tenth of a microsecond itself


class Timer(Callback):
    """Note times of one kind during a training.

    Attributes:
        seconds: the median, once the training is over: one that nothing interrupted.
    """

    seconds = 0.0

    def before_train(self, trainer: Any) -> None:
        """Begin."""
        self._times: list[float] = []

    def after_train(self, trainer: Any) -> None:
        """End."""
        self.seconds = statistics.median(self._times)


class Calls(Timer):
    """Take the time of a call in a step."""

    def after_step(self, trainer: Any, step: Any) -> None:
        """Log some numbers."""
        log = trainer.log
        start = time.perf_counter()
        for _ in range(CALLS):
            log("number", 0.5)
        self._times.append((time.perf_counter() - start) / CALLS)


class Writing(Timer):
    """Take the time of the writing that a report does, by the steps since the one before."""

    def after_step(self, trainer: Any, step: Any) -> None:
        """Log a number, and write all of them where the loop is about to do it."""
        trainer.log("number", 0.5)
        if trainer.state.step % LOG_INTERVAL == 0:
            start = time.perf_counter()
            trainer.run.flush()
            self._times.append((time.perf_counter() - start) / LOG_INTERVAL)


def scalar_rows(scale: Scale) -> Iterator[Row]:
    """Yield what a call costs in its step, and what the rows of all steps cost a report."""
    steady()
    task = mlp(epochs=scale.of(2), samples=scale.of(16_384, 4_096))
    kinds: dict[str, type[Timer]] = {"calls": Calls, "writing": Writing}
    with tempfile.TemporaryDirectory() as folder:
        parties = {name: partial(_fit, task, Path(folder), kind) for name, kind in kinds.items()}
        seconds = take_turns(parties, scale.of(9))
    calls, writing = ([1e6 * one for one in seconds[name]] for name in kinds)
    yield row_of("scalars", "trainer.log(name, number) in after_step", calls, 1.0, "us")
    what = "writing its row with 49 others in a report, each"
    yield row_of("scalars", what, writing, None, "us")


def _fit(task: Task, folder: Path, kind: type[Timer]) -> float:
    callback = kind()
    fit(task, folder, callback, network=task.network(), **in_memory(task, folder))
    return callback.seconds
