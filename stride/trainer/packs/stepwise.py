"""A fit that is led from outside, one update after the other."""

from collections.abc import Callable, Generator, Sequence
from functools import partial
from typing import Any

from stride.engine.loop import Loop
from stride.engine.signals import InterruptedAgain
from stride.log import speaking
from stride.loggers.text import TextLog
from stride.models.steps.step import Step
from stride.runs.provenance.collect import Survey
from stride.trainer.fit.finalizer import best_value
from stride.trainer.fit.kind import loops_of
from stride.trainer.fit.run_start import RunStart
from stride.trainer.fit.session import Session
from stride.trainer.flow import fitting
from stride.trainer.packs.turns import OwnGenerators, Turns, let_take_turns
from stride.trainer.readable_run import left_to_be_read
from stride.trainer.trainer import Trainer


class StepwiseFit:
    """Train from a start as `Trainer.fit_from` does, by updates that somebody else makes.

    All that is not the update itself is done in `begin` and `next`: hooks, evaluations, rows,
    checkpoints, and the end of the run.

    Args:
        trainer: trains nothing else meanwhile.
        start: where the training begins.
        turns: shared by all fits that are led together.
        survey: likewise.

    Attributes:
        generators: the random state of this training.
        session: what it carries, once it was begun.
        loop: that is under way.
        window: of the update that is to be made.
        has_begun: whether there is anything to be ended.
        is_over: whether it has ended.
        value: the best one, of a run that has ended by itself.
        error: what ended the run otherwise.
    """

    session: Session
    loop: Loop
    window: Sequence[Any]
    value: float

    def __init__(self, trainer: Trainer, start: RunStart, turns: Turns, survey: Survey) -> None:
        self.trainer, self.start = trainer, start
        self.generators = OwnGenerators()
        self.has_begun = self.is_over = self._is_alone = False
        self.error: BaseException | None = None
        self._turns = turns
        self._steps: Generator[None] = self._led(survey)
        self._advance = self._steps.__next__

    def begin(self) -> None:
        """Build the training, claim its run, and stand before the first update."""
        self.has_begun = True
        self.take_turn()
        self.next()

    def _led(self, survey: Survey) -> Generator[None]:
        """Yield where an update is to be made."""
        level = self.start.resolved.config.logging_config.level
        with (
            left_to_be_read(self.trainer),
            TextLog(level) as log,
            fitting(self.trainer, self.start, log, survey) as session,
        ):
            self.session = session
            let_take_turns(session, self.take_turn)
            for loop in loops_of(self.trainer.builder.kind, session):
                self.loop = loop
                for window in loop.windows():
                    self.window = window
                    if not self._is_alone:
                        yield
                    if self._is_alone:  # from here on
                        loop.advance(window)
        self.value = best_value(session)

    def take_turn(self) -> None:
        """Have the generators of the process."""
        self._turns.give(self.generators)

    def count(self, step: Step) -> None:
        """Count the update whose gradients stand."""
        self.loop.count(step)
        self.loop.step = step

    def next(self) -> None:
        """Do all that comes before the next update, or the end.

        Raises:
            InterruptedAgain: nothing is to be done any more, in no fit.
        """
        self._go_on(self._advance)
        if isinstance(self.error, InterruptedAgain):
            raise self.error

    def finish_alone(self, why: str = "") -> None:
        """Make all updates that are left, by the step that the training has alone.

        Args:
            why: it leaves its pack, for its log; "" where it was in none.
        """
        self._is_alone = True
        if why:
            with speaking(self):
                self.session.run.note(f"trained alone from step {self.loop.state.step} on: {why}")
        self.take_turn()
        self.next()

    @property
    def computes_otherwise(self) -> bool:
        """Tell whether a hook of it has changed what torch computes with."""
        return self._turns.differ_for(self.generators)

    def retract(self, step: int) -> None:
        """Delete the checkpoints of later steps, so that nothing goes on from one."""
        self.session.callbacks.checkpoints.retract(self.session.trainer, step)

    def give_up(self, error: BaseException) -> None:
        """End what has begun and is not over by an exception that it has not raised itself."""
        if self.has_begun and not self.is_over:
            self.take_turn()
            self._go_on(partial(self._steps.throw, error))

    def _go_on(self, move: Callable[[], object]) -> None:
        try:
            with speaking(self):
                move()
        except StopIteration:
            self.is_over = True
        except BaseException as error:
            self.is_over, self.error = True, error
