"""Show a training in one output of a notebook, which changes in place."""

import time
from collections import deque
from collections.abc import Callable
from contextvars import copy_context
from threading import RLock
from typing import Any
from uuid import uuid4

from stride.config.metrics import ends_epoch
from stride.loggers.base import Row
from stride.loggers.display.base import Display, Head
from stride.loggers.display.progress import Progress
from stride.loggers.display.recent_epochs import RecentEpochs
from stride.loggers.display.training_html import Training, training_html
from stride.visible import visible

SECONDS_BETWEEN = 0.4
"""Between two drawings of one cause: each is a message to the browser."""

_EPOCHS = 6  # in the table
_NOTES = 20
_LENGTH = 2_000  # of a note, in characters

Publish = Callable[[str, str], object]
"""Put HTML, and the text that stands where there is no HTML, in the place of what was shown."""


class KernelOutput:
    """Show one output of the cell that runs, and then others in its place.

    It works from any thread, and a kernel that is gone ends no training.

    Args:
        shell: of the kernel.
    """

    def __init__(self, shell: Any) -> None:
        self._shell = shell
        self._id = f"stride-{uuid4().hex}"
        self._context = copy_context()  # which knows the cell
        self._shown = self._lost = False

    def __call__(self, html: str, text: str) -> None:
        """Show HTML, or text in its stead."""
        if self._lost:
            return
        try:
            self._context.copy().run(self._publish, {"text/html": html, "text/plain": text})
        except Exception:
            self._lost = True
        self._shown = True

    def _publish(self, data: dict[str, str]) -> None:
        transient = {"display_id": self._id}
        self._shell.display_pub.publish(data, transient=transient, update=self._shown)


class NotebookDisplay(Display):
    """Show bar, curve, the last epochs and what there is to say, a few times a second.

    Args:
        publish: shows it.
    """

    def __init__(self, publish: Publish) -> None:
        self._publish = publish
        self._turn = RLock()  # warnings come from other threads too
        self._notes: deque[str] = deque(maxlen=_NOTES)
        self._next: dict[bool, float] = {}
        self._end = ("running", "")
        self._is_open = False

    def start(self, head: Head, total_steps: int | None, total_epochs: int | None) -> None:
        """Begin to show."""
        super().start(head, total_steps, total_epochs)
        self._progress = Progress(head, total_steps, total_epochs)
        self._epochs = RecentEpochs(_EPOCHS, head.metric)
        self._is_open = True
        self._draw()

    def report(self, row: Row, steps_per_second: float) -> None:
        """Show the state of a reporting step, unless the last one was a moment ago."""
        with self._turn:
            if not self._is_open:
                return
            self._progress.take(row, steps_per_second)
            has_ended = ends_epoch(row)
            if has_ended:
                is_best = self._head.is_best(row)
                if is_best:
                    self._progress.take_best(row)
                self._epochs.add(row, is_best=is_best)
            self._draw_if_due(has_ended)

    def note(self, text: str) -> None:
        """Show a line below the others."""
        with self._turn:
            self._notes.append(visible(text, lines=True)[:_LENGTH])
            self._draw_if_due(True)

    def end(self, state: str, reason: str) -> None:
        """Take how the run ends."""
        self._end = state, reason

    def close(self) -> None:
        """Show the end, which stays."""
        with self._turn:
            if self._is_open:
                self._draw()
            self._is_open = False

    def _draw_if_due(self, of_epoch: bool) -> None:
        """Draw, but an epoch and what is inside of one not more often than an eye follows."""
        now = time.monotonic()
        if self._is_open and now >= self._next.get(of_epoch, 0.0):
            self._next[of_epoch] = now + SECONDS_BETWEEN
            self._draw()

    def _draw(self) -> None:
        shown = Training(self._progress, *self._end, self._epochs, [*self._notes])
        self._publish(training_html(shown), self._plain())

    def _plain(self) -> str:
        """Return what is shown instead of HTML."""
        row = {**self._progress.metrics, **self._progress.row}
        line = self.line(row, self._progress.steps_per_second)
        return "\n".join([f"run {visible(self._head.run)}: {self._end[0]}", line, *self._notes])
