"""Show a sweep under way on stderr: a view that is drawn again and again, or plain lines."""

import sys
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import TYPE_CHECKING

from stride.loggers.display.ability import ability_of, size_of
from stride.loggers.display.above import PrintedAbove
from stride.loggers.display.region import Region
from stride.loggers.screen import Screen
from stride.visible import visible
from stride_cli.output import tell
from stride_cli.sweeping.sentences import ended_line, failure_lines, has_failed
from stride_cli.sweeping.view import View

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial

    from stride.sweeps.following.standing import Standing
    from stride.sweeps.sweep import Sweep


class Display(ABC):
    """Show a sweep.

    Args:
        sweep: that is shown.
        names_best: whether one trial is called the best.
    """

    def __init__(self, sweep: "Sweep", *, names_best: bool = True) -> None:
        self._sweep, self._names_best = sweep, names_best

    @abstractmethod
    def ended(self, trial: "FrozenTrial", standing: "Standing", number: int) -> None:
        """Show that a trial has ended, as the number-th."""

    @abstractmethod
    def show(self, standing: "Standing") -> None:
        """Show where the sweep stands."""

    @abstractmethod
    def close(self) -> None:
        """End the display."""

    def _lines(self, trial: "FrozenTrial", standing: "Standing", number: int) -> Iterator[str]:
        """Yield a line for a trial that has ended, of a failed one the end of its traceback too."""
        known = standing if self._names_best else standing._replace(best=None)
        yield ended_line(self._sweep, trial, known, number)
        if has_failed(trial):
            yield from failure_lines(self._sweep, trial)


class PlainDisplay(Display):
    """Print a line for each trial that ends."""

    def ended(self, trial: "FrozenTrial", standing: "Standing", number: int) -> None:
        """Print it."""
        tell("\n".join(self._lines(trial, standing, number)))

    def show(self, standing: "Standing") -> None:
        """Show nothing more."""

    def close(self) -> None:
        """Do nothing: each line is written already."""


class LiveDisplay(Display):
    """Draw counts, the best so far and the trials under way; failures stay above."""

    def __init__(self, sweep: "Sweep", *, names_best: bool = True) -> None:
        super().__init__(sweep, names_best=names_best)
        self._stream = Screen(sys.stderr)
        self._view = View(sweep, ability_of(self._stream), names_best=names_best)
        self._lines_now: list[str] = []
        # Drawn where something was looked at, so that no further thread draws meanwhile.
        self._region = Region(self._stream, lambda: self._lines_now)
        self._above = PrintedAbove(self._region)
        self._above.begin()

    def ended(self, trial: "FrozenTrial", standing: "Standing", number: int) -> None:
        """Print a failure above the view."""
        if has_failed(trial):
            self._region.print(visible("\n".join(self._lines(trial, standing, number)), lines=True))

    def show(self, standing: "Standing") -> None:
        """Draw the view."""
        self._lines_now = self._view.lines(standing, size_of(self._stream))
        self._region.draw()

    def close(self) -> None:
        """Take the view away: what came out is told by then."""
        self._lines_now = []
        self._region.erase()
        self._above.end()


def open_display(sweep: "Sweep", *, names_best: bool = True) -> Display:
    """Return the display that suits stderr."""
    made_by = LiveDisplay if ability_of(Screen(sys.stderr)).redraws else PlainDisplay
    return made_by(sweep, names_best=names_best)
