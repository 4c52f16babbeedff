"""Show a training as plain lines, which logs and pipes keep."""

import sys
import time
from typing import TextIO

from stride.config.metrics import ends_epoch
from stride.loggers.base import Row
from stride.loggers.display.base import Display
from stride.loggers.screen import Screen
from stride.visible import visible

SECONDS_BETWEEN_LINES = 10.0


class PlainDisplay(Display):
    """Print one line per epoch, and one every ten seconds within an epoch.

    Args:
        stream: where to; stderr by default.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = Screen(stream or sys.stderr)
        self._last = time.monotonic()

    def report(self, row: Row, steps_per_second: float) -> None:
        """Print progress and metrics, if the row ends an epoch or the last line is old."""
        if not ends_epoch(row) and time.monotonic() - self._last < SECONDS_BETWEEN_LINES:
            return
        self._last = time.monotonic()
        self.note(self.line(row, steps_per_second))

    def note(self, text: str) -> None:
        """Print the text; a terminal that has gone ends no training."""
        print(visible(text, lines=True), file=self._stream, flush=True)

    def close(self) -> None:
        """Do nothing: each line is written already."""
