"""End a training by what its evaluations say: the seam of early stopping and of pruning."""

from abc import ABC, abstractmethod

from stride.callbacks.base import Callback
from stride.callbacks.protocols import TrainerLike


class StoppingCallback(Callback, ABC):
    """Ask for the end once there is a reason, after the epoch is recorded and saved.

    The reason follows from the callback's state, which is in the checkpoint: a training that was
    killed between the two decides again, and alike.
    """

    @property
    @abstractmethod
    def reason(self) -> str:
        """Return why the training is to end now, empty while it is not."""

    def after_epoch(self, trainer: TrainerLike, metrics: dict[str, float]) -> None:
        """Decide, now that the epoch is recorded and saved."""
        self.judge(trainer)

    def judge(self, trainer: TrainerLike) -> None:
        """Ask for the end where it is time."""
        if self.reason:
            trainer.stop(self.reason, status="done")
