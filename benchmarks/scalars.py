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
from benchmarks.strided import LOGGING, quiet
from benchmarks.table import Row, row_of
from benchmarks.tasks import SEED, Task, mlp
from benchmarks.timing import take_turns
from stride import Callback, Trainer

CALLS = 10  # timed together, since the clock itself costs a tenth of a microsecond


class Quiet(Callback):
    """Take the time of the training's thread, with a hook that does nothing."""

    seconds = 0.0

    def before_train(self, trainer: Any) -> None:
        """Start."""
        self._start = time.thread_time()

    def after_step(self, trainer: Any, step: Any) -> None:
        """Do nothing."""

    def after_train(self, trainer: Any) -> None:
        """Stop."""
        self.seconds = time.thread_time() - self._start


class Logging(Quiet):
    """Log one number in each step."""

    def after_step(self, trainer: Any, step: Any) -> None:
        """Log."""
        trainer.log("number", 0.5)


class Timed(Quiet):
    """Take the time of the call itself."""

    def before_train(self, trainer: Any) -> None:
        """Start."""
        self.calls: list[float] = []

    def after_step(self, trainer: Any, step: Any) -> None:
        """Log some numbers."""
        log = trainer.log
        start = time.perf_counter()
        for _ in range(CALLS):
            log("number", 0.5)
        self.calls.append((time.perf_counter() - start) / CALLS)

    def after_train(self, trainer: Any) -> None:
        """Choose the call that nothing interrupted half of the others."""
        self.seconds = statistics.median(self.calls)


def scalar_rows(scale: Scale) -> Iterator[Row]:
    """Yield what a call costs, and what it costs the training's thread with the writing of rows."""
    torch.set_num_threads(1)
    task = mlp(epochs=scale.of(6), samples=scale.of(16_384, 1_024))
    with tempfile.TemporaryDirectory() as folder:
        data = task.write(Path(folder))
        kinds = {"quiet": Quiet, "logging": Logging, "timed": Timed}
        parties = {
            name: partial(_fit, task, Path(folder, "runs"), data, kind)
            for name, kind in kinds.items()
        }
        seconds = take_turns(parties, scale.of(9))
    calls = [1e6 * one for one in seconds["timed"]]
    yield row_of("scalars", "trainer.log(name, number) in after_step", calls, 1.0, "us")
    more = zip(seconds["logging"], seconds["quiet"], strict=True)
    whole = [1e6 * (logging - silent) / task.steps for logging, silent in more]
    what = "the same a step, with the rows that reports write in the training's thread"
    yield row_of("scalars", what, whole, None, "us")


def _fit(task: Task, work_dir: Path, data: Path, kind: type[Quiet]) -> float:
    callback = kind()
    trainer = Trainer(
        work_dir,
        seed=SEED,
        device="cpu",
        dataset_kwargs={
            "dataset_name": "arrays",
            "path": str(data),
            "val_fraction": 0.0,
            "test_fraction": 0.0,
        },
        load_data_kwargs={"batch_size": task.batch_size},
        training_config={"max_epochs": task.epochs},
        logging_config=LOGGING,
        callbacks=[callback],
    )
    trainer.set_model(task.network())
    with quiet():
        trainer.fit()
    return callback.seconds
