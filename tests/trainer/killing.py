"""End a training at a chosen step, as a kill would: nothing inside of it catches this."""

from stride.callbacks.base import Callback


class Killed(BaseException):
    """No Exception, so that nobody takes it for a failure."""


class Killer(Callback):
    """Kill the training after a step."""

    def __init__(self, step):
        self.step = step

    def after_step(self, trainer, step):
        """Kill it when the step is reached."""
        if trainer.state.step == self.step:
            raise Killed
