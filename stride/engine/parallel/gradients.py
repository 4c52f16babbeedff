"""Bring the gradients of all ranks together: the gradient of the mean loss over a global batch."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from stride.data.batches.sampler import Counts
from stride.distributed import all_sum, any_rank, gather, world_size
from stride.engine.parallel.gradient_sums import add_gradients, copy_tensors, divide_gradients
from stride.errors import DataError
from stride.models.losses import Size, to_sum_dtype
from stride.models.model import Model
from stride.models.steps.batch import batch_size
from stride.models.steps.step import Step, loss_or_zero

Backward = Callable[..., None]

_MANY = 1024  # samples, where the ranks do not know how many they have together


class Gradients(ABC):
    """Say what a window of microbatches is, and make its gradients those of all ranks.

    The mean over a global batch is a sum, divided once by the sum of the sizes of all its steps:
    each backward pass is of a loss times its weight, which is its size (in units of `scale`), and
    what the weights come to travels with the gradients.

    Attributes:
        training_step: what gives the loss of a batch.
    """

    training_step: Callable[[Any], Any]

    def __init__(self, model: Model) -> None:
        self.training_step = model.training_step
        self._model = model
        self._scale = 1.0
        self._weights: list[Size] = []

    def _begin(self, samples: int) -> None:
        """Begin a window of so many samples, on all ranks together."""
        # Close to the mean, so that half precision can hold it; a power of two rounds nothing.
        self._scale = 2.0 ** max(0, samples - 1).bit_length()
        self._weights = []

    def _weight(self, step: Step) -> Size:
        """Return the weight of a step, and remember it."""
        weight = to_sum_dtype(step.size) / self._scale
        self._weights.append(weight)
        return weight

    def _loss(self, step: Step) -> Tensor:
        """Return the loss; for the mean of nothing, which may be NaN, one whose gradients are 0."""
        if isinstance(step.size, Tensor) or step.size:
            return step.loss
        trained = [p.sum() * 0 for p in self._model.parameters() if p.requires_grad]
        return torch.stack([zero.to(step.loss) for zero in trained]).sum()

    @abstractmethod
    def parts(self, window: Sequence[Any]) -> Iterable[Any]:
        """Return this process's batches of a window, each to be followed by `backward`."""

    @abstractmethod
    def backward(self, step: Step, backward: Backward) -> None:
        """Add the gradients of a batch's loss times its weight.

        Args:
            step: of the batch.
            backward: runs the backward pass of a scalar, as `Precision.backward`.
        """

    @abstractmethod
    def reduce(self, parameters: Sequence[nn.Parameter], optimizer: str) -> str:
        """Turn the sum of the gradients into those of the mean over the global batch.

        Args:
            parameters: of all optimisers; those that another one moves have no gradient.
            optimizer: the name of the one that this process's steps name, "" where it had none.

        Returns:
            The name that the steps of all ranks give.
        """

    @abstractmethod
    def batches(self, window: Sequence[Any]) -> Sequence[Any]:
        """Return the batches of a window, for whoever wants to look at them."""

    @abstractmethod
    def loss(self, step: Step) -> Tensor:
        """Return the mean loss of a step over all ranks."""

    @abstractmethod
    def are_finite(self, losses: Sequence[Tensor]) -> bool:
        """Tell whether all losses of a step are finite, on every rank (waits for the device)."""

    def agree(self, optimizer: str) -> str:
        """Return the name of the optimiser in a step that is refused; a rank may have none."""
        return optimizer

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
        super().__init__(model)
        self._alone = True

    def parts(self, window: Sequence[Any]) -> Iterable[Any]:
        """Return the window."""
        self._alone = len(window) == 1
        if not self._alone:
            self._begin(sum(map(batch_size, window)))
        return window

    def backward(self, step: Step, backward: Backward) -> None:
        """Add the gradients, of one batch as they are."""
        loss = self._loss(step)
        backward(loss if self._alone else loss * self._weight(step))

    def reduce(self, parameters: Sequence[nn.Parameter], optimizer: str) -> str:
        """Divide what several batches have added."""
        if not self._alone:
            divide_gradients(parameters, sum(self._weights))
        return optimizer

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

    def _parts(self, window: Sequence[Any]) -> list[Part]:
        parts = [Part(batch, counts or _unknown(batch)) for batch, counts in window]
        known = all(counts for _, counts in window)
        self._begin(sum(part.counts.whole for part in parts) if known else _MANY)
        return parts

    def batches(self, window: Sequence[Any]) -> Sequence[Any]:
        """Return this rank's batches."""
        return [batch for batch, _ in window if batch is not None]

    def loss(self, step: Step) -> Tensor:
        """Add the losses of all ranks (waits for the device)."""
        total, size = all_sum([float(loss_or_zero(step) * step.size), float(step.size)])
        return step.loss.new_tensor(total / size)

    def are_finite(self, losses: Sequence[Tensor]) -> bool:
        """Read the losses, and agree with the other ranks."""
        return not any_rank(any(not torch.isfinite(loss).item() for loss in losses))

    def agree(self, optimizer: str) -> str:
        """Ask all ranks: those without samples know no name."""
        return next(filter(None, gather(optimizer)), "")

    def share_buffers(self) -> None:
        """Overwrite the buffers by those of rank 0."""
        copy_tensors([*self._model.network.buffers(), *self._model.criterion.buffers()])


class Flat(SharedGradients):
    """Add the gradients of all ranks as one tensor, after the last microbatch of a window.

    The tensor's parts have the same place each time, so that they are added in the same order.
    Of several optimisers all parameters are in it, and each rank's vote for one of them, as if
    that were a parameter: so a rank without samples learns which one is meant, and all see it
    where ranks differ. To read the votes waits for the device.

    Args:
        model: what is trained.
        names: of several optimisers; none of a single one.
    """

    def __init__(self, model: Model, names: Sequence[str] = ()) -> None:
        super().__init__(model)
        first = next(model.parameters())
        self._votes = {name: nn.Parameter(first.new_zeros(())) for name in names}
        copy_tensors([*model.parameters()])
        self.share_buffers()

    def parts(self, window: Sequence[Any]) -> Iterable[Any]:
        """Return this rank's batches."""
        return [part.batch for part in self._parts(window) if part.counts.own]

    def backward(self, step: Step, backward: Backward) -> None:
        """Add the gradients."""
        backward(self._loss(step) * self._weight(step))

    def reduce(self, parameters: Sequence[nn.Parameter], optimizer: str) -> str:
        """Add those of all ranks, and divide by all weights.

        Raises:
            DataError: the ranks name different optimisers.
        """
        for name, vote in self._votes.items():
            vote.grad = torch.ones_like(vote) if name == optimizer else None
        add_gradients([*parameters, *self._votes.values()], sum(self._weights))
        voted = [name for name, vote in self._votes.items() if vote.grad is not None]
        if len(voted) > 1:
            what = f"the processes name different optimizers in one step: {', '.join(voted)}"
            hint = "choose it by what is the same in all of them, as a count of steps"
            raise DataError(what, where="training_step", hint=hint)
        return voted[0] if voted else optimizer

    def adopt(self) -> None:
        """Do nothing: the optimiser's parameters are what is added."""


def _unknown(batch: Any) -> Counts:
    """Assume that every rank has as many samples, where the sizes are unknown."""
    return Counts(batch_size(batch), batch_size(batch) * world_size())
