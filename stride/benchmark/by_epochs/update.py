"""An update that is one epoch of a trainer of the user's."""

from collections.abc import Sequence
from typing import Any

import torch

from stride.benchmark.by_epochs.given import Given
from stride.data import batches_in_order
from stride.engine.evaluate import evaluate
from stride.engine.loop import Updates
from stride.models.steps.step import Step
from stride.trainer.fit.open_sections import values_of
from stride.trainer.fit.session import Session


class EpochUpdate:
    """Have the network trained for an epoch in place of an update; its loss is that after it.

    Args:
        session: whose network is trained.
        given: trains it.
        update: switches modes.
    """

    def __init__(self, session: Session, given: Given, update: Updates) -> None:
        self._session, self._given, self._update = session, given, update
        self.train, self.evaluating = update.train, update.evaluating

    def gradients(self, window: Sequence[Any]) -> Step:
        """Train for an epoch; return the mean loss over the training split."""
        assembly = self._session.assembly
        self._given.do_epoch(assembly.model.network)
        assembly.model.to(assembly.device)  # where a trainer has left it elsewhere
        batches = batches_in_order(
            "train",
            assembly.data.sources["train"],
            values_of(assembly.config.load_data_kwargs),
            seed=assembly.config.seed,
            device=assembly.device,
            normalization=assembly.data.normalization,
        )
        with self._session.drawing("train"):
            values = evaluate(
                assembly.model, batches, {}, split="train", precision=assembly.precision
            )
        return Step(torch.tensor(values["train/epoch_loss"]), batches.num_samples or 1)

    def apply(self, window: Sequence[Any], step: Step) -> None:
        """Do nothing more: the weights have moved."""
