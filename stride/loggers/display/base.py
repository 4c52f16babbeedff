"""What shows a training, and what it is told of it."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from stride.loggers.base import Row
from stride.loggers.display.words import acted, format_metrics, progress, speed


class Head(NamedTuple):
    """Say what is trained, and where.

    Attributes:
        run: its number or name.
        network: the name of the model.
        parameters: how many numbers are trained or frozen in it.
        data: name of the dataset, and how many samples there are.
        device: what computes.
        folder: of the run.
        metric: by which weights are the best, empty where none are.
        is_best: tells of the values of an evaluation, as they are reported, whether they are the
            best so far.
        memory: gives the most bytes so far that the process holds as `memory`, and of an
            accelerator as `device_memory`.
        stage: says where a training stands beyond epochs, as "round 2 of 5".
    """

    run: str = ""
    network: str = ""
    parameters: int = 0
    data: str = ""
    device: str = ""
    folder: Path = Path()
    metric: str = ""
    is_best: Callable[[Row], bool] = lambda row: False
    memory: Callable[[], Mapping[str, int]] = dict
    stage: Callable[[], str] = str


class Display(ABC):
    """Show a training; called at reporting steps only."""

    _total_steps: int | None = None
    _total_epochs: int | None = None

    def start(self, head: Head, total_steps: int | None, total_epochs: int | None) -> None:
        """Begin; None for a length that is not known."""
        self._head, self._total_steps, self._total_epochs = head, total_steps, total_epochs

    @abstractmethod
    def report(self, row: Row, steps_per_second: float) -> None:
        """Show the state of a reporting step: step, epoch and metrics by name."""

    @abstractmethod
    def note(self, text: str) -> None:
        """Show a line of text for good."""

    def end(self, state: str, reason: str) -> None:  # noqa: B027
        """Take the state in which the run ends, and why, before `close`; by default do nothing."""

    @abstractmethod
    def close(self) -> None:
        """End the display; a second call does nothing."""

    def line(self, row: Row, steps_per_second: float) -> str:
        """Return the state of a reporting step as a line of text."""
        acting, going = acted(row, steps_per_second), self._speed(row, steps_per_second)
        return "  ".join([self._place(row), *acting, *format_metrics(row), going])

    def _place(self, row: Row) -> str:
        return progress(row, self._total_steps, self._total_epochs)

    def _speed(self, row: Row, steps_per_second: float) -> str:
        return speed(row, self._total_steps, steps_per_second)


class NoDisplay(Display):
    """Show nothing."""

    def report(self, row: Row, steps_per_second: float) -> None:
        """Show nothing."""

    def note(self, text: str) -> None:
        """Show nothing."""

    def close(self) -> None:
        """Do nothing."""
