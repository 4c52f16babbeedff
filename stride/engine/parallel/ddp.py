"""Add gradients by torch's DistributedDataParallel, with the same bits after a resume."""

from collections.abc import Iterator, Sequence
from inspect import signature
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from stride.config.sections.distributed import DistributedConfig
from stride.distributed import world_size
from stride.engine.parallel.gradient_sums import add_gradients, divide_gradients
from stride.engine.parallel.gradients import Backward, SharedGradients
from stride.engine.precision import Precision
from stride.engine.random import untouched
from stride.models.model import Model
from stride.models.steps.step import Step, as_step

# Whether each forward pass copies rank 0's buffers: torch 2.13 gave it another name.
_NAMES = signature(DistributedDataParallel).parameters
_SYNC_BUFFERS = next(n for n in ("forward_sync_buffers", "broadcast_buffers") if n in _NAMES)

# Passes until nothing is decided any more: the first learns the graph where that is static, the
# next orders the buckets, and the last sends the order round.
_WARM_UP = 3


class Ddp(SharedGradients):
    """Let DistributedDataParallel add gradients while the backward pass goes on.

    It orders its buckets by the first backward pass of the process, so that a resumed training
    would add in another order than one that was never stopped; and the next forward pass sends
    that order round, which waits for ranks without samples for ever. Passes on an example, whose
    traces are removed, are therefore made first.
    """

    def __init__(
        self, model: Model, precision: Precision, example: Any, config: DistributedConfig
    ) -> None:
        super().__init__(model)
        self._precision = precision
        self._example = example
        self._options: dict[str, Any] = {
            "find_unused_parameters": config.find_unused_parameters,
            "static_graph": config.static_graph,
            "gradient_as_bucket_view": config.gradient_as_bucket_view,
            _SYNC_BUFFERS: False,
        }
        self.share_buffers()
        self.adopt()

    def adopt(self) -> None:
        """Wrap the parameters that are trained now."""
        self._parameters = [*self._model.parameters()]
        self._trained = self._are_trained()
        self._steps = _Steps(self._model)
        self._wrapper = DistributedDataParallel(self._steps, **self._options)
        self.training_step = self._step
        with untouched():
            self._warm_up()

    def _are_trained(self) -> list[bool]:
        return [parameter.requires_grad for parameter in self._parameters]

    def _warm_up(self) -> None:
        network, criterion = self._model.network, self._model.criterion
        modes = [(m, m.training) for m in (*network.modules(), *criterion.modules())]
        before = [(b, b.clone()) for part in (network, criterion) for b in part.buffers()]
        self._model.train()
        for _ in range(_WARM_UP):
            with self._precision.autocast():
                step = self._step(self._example)
            (step.loss + self._total).backward()
        for module, mode in modes:
            module.training = mode
        with torch.no_grad():
            for buffer, value in before:
                buffer.copy_(value)
        for parameter in self._steps.parameters():
            parameter.grad = None

    def _step(self, batch: Any) -> Step:
        step, self._total = self._wrapper(batch)
        return step  # type: ignore[no-any-return]

    def parts(self, window: Sequence[Any]) -> Iterator[Any]:
        """Yield this rank's batches; the gradients are added in the last backward pass.

        Where some rank has no share of the last batch all leave the adding to `reduce`.
        """
        if self._are_trained() != self._trained:  # DDP has looked at it once, and never again
            self.adopt()
        parts = self._parts(window)
        self._left_out = parts[-1].counts.whole < world_size()
        self._steps.total.grad = None
        for number, part in enumerate(parts, 1):
            self._wrapper.require_backward_grad_sync = number == len(parts) and not self._left_out
            if part.counts.own:
                yield part.batch

    def backward(self, step: Step, backward: Backward) -> None:
        """Add the gradients, and the weight as that of a parameter of its own."""
        weight = self._weight(step)
        backward(self._loss(step) * weight, self._total * weight)

    def reduce(self, parameters: Sequence[nn.Parameter], optimizer: str) -> str:
        """Divide by all weights, and add here what DistributedDataParallel has not."""
        if self._left_out:
            add_gradients(parameters, sum(self._weights))
        else:
            divide_gradients(parameters, self._steps.total.grad)  # type: ignore[arg-type]
        return optimizer


class _Steps(nn.Module):
    """Make a model's training step the forward pass of a module, which is what DDP wraps.

    Attributes:
        total: has the weights of all steps as its gradient, which is added as all others are.
    """

    def __init__(self, model: Model) -> None:
        super().__init__()
        self.network, self.criterion = model.network, model.criterion
        self._training_step = model.training_step
        self.total = nn.Parameter(torch.zeros((), device=model.device))

    def forward(self, batch: Any) -> tuple[Step, Tensor]:
        return as_step(self._training_step(batch), batch), self.total.clone()
