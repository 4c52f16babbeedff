"""The trainer of runs whose epochs are an object's of the user's."""

from typing import Any, cast

from stride.benchmark.by_epochs.given import GivenTrainer
from stride.benchmark.by_epochs.kind import ByEpochs
from stride.trainers.reconstruction.trainer import ReconstructionTrainer


class ByEpochsTrainer(ReconstructionTrainer):
    """Train by an object that has epochs of its own, as a run of a work_dir.

    A step of such a run is an epoch. The optimizer of the config moves nothing; data, criterion,
    errors, milestones and examples are those of a reconstruction.

    Args:
        work_dir: as of `Trainer`.
        **arguments: as of `Trainer`.
    """

    kind = ByEpochs

    def __init__(self, work_dir: Any = None, **arguments: Any) -> None:
        if not (isinstance(work_dir, dict) and "trainer" in work_dir):
            arguments.setdefault("trainer", "by_epochs")
        super().__init__(work_dir, **arguments)

    def set_epochs(self, trainer: Any) -> None:
        """Let this object train, which has `set_data_sets`, `do_epoch` and `finalize_training`.

        Raises:
            ComponentError: it lacks one.
        """
        cast(ByEpochs, self.builder.kind).given = GivenTrainer(trainer)
