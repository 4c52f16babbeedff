"""End a training when the time for it is used up."""

import time

from stride.callbacks.base import Callback
from stride.callbacks.protocols import TrainerLike
from stride.durations import budget_seconds
from stride.engine.stopping import StopRequest
from stride.models.steps.step import Step


class Budget(Callback):
    """Ask for the end once a time has gone by since this was made, after one step at least.

    It is asked for here and now: a training that is resumed was not asked again, and goes on as if
    it had never been ended.

    Args:
        given: `5m`, `1h30m`, `90s`, or a number of seconds.

    Attributes:
        request: where the end is asked for.

    Raises:
        UserError: it is no time.
    """

    def __init__(self, given: str | float) -> None:
        self._text = given if isinstance(given, str) else f"{given:g}s"
        self._due = time.monotonic() + budget_seconds(given)
        self.request = StopRequest()

    def after_step(self, trainer: TrainerLike, step: Step) -> None:
        """Ask for the end where the time is used up."""
        if time.monotonic() >= self._due:
            self.request.spent = self._text
