"""Bring the gradients of all ranks together: the gradient of the mean loss over a global batch."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from stride.data.batches.sampler import Counts
from stride.distributed import any_rank, totals, world_size
from stride.engine.parallel.gradient_sums import add_gradients, copy_tensors
from stride.models.model import Model, Step, batch_size


class Gradients(ABC):
    """Say what a window of microbatches is, and make its gradients those of all ranks.

    Attributes:
        training_step: what gives the loss of a batch.
    """

    training_step: Callable[[Any], Any]

    @abstractmethod
    def weighted(self, window: Sequence[Any]) -> Iterable[tuple[Any, float]]:
        """Return this process's batches of a window, each with the weight of its mean loss."""

    @abstractmethod
    def reduce(self, parameters: Sequence[nn.Parameter]) -> None:
        """Turn gradients of the weighted losses into those of the mean over the global batch."""

    @abstractmethod
    def batches(self, window: Sequence[Any]) -> Sequence[Any]:
        """Return the batches of a window, for whoever wants to look at them."""

    @abstractmethod
    def loss(self, step: Step) -> Tensor:
        """Return the mean loss of a step over all ranks."""

    @abstractmethod
    def are_finite(self, losses: Sequence[Tensor]) -> bool:
        """Tell whether all losses of a step are finite, on every rank (waits for the device)."""

    @abstractmethod
    def adopt(self) -> None:
        """Take notice of parameters that are trained from now on."""

    @abstractmethod
    def share_buffers(self) -> None:
        """Give every rank the buffers of rank 0, as the statistics of a BatchNorm.

        Each rank has statistics of its own share while it trains; those of rank 0 are evaluated
        and saved, as with DistributedDataParallel.
        """


class OwnGradients(Gradients):
    """Train in one process: its gradients are all there are."""

    def __init__(self, model: Model) -> None:
        self.training_step = model.training_step

    def weighted(self, window: Sequence[Any]) -> Iterable[tuple[Any, float]]:
        """Return the batches with their shares of the window's samples."""
        if len(window) == 1:
            return ((window[0], 1),)
        sizes = [batch_size(batch) for batch in window]
        whole = sum(sizes)
        return ((batch, size / whole) for batch, size in zip(window, sizes, strict=True))

    def reduce(self, parameters: Sequence[nn.Parameter]) -> None:
        """Do nothing."""

    def batches(self, window: Sequence[Any]) -> Sequence[Any]:
        """Return the window, which is nothing but batches."""
        return window

    def loss(self, step: Step) -> Tensor:
        """Return the step's loss."""
        return step.loss

    def are_finite(self, losses: Sequence[Tensor]) -> bool:
        """Read the losses."""
        return all(torch.isfinite(loss).item() for loss in losses)

    def adopt(self) -> None:
        """Do nothing."""

    def share_buffers(self) -> None:
        """Do nothing."""


class Part(NamedTuple):
    """A rank's share of one microbatch, None for none, with its size and the whole's."""

    batch: Any
    counts: Counts


class SharedGradients(Gradients):
    """Train on several ranks: a window is this rank's shares, as `Batches.shares` gives them."""

    def __init__(self, model: Model) -> None:
        self.training_step = model.training_step
        self._model = model
        self._own = self._whole = 0

    def _parts(self, window: Sequence[Any]) -> list[Part]:
        parts = [Part(batch, counts or _even(batch)) for batch, counts in window]
        self._own = sum(part.counts.own for part in parts)
        self._whole = sum(part.counts.whole for part in parts)
        return parts

    def batches(self, window: Sequence[Any]) -> Sequence[Any]:
        """Return this rank's batches."""
        return [batch for batch, _ in window if batch is not None]

    def loss(self, step: Step) -> Tensor:
        """Add the losses of all ranks (waits for the device)."""
        total, size = totals([step.loss.item() * step.size, step.size])
        return step.loss.new_tensor(total / size)

    def are_finite(self, losses: Sequence[Tensor]) -> bool:
        """Read the losses, and agree with the other ranks."""
        return not any_rank(any(not torch.isfinite(loss).item() for loss in losses))

    def share_buffers(self) -> None:
        """Overwrite the buffers by those of rank 0."""
        copy_tensors([*self._model.network.buffers(), *self._model.criterion.buffers()])


class Flat(SharedGradients):
    """Add the gradients of all ranks as one tensor, after the last microbatch of a window.

    The tensor's parts have the same place each time, so that they are added in the same order.
    """

    def __init__(self, model: Model) -> None:
        super().__init__(model)
        copy_tensors([*model.parameters()])
        self.share_buffers()

    def weighted(self, window: Sequence[Any]) -> Iterable[tuple[Any, float]]:
        """Return this rank's batches with their shares of its own samples."""
        parts = [part for part in self._parts(window) if part.counts.own]
        if len(parts) == 1:
            return ((parts[0].batch, 1),)
        return ((part.batch, part.counts.own / self._own) for part in parts)

    def reduce(self, parameters: Sequence[nn.Parameter]) -> None:
        """Add what each rank's samples weigh."""
        add_gradients(parameters, self._own / self._whole)

    def adopt(self) -> None:
        """Do nothing: the optimiser's parameters are what is added."""


def _even(batch: Any) -> Counts:
    """Take every rank to have as many samples, where nobody knows."""
    return Counts(batch_size(batch), batch_size(batch) * world_size())
