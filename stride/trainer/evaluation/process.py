"""Start the process that evaluates the checkpoints of a run beside its training."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from stride.distributed.launcher_env import without_launcher
from stride.runs.files.atomic import own_copy
from stride.runs.files.durable import make_folder, os_errors_as
from stride.runs.files.safe_open import open_own
from stride.runs.layout import RunPaths

_NICENESS = 10
END = b"end\n"
"""What it is told when no further checkpoint comes; the end of its stdin says so too."""


class EvaluatorProcess:
    """A process that evaluates checkpoints until its run has ended, or it is told to end.

    It has a session of its own, so that a terminal's Ctrl-C leaves it at its work, and no pipe
    leads out of it: what it prints goes to the run's `logs/evaluator.log`.

    Args:
        paths: of the run.
        order: what it is to do, as `stride.trainer.evaluation` reads it.
        folder: from which relative paths are.

    Raises:
        StrideError: its log cannot be written, or the system gives no further process.
    """

    def __init__(self, paths: RunPaths, order: Mapping[str, Any], folder: str) -> None:
        places = [place or os.getcwd() for place in sys.path]
        output = _opened(paths.evaluator_log)
        try:
            with os_errors_as("cannot start a process", paths.path):
                self._process = subprocess.Popen(
                    [sys.executable, "-P", "-m", "stride.trainer.evaluation"],
                    cwd=folder,
                    env={**without_launcher(os.environ), "PYTHONPATH": os.pathsep.join(places)},
                    stdin=subprocess.PIPE,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
        finally:
            os.close(output)
        with suppress(OSError):  # the training's steps come first
            os.setpriority(os.PRIO_PROCESS, self.pid, _NICENESS)
        # Not among its arguments, which other users see.
        self._say(json.dumps({"run": str(paths.path), **order}).encode() + b"\n")

    def _say(self, line: bytes) -> None:
        """Write a line to its stdin, if it lives and was not told to end."""
        if self._process.stdin is not None and not self._process.stdin.closed:
            with suppress(OSError):  # it has ended; whoever looks finds that out
                self._process.stdin.write(line)
                self._process.stdin.flush()

    @property
    def pid(self) -> int:
        """Return its id."""
        return self._process.pid

    @property
    def code(self) -> int | None:
        """Return how it has ended, None while it lives."""
        return self._process.poll()

    def tell_end(self) -> None:
        """Let it end once all checkpoints that are there have their rows."""
        # Workers of a loader that were forked hold its stdin open too: it is told in words.
        self._say(END)
        self._close()

    def wait(self, seconds: float) -> int | None:
        """Return how it has ended, None where it lives after so many seconds."""
        with suppress(subprocess.TimeoutExpired):
            return self._process.wait(max(0.0, seconds))
        return None

    def reap(self) -> None:
        """Wait for its end, however long that takes, and let go what belongs to it."""
        self._process.wait()
        self._close()

    def _close(self) -> None:
        if self._process.stdin is not None:
            with suppress(OSError):
                self._process.stdin.close()

    def ending(self) -> str:
        """Say in words how it has ended."""
        code = self.code or 0
        return f"by {signal.Signals(-code).name}" if code < 0 else f"with exit code {code}"


def _opened(log: Path) -> int:
    """Return a descriptor that appends to a text log of the run's own."""
    with os_errors_as("cannot write", log):
        make_folder(log.parent)
        own_copy(log)
        return open_own(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
