"""What a callback is: ten hooks that do nothing, of which it fills some."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # so that `from stride import Callback` loads no torch
    from stride.callbacks.protocols import TrainerLike
    from stride.models.steps.step import Step


class Callback:
    """Observe a training, log, and ask it to stop.

    Every hook's first argument is the trainer: `trainer.state` has step and epoch,
    `trainer.model`, `trainer.optimizer`, `trainer.log(name, value)`, `trainer.stop(reason)`. Only
    hooks that a class fills are called. A callback with `state_dict` and `load_state_dict` is
    part of every checkpoint.
    """

    def before_train(self, trainer: "TrainerLike") -> None:
        """Run once, when everything is built and the run is claimed."""

    def before_epoch(self, trainer: "TrainerLike") -> None:
        """Run before the first batch of an epoch is drawn."""

    def before_step(self, trainer: "TrainerLike", batches: Sequence[Any]) -> None:
        """Run when the gradients of a step stand, before clipping and the optimiser."""

    def after_step(self, trainer: "TrainerLike", step: "Step") -> None:
        """Run after an optimiser update; reading `step.loss` as a number waits for the device."""

    def before_evaluate(self, trainer: "TrainerLike", split: str) -> None:
        """Run before a split is evaluated: "validation", "test", or one of the user's by name."""

    def after_evaluate(self, trainer: "TrainerLike", metrics: dict[str, float]) -> None:
        """Run after the validation split was evaluated; values added to `metrics` are recorded.

        One that takes the split too, as `(trainer, metrics, split="validation")`, is called for
        every split.
        """

    def after_epoch(self, trainer: "TrainerLike", metrics: dict[str, float]) -> None:
        """Run at the end of an epoch, after its values are recorded."""

    def after_checkpoint(self, trainer: "TrainerLike", path: Path) -> None:
        """Run when a checkpoint stands in its folder; on every rank after the same step."""

    def on_exception(self, trainer: "TrainerLike", error: BaseException) -> None:
        """Run when the training ends by an exception, before it is passed on."""

    def after_train(self, trainer: "TrainerLike") -> None:
        """Run once at the end, with the last weights still in the model."""
