"""The same trainings by STRIDE: a real run in a work_dir, with everything on that is by default."""

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from torch import nn

from benchmarks.loops import Outcome, data_loader
from benchmarks.tasks import LOG_INTERVAL, SEED, Task
from stride import Callback, Trainer

LOGGING = {"terminal_display": "minimal"}  # what a terminal-less run shows, wherever this one is


class Clock(Callback):
    """Take the CPU time of all threads from the first batch to the end of the last epoch.

    In it are epochs, reports, metrics.jsonl and best weights; before it is the claim of the run,
    after it the last checkpoint and the results, which cost the same however long one trains.
    """

    seconds = 0.0

    def before_train(self, trainer: Any) -> None:
        """Start."""
        self._start = time.process_time()

    def after_train(self, trainer: Any) -> None:
        """Stop, and keep the last weights, which the best ones replace after."""
        self.seconds = time.process_time() - self._start
        self.weights = {k: v.clone() for k, v in trainer.model.network.state_dict().items()}


def fit_in_memory(task: Task, work_dir: Path, data: Path) -> Outcome:
    """Train on a data file, which STRIDE keeps in memory; no validation, as in the loops."""
    dataset = {
        "dataset_name": "arrays",
        "path": str(data),
        "val_fraction": 0.0,
        "test_fraction": 0.0,
    }
    return _fit(
        task,
        work_dir,
        dataset_kwargs=dataset,
        load_data_kwargs={"batch_size": task.batch_size},
    )


def fit_own_loader(task: Task, work_dir: Path) -> Outcome:
    """Train on the DataLoader that the raw loop has, given to STRIDE as train_loader."""
    return _fit(task, work_dir, train_loader=data_loader(task))


def fit_own_loader_plain(task: Task, work_dir: Path) -> Outcome:
    """Train as `fit_own_loader` with the raw loop's own AdamW, not the fused one."""
    own = {"optimizer_kwargs": {"fused": False}}
    return _fit(task, work_dir, train_loader=data_loader(task), **own)


def _fit(task: Task, work_dir: Path, **arguments: Any) -> Outcome:
    clock = Clock()
    trainer = Trainer(
        work_dir,
        seed=SEED,
        device="cpu",
        training_config={"max_epochs": task.epochs, "log_interval": LOG_INTERVAL},
        logging_config=LOGGING,
        callbacks=[clock],
        **arguments,
    )
    network: nn.Module = task.network()
    trainer.set_model(network)
    with quiet():
        trainer.fit()
    network.load_state_dict(clock.weights)
    return Outcome(clock.seconds, network)


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Send what is written to stderr meanwhile to nowhere; it is written all the same."""
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stderr(nowhere):
        yield
