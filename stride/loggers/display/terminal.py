"""Draw a training on a terminal: a bar with speed and time left, the newest metrics below it."""

import sys
from typing import TYPE_CHECKING, TextIO, cast

from stride.loggers.base import Row
from stride.loggers.display.base import Display, Head
from stride.loggers.display.words import acted, filled, format_metrics
from stride.loggers.screen import Screen
from stride.visible import visible

if TYPE_CHECKING:
    from rich.live import Live


class RichDisplay(Display):
    """Draw a bar with steps per second and the time left, and the newest metrics below it.

    Args:
        stream: where to; stderr by default.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = Screen(stream or sys.stderr)
        self._live: Live | None = None

    def start(self, head: Head, total_steps: int | None, total_epochs: int | None) -> None:
        """Begin to draw."""
        from rich.console import Console
        from rich.live import Live
        from rich.progress import BarColumn, Progress, TextColumn

        super().start(head, total_steps, total_epochs)
        words, speed = TextColumn("{task.description}"), TextColumn("{task.fields[speed]}")
        self._bar = Progress(words, BarColumn(bar_width=20), speed)
        total = total_steps or total_epochs
        self._task = self._bar.add_task(self._progress({}), total=total, speed="")
        # Nothing moves between reports, so that no thread has to draw meanwhile.
        console = Console(file=cast(TextIO, self._stream))
        self._live = Live(self._bar, console=console, auto_refresh=False, redirect_stdout=False)
        self._live.start()

    def report(self, row: Row, steps_per_second: float) -> None:
        """Draw the bar at the row's step, with the newest value of each metric."""
        if self._live is None:
            return
        from rich.console import Group
        from rich.text import Text

        self._metrics |= row
        self._bar.update(
            self._task,
            description=self._progress(row),
            completed=row.get("epoch" if self._total_steps is None else "step", 0),
            speed=self._speed(row, steps_per_second),
        )
        shown = [*acted(row, steps_per_second), *format_metrics(self._metrics)]
        metrics = Text(filled(shown, self._live.console.width), style="cyan")
        self._live.update(Group(self._bar, metrics), refresh=True)

    def note(self, text: str) -> None:
        """Print the text above the bar."""
        text = visible(text, lines=True)
        if self._live is None:
            print(text, file=self._stream, flush=True)
        else:
            self._live.console.print(text, markup=False, highlight=False)

    def close(self) -> None:
        """Stop drawing; the last state stays on the screen."""
        if self._live is not None:
            self._live.stop()
            self._live = None
