"""A reconstruction as a kind of training: one loop, measured after each epoch."""

from collections.abc import Iterator

import torch

from stride.config import Resolved
from stride.engine.loop import Loop
from stride.engine.random import untouched
from stride.models.detectors.detector import Detector
from stride.models.steps.batch import split_batch
from stride.trainer.fit.kind import Kind
from stride.trainer.fit.run_start import RunStart
from stride.trainer.fit.session import Session
from stride.trainers.reconstruction.conclusion import Conclusion
from stride.trainers.reconstruction.defaults import completed, require_fit
from stride.trainers.reconstruction.errors import Errors
from stride.trainers.reconstruction.history import History
from stride.trainers.reconstruction.record import Record
from stride.trainers.reconstruction.scoring import Scorer
from stride.trainers.reconstruction.splits import MeasuredSplit, measured_splits


class Reconstruction(Kind):
    """Train a network to give back its inputs, and measure on all splits how well it does.

    Attributes:
        record: of the last or current session.
    """

    fixed_keys = ("reconstruction_config.",)
    needs_learning = False

    record: Record
    _scorer: Scorer
    _splits: list[MeasuredSplit]

    def complete(self, resolved: Resolved) -> Resolved:
        """Write in the loss and optimiser that are the default here, and what the history needs."""
        return completed(resolved)

    def set_up(self, session: Session) -> None:
        """Register the record of the epochs, which is written before a checkpoint counts it."""
        assembly = session.assembly
        require_fit(assembly)
        config = assembly.config.reconstruction_config
        self._splits = measured_splits(assembly)
        if isinstance(detector := assembly.model.network, Detector):
            detector.fit(torch.cat([*self._splits[0].inputs()]))
        errors = Errors(config.errors, assembly.metrics())
        self._scorer = Scorer(assembly.model, assembly.precision, errors, config.point_score)
        history = History(session)
        self.record = Record(session, self._splits, self._scorer, history)
        session.callbacks.in_order.append(self.record)
        session.state.register("reconstruction", self.record)
        session.state.register("seconds", self.record.watch)
        for name, part in history.of_best.items():
            session.state.register(name, part)

    def restore(self, session: Session, start: RunStart) -> None:
        """Let the session stand where it starts; see before that outputs and errors fit.

        Raises:
            DataError: the network gives another shape than it is given, or an error does not fit.
        """
        with untouched():
            if session.assembly.model.learns:
                self._scorer.of([split_batch(self.example(session.assembly))[0]], points=True)
            else:  # what is not trained can be measured now
                self.record.scores()
        super().restore(session, start)

    def loops(self, session: Session) -> Iterator[Loop]:
        """Yield the one loop, and record the final model where it has come to its end."""
        model = session.assembly.model
        if not model.learns:
            session.stop.reason = f"{type(model.network).__name__} learns nothing, and is measured"
        yield session.loop()
        if not session.stop.pauses:
            if not model.learns and session.assembly.validates:
                _evaluate_untrained(session)
            final = Conclusion(session, self._splits, self._scorer, self.record.milestones)
            self.record.tested = final.write()


def _evaluate_untrained(session: Session) -> None:
    """Evaluate what no epoch evaluates: sweeps judge every run by the value that it follows."""
    values = session.assembly.evaluate("validation")
    session.record(values)
    session.callbacks.best.judge(session.trainer, values)
