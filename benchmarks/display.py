"""What it costs to draw a training on a terminal, as a share of the training."""

import contextlib
import os
import pty
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from benchmarks.parties import steady
from benchmarks.scale import Scale
from benchmarks.table import Row, row_of
from stride import Trainer
from stride.loggers.display.live import LiveDisplay

GOAL = 0.01
DRAWS = ("start", "report", "note", "close", "_look")  # what of a display is called


def display_rows(scale: Scale) -> Iterator[Row]:
    """Yield the rows of the digits MLP, with a report in each epoch and in each step.

    Two trainings differ by more than drawing takes: hence the CPU time of its calls, writing to
    the terminal included, as a share of that of all threads. Another process reads the terminal.
    """
    epochs = scale.of(20, 3)
    steady()
    with tempfile.TemporaryDirectory() as name, terminal(), measured() as drawn:
        for interval, words in ((100, f"{epochs} epochs"), (1, "a report in each step")):
            fit = _fit(Path(name), epochs, interval)
            shares = [_share(fit, drawn) for _ in range(1 + scale.of(15))][1:]
            what = f"digits MLP, {words}: drawing on a terminal / all of it"
            yield row_of("display", what, shares, GOAL)


def _share(fit: Callable[[], object], drawn: list[float]) -> float:
    """Return the share of a training's CPU time that drawing took."""
    drawn.clear()
    start = time.process_time()
    fit()
    return sum(drawn) / (time.process_time() - start)


def _fit(folder: Path, epochs: int, log_interval: int) -> Callable[[], object]:
    """Return what trains one more run that is drawn."""
    training: dict[str, Any] = {"max_epochs": epochs, "log_interval": log_interval}
    return Trainer(
        folder / str(log_interval),
        model_kwargs={"model_name": "MLP"},
        training_config=training,
        logging_config={"terminal_display": "rich"},
        device="cpu",
    ).fit


@contextlib.contextmanager
def measured() -> Iterator[list[float]]:
    """Give the list to which each call of a display meanwhile adds the CPU seconds it took."""
    drawn: list[float] = []
    own = {name: getattr(LiveDisplay, name) for name in DRAWS}

    def timed(call: Callable[..., Any]) -> Callable[..., Any]:
        def called(*arguments: Any, **named: Any) -> Any:
            start = time.thread_time()
            try:
                return call(*arguments, **named)
            finally:
                drawn.append(time.thread_time() - start)

        return called

    for name, call in own.items():
        setattr(LiveDisplay, name, timed(call))
    try:
        yield drawn
    finally:
        for name, call in own.items():
            setattr(LiveDisplay, name, call)


@contextlib.contextmanager
def terminal() -> Iterator[None]:
    """Let stderr be a terminal meanwhile, which another process reads."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-c", "import os\nwhile os.read(0, 65536): pass"]
    reader = subprocess.Popen(command, stdin=ours, stderr=subprocess.DEVNULL)
    os.close(ours)
    try:
        with open(theirs, "w", encoding="utf-8") as stream, contextlib.redirect_stderr(stream):
            yield
    finally:
        reader.kill()
        reader.wait()
