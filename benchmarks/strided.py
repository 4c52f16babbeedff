"""The same trainings by STRIDE: a real run in a work_dir, with everything on that is by default."""

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from benchmarks.loops import Outcome, data_loader
from benchmarks.tasks import LOG_INTERVAL, SEED, Task, mlp
from stride import Callback, Trainer


class Clock(Callback):
    """Take the CPU time of all threads from the first batch to the end of the last epoch.

    In it are epochs, reports, metrics.jsonl and best weights; before it is the claim of the run,
    after it the last checkpoint and the results, which cost the same however long one trains.
    """

    def before_train(self, trainer: Any) -> None:
        """Start."""
        self._start = time.process_time()

    def after_train(self, trainer: Any) -> None:
        """Stop, and keep the last weights, which the best ones replace after."""
        self.seconds = time.process_time() - self._start
        self.weights = {k: v.clone() for k, v in trainer.model.network.state_dict().items()}


class Ticks(Callback):
    """Log one number in each step, and call a function every so many steps."""

    def __init__(self, every: int, call: Callable[[], Any]) -> None:
        self._every, self._call = every, call

    def after_step(self, trainer: Any, step: Any) -> None:
        """Log, and call."""
        trainer.log("number", 0.5)
        if trainer.state.step % self._every == 0:
            self._call()


def fit_in_memory(
    task: Task, folder: Path, *, log_interval: int = LOG_INTERVAL, **options: Any
) -> Outcome:
    """Train on a data file, which STRIDE keeps in memory; with further keys of the config."""
    training = {"max_epochs": task.epochs, "log_interval": log_interval}
    given = {"training_config": training, **in_memory(task, folder), **options}
    return _timed(task, folder, **given)


def fit_own_loader(task: Task, folder: Path, *, fused: bool = True) -> Outcome:
    """Train on the DataLoader that the raw loop has, given to STRIDE as train_loader.

    Args:
        task: what to train.
        folder: for the runs.
        fused: whether AdamW is the one that STRIDE chooses, or torch's plain one.
    """
    own = {} if fused else {"optimizer_kwargs": {"fused": False}}
    return _timed(task, folder, train_loader=data_loader(task), **own)


def _timed(task: Task, folder: Path, **arguments: Any) -> Outcome:
    clock, network = Clock(), task.network()
    fit(task, folder, clock, network=network, **arguments)
    network.load_state_dict(clock.weights)
    return Outcome(clock.seconds, network)


def fit_tiny(folder: Path, steps: int, every: int, call: Callable[[], Any]) -> None:
    """Train a tiny model on tiny batches for so many steps, with a call every so many."""
    task = mlp(epochs=1, samples=4_096)
    data = in_memory(task, folder, batch_size=8)
    length = {"max_epochs": None, "max_steps": steps}
    model = {"hidden": [8]}
    fit(task, folder, Ticks(every, call), model_kwargs=model, training_config=length, **data)


def in_memory(task: Task, folder: Path, batch_size: int | None = None) -> dict[str, Any]:
    """Write the task's data into a folder; return what makes STRIDE train on it, unvalidated."""
    folder.mkdir(exist_ok=True)
    whole = {"val_fraction": 0.0, "test_fraction": 0.0}
    return {
        "dataset_kwargs": {"dataset_name": "arrays", "path": str(task.write(folder)), **whole},
        "load_data_kwargs": {"batch_size": batch_size or task.batch_size},
    }


def fit(
    task: Task, folder: Path, callback: Callback, *, network: Any = None, **arguments: Any
) -> None:
    """Train a run in a folder; what it tells a person goes to nowhere, but is written."""
    training = {"max_epochs": task.epochs, "log_interval": LOG_INTERVAL}
    trainer = Trainer(
        folder / "runs",
        **{"seed": SEED, "device": "cpu", "training_config": training, **arguments},
        logging_config={"terminal_display": "minimal"},  # as without a terminal
        callbacks=[callback],
    )
    if network is not None:
        trainer.set_model(network)
    with quiet():
        trainer.fit()


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Send what is written to stderr meanwhile to nowhere."""
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stderr(nowhere):
        yield
