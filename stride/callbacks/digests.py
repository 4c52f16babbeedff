"""Add digests of all weights to the fingerprints of a run."""

from stride.callbacks.base import Callback
from stride.callbacks.protocols import TrainerLike
from stride.engine.fingerprint import Fingerprint
from stride.models.steps.step import Step


class WeightDigests(Callback):
    """Digest the weights on their device every so many steps; nothing waits for it.

    Args:
        fingerprint: takes the digests.
        every: steps between two digests.
    """

    def __init__(self, fingerprint: Fingerprint, every: int) -> None:
        self._fingerprint = fingerprint
        self._every = every

    def after_step(self, trainer: TrainerLike, step: Step) -> None:
        """Digest the weights when enough steps have gone by."""
        if trainer.state.step % self._every == 0:
            self._fingerprint.add_digest(trainer.state.step, trainer.model.state_dict())
