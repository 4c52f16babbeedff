"""Training by an object of the user's as a kind: every step is an epoch of theirs."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from stride.benchmark.by_epochs.batches import OneWindow
from stride.benchmark.by_epochs.given import Given, GivenTrainer, NoneGiven
from stride.benchmark.by_epochs.update import EpochUpdate
from stride.benchmark.data_block import DataBlock
from stride.config import Resolved
from stride.data.array_dataset import ArrayDataset
from stride.engine.loop import Loop
from stride.errors import DataError
from stride.trainer.fit.session import Session
from stride.trainers.reconstruction.kind import Reconstruction


class ByEpochs(Reconstruction):
    """Let an object of the user's train, and record what becomes of it as of any reconstruction.

    Attributes:
        given: trains the epochs.
    """

    def __init__(self) -> None:
        self.given: Given = NoneGiven()

    def complete(self, resolved: Resolved) -> Resolved:
        """Let an epoch be one step, by which its length is known."""
        one = {"training_config": {"limit_train_batches": 1}}
        return super().complete(resolved).with_sections(one)

    def objects(self) -> Mapping[str, Any]:
        """Return the user's trainer."""
        return self.given.objects

    def set_up(self, session: Session) -> None:
        """Give the data to the user's trainer, as the network sees them; register its state."""
        super().set_up(session)
        session.batches = OneWindow()
        self.given.set_data_sets(*(_block(session, split) for split in ("train", "val")))
        if isinstance(self.given, GivenTrainer) and self.given.is_stateful:
            session.state.register(GivenTrainer.NAME, self.given.objects[GivenTrainer.NAME])

    def loops(self, session: Session) -> Iterator[Loop]:
        """Yield the one loop; where it has come to its end, let the trainer finish."""
        for loop in super().loops(session):
            update = EpochUpdate(session, self.given, loop.update)
            yield replace(loop, update=update, rates=dict)  # those of an optimizer that rests
            if not session.stop.pauses:
                self.given.finalize_training(session.assembly.model.network)
                session.assembly.model.to(session.assembly.device)


def _block(session: Session, split: str) -> DataBlock:
    """Return a split of the run's data, normalised as the run has it."""
    source = session.assembly.data.sources.get(split)
    if not isinstance(source, ArrayDataset):
        what = f"the split {split} is not one of arrays, which a trainer by epochs is given"
        raise DataError(what, where="dataset_kwargs", hint="give data blocks to run_benchmark")
    return DataBlock.of(source)
