"""Draw a training on a terminal: a line for each epoch, and below them how it stands now."""

import sys
import time
from collections.abc import Callable, Iterable
from typing import TextIO

from stride.config.metrics import ends_epoch
from stride.loggers.base import Row
from stride.loggers.display.ability import ability_of, size_of
from stride.loggers.display.above import PrintedAbove
from stride.loggers.display.base import Display, Head
from stride.loggers.display.epochs import EpochLine, KeptEpochs
from stride.loggers.display.pieces import DIM, Piece, line_of
from stride.loggers.display.progress import Progress
from stride.loggers.display.region import Region
from stride.loggers.display.table import EpochTable
from stride.loggers.display.view import MOST_LINES, head_lines, live_lines
from stride.loggers.display.words import in_parts, rate
from stride.loggers.screen import Screen
from stride.periodic import PeriodicTask
from stride.tables.words import byte_size, duration
from stride.visible import visible

SECONDS_BETWEEN_LOOKS = 0.5  # at the clock, the memory, and the width of the window


class LiveDisplay(Display):
    """Keep a line for each epoch, and draw below them bar, curve, speed and the newest metrics.

    Args:
        stream: where to; stderr by default.
        now: the clock.
    """

    def __init__(
        self, stream: TextIO | None = None, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._stream, self._now = Screen(stream or sys.stderr), now
        self._ability = ability_of(self._stream)
        self._region = Region(self._stream, self._compose, now)
        self._above = PrintedAbove(self._region)
        self._looks = PeriodicTask(SECONDS_BETWEEN_LOOKS, self._look)
        self._is_open = False

    def start(self, head: Head, total_steps: int | None, total_epochs: int | None) -> None:
        """Print what is trained, and begin to draw."""
        super().start(head, total_steps, total_epochs)
        self._progress = Progress(head, total_steps, total_epochs, self._now)
        self._table = EpochTable(head.metric, total_epochs)
        self._epochs = KeptEpochs(total_epochs, self._now)
        self._ended = (-1, -1)
        self._memory = 0
        self._unprinted: list[str] = []
        lines = head_lines(self._progress, size_of(self._stream).columns)
        self._region.print("\n".join(self._text(line, sys.maxsize) for line in lines))
        self._is_open = True
        self._above.begin()
        self._looks.start()
        self._look()

    def report(self, row: Row, steps_per_second: float) -> None:
        """Print the line of an epoch that has ended, and draw how the training stands."""
        if not self._is_open:
            return
        with self._region.lock:
            self._progress.take(row, steps_per_second)
            if ends_epoch(row):
                self._end_epoch(row)
            if self._region.is_due:
                self._show()

    def note(self, text: str) -> None:
        """Print the text above what is drawn."""
        with self._region.lock:
            before: list[str] = []
            if self._is_open:
                self._add_lines(self._epochs.held_back())
                self._table.count_line()
                before, self._unprinted = self._unprinted, []
            width = size_of(self._stream).columns
            shown = (in_parts(line, width) for line in visible(text, lines=True).split("\n"))
            self._region.print("\n".join([*before, *shown]))

    def close(self) -> None:
        """Take away what is drawn, and say how much was trained; what was printed stays."""
        if not self._is_open:
            return
        self._looks.stop()
        with self._region.lock:
            self._add_lines(self._epochs.held_back())
            last = [(self._summary(), DIM)] if self._progress.row else []
            self._is_open = False
            self._region.erase()
            self._above.end()
            width = size_of(self._stream).columns
            lines = [*self._unprinted, *[self._text(last, width)] * bool(last)]
            if lines:
                self._region.print("\n".join(lines))

    def _end_epoch(self, row: Row) -> None:
        place = (row.get("epoch", 0), row.get("step", 0))
        if place == self._ended:  # more of an epoch that has its line
            return
        self._ended = place
        is_best = self._head.is_best(row)
        if is_best:
            self._progress.take_best(row)
        self._add_lines(self._epochs.add(row, is_best=is_best))

    def _add_lines(self, epochs: Iterable[EpochLine]) -> None:
        """Lay out lines of epochs, which are printed when there is a drawing, several at once."""
        width, height = size_of(self._stream)
        for epoch in epochs:
            lines = self._table.lines(epoch, width, height - MOST_LINES)
            self._unprinted += [self._text(line, width) for line in lines]

    def _show(self) -> None:
        """Print the lines of epochs that have ended, and draw how the training stands."""
        lines, self._unprinted = self._unprinted, []
        if lines:
            self._region.print("\n".join(lines))
        else:
            self._region.draw()

    def _text(self, pieces: Iterable[Piece], width: int) -> str:
        return line_of(pieces, width, colours=self._ability.colours)

    def _look(self) -> None:
        """Draw though nothing was reported: time passes, and windows change their width."""
        memory = self._head.memory()
        with self._region.lock:
            if self._is_open:
                self._memory = memory.get("device_memory", memory.get("memory", 0))
                self._show()

    def _compose(self) -> list[str]:
        if not self._is_open:
            return []
        shown, width = self._table.shown, size_of(self._stream).columns
        lines = live_lines(self._progress, self._memory, shown, width, self._ability)
        return [self._text(line, width) for line in lines]

    def _summary(self) -> str:
        """Say in a line how much was trained."""
        progress = self._progress
        steps = f"step {progress.row.get('step', 0)}, epoch {progress.row.get('epoch', 0)}"
        speed, took = f"{rate(progress.steps_per_second)} steps/s", duration(progress.seconds)
        memory = f", at most {byte_size(self._memory)}" if self._memory else ""
        return f"{steps} after {took}: {speed}{memory}"
