"""Active learning as a kind of training: one loop a round."""

from collections.abc import Iterator
from typing import Any

from stride.active.pool.candidate_config import candidates_section
from stride.config import Resolved
from stride.config.schema import Config
from stride.data import Data
from stride.engine.loop import Loop
from stride.engine.probe.last_batch import LastBatch
from stride.trainer.fit.assembly import Assembly
from stride.trainer.fit.kind import Kind
from stride.trainer.fit.open_sections import values_of
from stride.trainer.fit.run_start import RunStart
from stride.trainer.fit.session import Session
from stride.trainers.active.compatibility import smallest_of_rounds
from stride.trainers.active.cycle import Cycle
from stride.trainers.active.labelled_pool import LabelledPool


class Active(Kind):
    """Train on few labelled samples, ask for labels that tell most, and train again.

    Attributes:
        cycle: the rounds of the last or current session.
    """

    # How long each round is, and what it is measured by: what was asked for so far depends on it.
    fixed_keys = (
        "training_config.max_epochs",
        "training_config.max_steps",
        "training_config.with_test",
    )

    cycle: Cycle
    _pool: LabelledPool

    def complete(self, resolved: Resolved) -> Resolved:
        """Write the candidates into the model's section."""
        active = resolved.config.active_config
        if not active.models:
            return resolved
        kwargs, together = values_of(resolved.config.model_kwargs), active.model_selection is None
        section = candidates_section(kwargs, active.models, together)
        return resolved.with_sections({"model_kwargs": section})

    def take_data(self, config: Config, data: Data) -> None:
        """Let the training batches be those of the first labelled samples."""
        self._pool = LabelledPool(config, data)

    def set_up(self, session: Session) -> None:
        """Register the rounds: what is trained on has to be known before all else is restored."""
        self.cycle = Cycle(session, self._pool)
        session.state.register("rounds", self.cycle, first=True)

    def example(self, assembly: Assembly) -> Any:
        """Return samples with labels: those of the pool may wait for theirs."""
        labelled = self._pool.oracle is None or not assembly.validates
        return assembly.loader("train" if labelled else "validation").example()

    def last_batch(self, assembly: Assembly) -> LastBatch | None:
        """Return the smallest batch of all rounds that are planned."""
        last, training = super().last_batch(assembly), assembly.config.training_config
        if last is None or training.max_steps is not None:
            return last
        active, order = assembly.config.active_config, self._pool.order
        labels = (len(self._pool.rounds.labelled), len(self._pool.reader))
        return last._replace(**smallest_of_rounds(active, order, *labels))

    def restore(self, session: Session, start: RunStart) -> None:
        """Let the session stand in the round where it starts."""
        self.cycle.restore(start)

    def has_next_loop(self) -> bool:
        """Tell whether a further query is to be made."""
        return not self.cycle.stop_reason()

    def stage(self) -> str:
        """Say which round it is, and on how many labels it trains."""
        return self.cycle.stage

    def loops(self, session: Session) -> Iterator[Loop]:
        """Yield the loop of each round; what lies between two rounds is done in between."""
        if not self.cycle.begin():
            return
        yield session.loop()
        while self.cycle.end_round():
            yield session.loop()
        self.cycle.draw()
