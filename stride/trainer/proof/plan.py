"""Choose the step at which a proof kills the training, and the one at which it compares."""

from dataclasses import dataclass
from typing import Self

from stride.errors import UserError

SHORT = 32
"""An epoch of so many steps is trained whole: its end is then a part of the proof."""

LONGEST = 500
"""Nor is a longer one trained for a loader that begins nowhere else."""

INSIDE = 8
"""Steps before the kill, and after it, inside of a long epoch."""


@dataclass(frozen=True)
class Plan:
    """Say where a training is killed and where it is compared.

    Attributes:
        kill: the step after whose checkpoint it is killed.
        end: the step at which it is compared.
        every: the steps between its checkpoints.
        passes_border: whether an epoch ends on the way.
    """

    kill: int
    end: int
    every: int
    passes_border: bool

    @classmethod
    def of(cls, *, per_epoch: int | None, total: int | None, inside: bool) -> Self:
        """Choose by the length of an epoch and of the training, in steps; None: not known.

        Args:
            per_epoch: steps of an epoch.
            total: steps of the training.
            inside: whether the training can go on inside of an epoch.

        Raises:
            UserError: a few steps would prove nothing.
        """
        if not inside:
            return cls._at_border(per_epoch, total)
        short = per_epoch is not None and per_epoch <= SHORT
        kill = per_epoch + max(1, per_epoch // 2) if short and per_epoch else INSIDE
        if total is not None:
            kill = min(kill, total // 2)
        if kill < 1:
            raise UserError("a training of one step cannot be killed in its middle")
        end = 2 * kill
        return cls(kill, end, kill, per_epoch is not None and end > per_epoch)

    @classmethod
    def _at_border(cls, per_epoch: int | None, total: int | None) -> Self:
        if per_epoch is None or per_epoch > LONGEST:
            length = "an unknown number of" if per_epoch is None else str(per_epoch)
            raise UserError(
                "the training loader begins only where an epoch does, "
                f"and an epoch has {length} steps",
                hint="give the loader state_dict and load_state_dict, or a length of at most "
                f"{LONGEST} steps for this check",
            )
        if total is not None and total <= per_epoch:
            raise UserError(
                "the training loader begins only where an epoch does, and there is but one epoch",
                hint="let the training have two epochs for this check",
            )
        end = min(per_epoch + min(per_epoch, INSIDE), total or per_epoch + INSIDE)
        return cls(per_epoch, end, end, True)  # the epoch's end has a checkpoint anyway
