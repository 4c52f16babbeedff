"""What it costs a step to log a number from a hook."""

import statistics
import tempfile
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import torch

from benchmarks.scale import Scale
from benchmarks.strided import fit, in_memory
from benchmarks.table import Row, row_of
from benchmarks.tasks import Task, mlp
from benchmarks.timing import take_turns
from stride import Callback

CALLS = 10  # timed together, since the clock costs a tenth of a microsecond itself


class Timer(Callback):
    """A callback that takes a time.

    Attributes:
        seconds: what was taken, once the training is over.
    """

    seconds = 0.0


class Silent(Timer):
    """Take the time of the training's thread, with a hook that does nothing."""

    def before_train(self, trainer: Any) -> None:
        """Start."""
        self._start = time.thread_time()

    def after_step(self, trainer: Any, step: Any) -> None:
        """Do nothing."""

    def after_train(self, trainer: Any) -> None:
        """Stop."""
        self.seconds = time.thread_time() - self._start


class Logging(Silent):
    """Log one number in each step."""

    def after_step(self, trainer: Any, step: Any) -> None:
        """Log."""
        trainer.log("number", 0.5)


class Timed(Timer):
    """Take the time of the call itself; a step's median is one that nothing interrupted."""

    def before_train(self, trainer: Any) -> None:
        """Start."""
        self._calls: list[float] = []

    def after_step(self, trainer: Any, step: Any) -> None:
        """Log some numbers."""
        log = trainer.log
        start = time.perf_counter()
        for _ in range(CALLS):
            log("number", 0.5)
        self._calls.append((time.perf_counter() - start) / CALLS)

    def after_train(self, trainer: Any) -> None:
        """Choose the median."""
        self.seconds = statistics.median(self._calls)


def scalar_rows(scale: Scale) -> Iterator[Row]:
    """Yield what a call costs, and what it costs the training's thread with the writing of rows."""
    torch.set_num_threads(1)
    task = mlp(epochs=scale.of(6), samples=scale.of(16_384, 1_024))
    with tempfile.TemporaryDirectory() as folder:
        kinds: dict[str, type[Timer]] = {"silent": Silent, "logging": Logging, "timed": Timed}
        parties = {name: partial(_fit, task, Path(folder), kind) for name, kind in kinds.items()}
        seconds = take_turns(parties, scale.of(9))
    calls = [1e6 * one for one in seconds["timed"]]
    yield row_of("scalars", "trainer.log(name, number) in after_step", calls, 1.0, "us")
    pairs = zip(seconds["logging"], seconds["silent"], strict=True)
    more = [1e6 * (logging - silent) / task.steps for logging, silent in pairs]
    yield row_of("scalars", "the same with what reports then write, a step", more, None, "us")


def _fit(task: Task, folder: Path, kind: type[Timer]) -> float:
    callback = kind()
    fit(task, folder, callback, network=task.network(), **in_memory(task, folder))
    return callback.seconds
