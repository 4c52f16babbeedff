"""What it costs to draw a training on a terminal, beside a training that shows nothing."""

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
from benchmarks.table import Row, ratio_row
from benchmarks.timing import take_turns
from stride import Trainer

GOAL = 1.01


def display_rows(scale: Scale) -> Iterator[Row]:
    """Yield the rows of the digits MLP, with a report in each epoch and in each step.

    The seconds are those of the CPU, of all threads; another process reads the terminal.
    """
    epochs = scale.of(20, 3)
    steady()
    with tempfile.TemporaryDirectory() as name, terminal():
        for interval, words in ((100, f"{epochs} epochs"), (1, "a report in each step")):
            parties = {mode: _fit(Path(name), mode, epochs, interval) for mode in ("rich", "off")}
            seconds = take_turns(parties, scale.of(11))
            what = f"digits MLP, {words}, drawn on a terminal / shown nowhere"
            yield ratio_row("display", what, *seconds.values(), GOAL)


def _fit(folder: Path, mode: str, epochs: int, log_interval: int) -> Callable[[], float]:
    """Return a party that trains one more run with a display, and gives its seconds."""
    training: dict[str, Any] = {"max_epochs": epochs, "log_interval": log_interval}
    trainer = Trainer(
        folder / f"{mode}{log_interval}",
        model_kwargs={"model_name": "MLP"},
        training_config=training,
        logging_config={"terminal_display": mode},
        device="cpu",
    )

    def run() -> float:
        start = time.process_time()
        trainer.fit()
        return time.process_time() - start

    return run


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
