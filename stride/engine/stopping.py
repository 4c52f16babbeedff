"""Say when a training ends: its limits, and the request to stop before them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

from stride.config.sections.training import TrainingConfig
from stride.engine.state import TrainState


@dataclass
class StopRequest:
    """Ask the loop to stop after the current step.

    Attributes:
        reason: why, in words; empty where none was made.
        status: what the run is then: `done` or `stopped`.
        signal: the number of the signal that asked, 0 for none. No part of the state: a resumed
            training was not asked again.
        spent: the time that was given and is used up, in words; empty where it is not. Likewise no
            part of the state.
    """

    reason: str = ""
    status: str = "done"
    signal: int = 0
    spent: str = ""

    def __bool__(self) -> bool:
        return bool(self.reason or self.signal or self.spent)

    @property
    def pauses(self) -> bool:
        """Tell whether the training may go on from here another time, as if it had never ended."""
        return bool(self.signal or self.spent or (self.reason and self.status == "stopped"))

    def state_dict(self) -> dict[str, Any]:
        """Return what was asked for, signals aside."""
        return {"reason": self.reason, "status": self.status}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Ask for the same again."""
        self.reason, self.status = state["reason"], state["status"]


@dataclass(frozen=True)
class Limits:
    """How long to train, and how often to do what is not done in each step.

    Attributes:
        epochs_key: which key of `training_config` says how many epochs there are.
    """

    max_epochs: int | None
    max_steps: int | None
    accumulate: int = 1
    evaluate_every: int = 1
    evaluate_every_steps: int | None = None
    log_interval: int = 50
    nonfinite: str = "stop"
    epochs_key: str = "max_epochs"

    def reached(self, state: TrainState) -> bool:
        """Tell whether the training has gone as far as it may."""
        return bool(self.reached_at(state.step, state.epoch))

    def reached_at(self, step: int, epoch: int) -> list[str]:
        """Return the keys of the limits that a training has reached which stands there."""
        limits = [(self.epochs_key, self.max_epochs, epoch), ("max_steps", self.max_steps, step)]
        return [name for name, most, now in limits if most is not None and now >= most]

    def counted_from(self, epoch: int, step: int) -> Self:
        """Return limits that are as far from an epoch and step as these are from the beginning."""
        return replace(
            self,
            max_epochs=None if self.max_epochs is None else epoch + self.max_epochs,
            max_steps=None if self.max_steps is None else step + self.max_steps,
        )

    def batches_of(self, update: int) -> str:
        """Return which batches of an epoch an update is made of, in words; the first is 0."""
        last, size = (update + 1) * self.accumulate, self.accumulate
        return f"batch {last}" if size == 1 else f"batches {last - size + 1} to {last}"

    @classmethod
    def of(cls, training: TrainingConfig) -> Self:
        """Return how long a config lets a training go on."""
        return cls(
            training.max_epochs,
            training.max_steps,
            accumulate=training.accumulate,
            evaluate_every=training.evaluate_every,
            evaluate_every_steps=training.evaluate_every_steps,
            log_interval=training.log_interval,
            nonfinite=training.nonfinite,
        )
