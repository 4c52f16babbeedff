"""The terminal display of a training on stderr: progress bar, plain lines, or nothing."""

import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TextIO, cast

from stride.config.metrics import RESERVED, ends_epoch
from stride.errors import ConfigError, nearest
from stride.loggers.base import Row
from stride.loggers.screen import Screen
from stride.visible import visible

if TYPE_CHECKING:
    from rich.live import Live

MODES = ("auto", "rich", "minimal", "off")
SECONDS_BETWEEN_LINES = 10.0
_SHORT = {  # replaced in this order: a prefix comes after the names that begin with it
    "train/epoch_": "train ",
    "train/": "recent ",  # since the last report
    "validation/": "val ",
    "test/": "test ",
    "epoch_": "",
}


_ENV_STEPS = "env_steps"
"""Of environments, over all of them: shown as progress beside the steps, which are updates."""

_FIRST = ("rollout/", "validation/return", "validation/length", "validation/success")
"""What episodes gave comes before what the updates did."""


class Display(ABC):
    """Show a training; called at reporting steps only."""

    _total_steps: int | None = None
    _total_epochs: int | None = None

    def start(self, total_steps: int | None, total_epochs: int | None) -> None:
        """Begin; None for a length that is not known."""
        self._total_steps, self._total_epochs = total_steps, total_epochs
        self._metrics: dict[str, Any] = {}

    @abstractmethod
    def report(self, row: Row, steps_per_second: float) -> None:
        """Show the state of a reporting step: step, epoch and metrics by name."""

    @abstractmethod
    def note(self, text: str) -> None:
        """Show a line of text for good."""

    @abstractmethod
    def close(self) -> None:
        """End the display; a second call does nothing."""

    def line(self, row: Row, steps_per_second: float) -> str:
        """Return the state of a reporting step as a line of text."""
        acted, speed = _acted(row, steps_per_second), self._speed(row, steps_per_second)
        return "  ".join([self._progress(row), *acted, *format_metrics(row), speed])

    def _progress(self, row: Row) -> str:
        epoch = f"epoch {row.get('epoch', 0)}{_of(self._total_epochs)}"
        step = f"step {row.get('step', 0)}{_of(self._total_steps)}"
        return f"{epoch}  {step}"

    def _speed(self, row: Row, steps_per_second: float) -> str:
        left = time_left(row, self._total_steps, steps_per_second)
        speed = f"{steps_per_second:.3g} steps/s"
        return f"{speed}  {left} left" if left else speed


class NoDisplay(Display):
    """Show nothing."""

    def report(self, row: Row, steps_per_second: float) -> None:
        """Show nothing."""

    def note(self, text: str) -> None:
        """Show nothing."""

    def close(self) -> None:
        """Do nothing."""


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


class RichDisplay(Display):
    """Draw a bar with steps per second and the time left, and the newest metrics below it.

    Args:
        stream: where to; stderr by default.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = Screen(stream or sys.stderr)
        self._live: Live | None = None

    def start(self, total_steps: int | None, total_epochs: int | None) -> None:
        """Begin to draw."""
        from rich.console import Console
        from rich.live import Live
        from rich.progress import BarColumn, Progress, TextColumn

        super().start(total_steps, total_epochs)
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
        shown = [*_acted(row, steps_per_second), *format_metrics(self._metrics)]
        metrics = Text(_filled(shown, self._live.console.width), style="cyan")
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


def open_display(mode: str, stream: TextIO | None = None) -> Display:
    """Build the display of that mode; auto is rich on a terminal and minimal elsewhere.

    Raises:
        ConfigError: there is no such mode.
    """
    if mode not in MODES:
        key = "logging_config.terminal_display"
        hint = nearest(mode, MODES) or f"one of {', '.join(MODES)}"
        raise ConfigError(f"there is no display {mode!r}", key=key, hint=hint)
    stream = stream or sys.stderr
    if mode == "off" or stream is None:  # a program without a console has no stderr
        return NoDisplay()
    if mode == "auto":
        mode = "rich" if Screen(stream).isatty() else "minimal"
    return RichDisplay(stream) if mode == "rich" else PlainDisplay(stream)


def format_metrics(row: Row) -> list[str]:
    """Return a row's metrics as short texts: "val loss 0.123"."""
    shown = [name for name in row if name not in RESERVED and name != _ENV_STEPS]
    shown.sort(key=lambda name: not name.startswith(_FIRST))
    return [f"{display_name(name)} {_number(row[name])}" for name in shown]


def _acted(row: Row, steps_per_second: float) -> list[str]:
    """Return the steps of environments, and their speed, where there are some."""
    if _ENV_STEPS not in row:
        return []
    acted = [f"env step {row[_ENV_STEPS]:.0f}"]
    if row.get("step"):
        speed = steps_per_second * row[_ENV_STEPS] / row["step"]
        acted.append(f"{speed:.3g} env steps/s")
    return acted


def _filled(parts: Iterable[str], width: int) -> str:
    """Return parts in lines of at most that width; a line ends between two of them."""
    lines: list[str] = []
    for part in parts:
        if lines and len(lines[-1]) + 2 + len(part) <= width:
            lines[-1] += f"  {part}"
        else:
            lines.append(part)
    return "\n".join(lines)


@lru_cache(maxsize=1024)
def display_name(name: str) -> str:
    """Return a metric's name as the display shows it: "val loss"."""
    for long, brief in _SHORT.items():
        name = name.replace(long, brief)
    return visible(name)


def time_left(row: Row, total_steps: int | None, steps_per_second: float) -> str:
    """Return the time left as "1:02:03" or "2:03", or nothing where it is not known."""
    if total_steps is None or steps_per_second <= 0:
        return ""
    seconds = round(max(total_steps - row.get("step", 0), 0) / steps_per_second)
    hours, minutes = seconds // 3600, seconds // 60 % 60
    return f"{hours}:{minutes:02}:{seconds % 60:02}" if hours else f"{minutes}:{seconds % 60:02}"


def _of(total: int | None) -> str:
    return "" if total is None else f"/{total}"


def _number(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else visible(str(value))
