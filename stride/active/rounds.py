"""The state of active learning: round, labelled set and start of its training."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from stride.engine.state import TrainState


class Rounds:
    """The state of the rounds, as part of the training state.

    Attributes:
        number: of the round under way; 0 is the one before the first query.
        labelled: the samples that it trains on, by id, in the order in which they were labelled.
        epoch: completed epochs when it began.
        step: optimiser updates done when it began.
        rated: what each candidate scored when the round's was chosen; none, where none was.
    """

    def __init__(self, labelled: Tensor) -> None:
        self.number = 0
        self.labelled = labelled
        self.epoch = 0
        self.step = 0
        self.rated: list[float] = []

    def advance(self, queried: Tensor, state: TrainState) -> None:
        """Begin the next round, with the labels of a query."""
        self.number += 1
        self.labelled = torch.cat([self.labelled, queried])
        self.epoch, self.step = state.epoch, state.step

    def state_dict(self) -> dict[str, Any]:
        """Return the state of the rounds."""
        return {
            "number": self.number,
            "labelled": self.labelled,
            "epoch": self.epoch,
            "step": self.step,
            "rated": list(self.rated),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restore the state of the rounds."""
        self.number, self.labelled = state["number"], state["labelled"].clone()
        self.epoch, self.step = state["epoch"], state["step"]
        self.rated = list(state["rated"])


def unlabelled_ids(labelled: Tensor, length: int) -> Tensor:
    """Return the ids of the pool: those of all samples that are not labelled, rising."""
    free = torch.ones(length, dtype=torch.bool)
    free[labelled] = False
    return free.nonzero().flatten()
