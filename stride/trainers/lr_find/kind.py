"""The range test of a learning rate as a kind of training: one loop whose rate grows."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from stride.config import Resolved
from stride.config.sections.average import AverageConfig
from stride.config.values import plain
from stride.engine.loop import Loop
from stride.errors import RunError
from stride.log import LOGGER
from stride.models.weights import clone_state
from stride.trainer.fit.kind import Kind
from stride.trainer.fit.run_start import RunStart
from stride.trainer.fit.session import Session
from stride.trainer.starts.resume import ResumedRun
from stride.trainers.lr_find.plot import draw_curve
from stride.trainers.lr_find.range_test import RangeTest

LEFT_OUT: Mapping[str, Mapping[str, Any]] = {
    "training_config": {
        "max_epochs": None,
        "with_validation": False,
        "with_test": False,
        "metrics": [],
        "early_stopping": False,
        "overfitting_window": None,
        "predict_final_loss": False,
        "evaluate_every_steps": None,
        "log_interval": 1,
        "nonfinite": "skip",  # the last step moves nothing, and is no failure
    },
    "scheduler_kwargs": {"scheduler_name": None, "interval": None},
    "average_config": plain(AverageConfig()),
}
"""What a config says of the training that the rate is for, and how a range test has it."""


class LrFind(Kind):
    """Let the learning rate grow from step to step, and suggest one by the losses.

    Nothing is evaluated, and no weights are better than others: the run keeps those it began with.

    Attributes:
        test: of the last or current session.
    """

    fixed_keys = ("training_config.max_epochs", "training_config.max_steps")
    has_best = False

    test: RangeTest
    _scheduler: str | None = None

    def complete(self, resolved: Resolved) -> Resolved:
        """Leave out what is for the training that follows: its length, schedule, evaluation."""
        config = resolved.config
        self._scheduler = config.scheduler_kwargs.scheduler_name
        length = {"max_steps": config.lr_find_config.num_steps}
        training = {**LEFT_OUT["training_config"], **length}
        return resolved.with_sections({**LEFT_OUT, "training_config": training})

    def set_up(self, session: Session) -> None:
        """Register the test: its losses say whether anything is left to do."""
        self.test = RangeTest(session)
        session.callbacks.in_order.append(self.test)
        session.state.register("lr_find", self.test)

    def restore(self, session: Session, start: RunStart) -> None:
        """Let the session stand where it starts; the weights that it began with are kept.

        Raises:
            RunError: it starts behind the steps of another training.
        """
        start.restore(session)
        if session.state.step and not isinstance(start, ResumedRun):
            what, hint = "a range test begins with its first step", "type: model_kwargs.init_from="
            raise RunError(what, where="checkpoint", hint=f"{hint}RUN to begin with its weights")
        if not start.saved:
            best, model = session.callbacks.best, session.assembly.model
            weights = clone_state(model.state_dict())
            best.load_state_dict({"best": best.best.state_dict(), "weights": weights})

    def loops(self, session: Session) -> Iterator[Loop]:
        """Yield the one loop, and suggest a rate where it has come to its end."""
        if self._scheduler is not None:
            LOGGER.warning("a range test goes without the schedule %s", self._scheduler)
        # A loss that is not finite is the end that was to be expected: nothing to warn of.
        yield replace(session.loop(), record=self.test.record, warn=LOGGER.info)
        if not session.stop.pauses:
            self.test.conclude()
            draw_curve(session, self.test.curve)
