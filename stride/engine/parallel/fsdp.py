"""Divide a model's parameters among the processes (torch's FSDP2), each of which holds its rows.

The rows of a block come together for its forward pass and again for its backward pass, and are
let go after each: a process never holds more than one block and its own rows.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from stride.distributed import sum_tensor, world_size
from stride.engine.optim.build import needs_closure
from stride.engine.parallel.gradient_sums import as_number, copy_tensors, divide_gradients
from stride.engine.parallel.gradients import Backward, SharedGradients
from stride.engine.precision import Precision
from stride.engine.random import untouched
from stride.errors import ConfigError
from stride.log import LOGGER
from stride.models.model import Model
from stride.models.shards import is_sharded
from stride.models.steps.step import Step, as_step

_LISTS = (nn.Sequential, nn.ModuleList)
_KEY = "distributed_config.strategy"
_OTHER = "type: distributed_config.strategy=ddp"


def blocks(module: nn.Module) -> list[nn.Module]:
    """Return what is brought together at a time: the members of a module's lists.

    Lists are Sequential and ModuleList, of which the outermost count; where there are none, the
    module's children are meant. What shares a parameter with something else is no block.
    """
    found = [part for part in _members(module) or module.children() if _has_parameters(part)]
    return [block for block in found if _names(block) == _names(module, among=block)]


def _has_parameters(module: nn.Module) -> bool:
    return any(True for _ in module.parameters())


def _members(module: nn.Module) -> list[nn.Module]:
    members: list[nn.Module] = []
    for child in module.children():
        inside = isinstance(module, _LISTS) and not isinstance(child, _LISTS)
        members += [child] if inside else _members(child)
    return members


def _names(module: nn.Module, among: nn.Module | None = None) -> int:
    """Return how many names the parameters of a module have in it, or those of a part of it."""
    own = {id(p) for p in (among or module).parameters()}
    return sum(id(p) in own for _, p in module.named_parameters(remove_duplicate=False))


def divide(model: Model, device: torch.device) -> None:
    """Leave each process its rows of the parameters, as rank 0 has them, on its device.

    One process alone has all rows: its model stays as it is.

    Raises:
        ConfigError: a parameter has no rows, or the model is divided already.
    """
    if world_size() == 1:
        LOGGER.warning("strategy=fsdp divides nothing in one process: it trains as without it")
        return
    _require_dividable(model)
    copy_tensors([*model.parameters()])
    for module in (model.network, model.criterion):
        if _has_parameters(module):
            _divide(module, device)
    model.to(device)
    _wrap_own_steps(model)


def _divide(module: nn.Module, device: torch.device) -> None:
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.fsdp import FSDPModule, fully_shard

    mesh = init_device_mesh(device.type, (world_size(),))
    for part in (*blocks(module), module):
        fully_shard(part, mesh=mesh, reshard_after_forward=True)
    for part in module.modules():
        if isinstance(part, FSDPModule):  # the sum, not the mean: gloo has no other, too
            part.set_gradient_divide_factor(1.0)
            part.set_force_sum_reduction_for_comms(True)


def _wrap_own_steps(model: Model) -> None:
    """Bring rows together also where a network's own method is called instead of its forward."""
    from torch.distributed.fsdp import register_fsdp_forward_method

    for name in ("training_step", "evaluation_step", "predict"):
        if name in vars(model) and callable(getattr(model.network, name, None)):
            register_fsdp_forward_method(model.network, name)
            setattr(model, name, getattr(model.network, name))


def _require_dividable(model: Model) -> None:
    if any(is_sharded(p) for p in model.parameters()):
        raise ConfigError(
            "the model is divided already, among processes that have parted",
            key=_KEY,
            where=_KEY,
            hint="give set_model a new one",
        )
    scalars = [name for name, p in model.network.named_parameters() if not p.ndim]
    if scalars:
        raise ConfigError(
            f"the parameter {scalars[0]!r} is a single number, which cannot be divided",
            key=_KEY,
            where=_KEY,
            hint="give it the shape (1,), or " + _OTHER,
        )


def require_fsdp_fits(
    optimizer: Optimizer,
    precision: Precision,
    *,
    compiles: bool = False,
    evaluates_gradients: bool = False,
) -> None:
    """Refuse what does not work on divided parameters.

    Args:
        optimizer: of the parameters.
        precision: the arithmetic.
        compiles: whether the network is to be compiled: rows come together between its parts,
            where the compiler breaks off, and nothing would be left of it.
        evaluates_gradients: whether evaluations are made of gradients: rows that have come together
            for a forward pass stay so until its backward pass.

    Raises:
        ConfigError: the optimiser asks for gradients by itself, gradients are scaled, or the
            network compiled; or evaluations need gradients.
    """
    for wrong, what in (
        (needs_closure(optimizer), f"{type(optimizer).__name__}, which asks for the loss again,"),
        (precision.scaler is not None, f"the precision {precision.name}"),
        (compiles, "training_config.compile"),
        (evaluates_gradients, "a model with evaluation_needs_gradients"),
    ):
        if wrong:
            raise ConfigError(
                f"{what} cannot be used with strategy=fsdp", key=_KEY, where=_KEY, hint=_OTHER
            )


class Fsdp(SharedGradients):
    """Leave each process the rows of the sum of all gradients, as the backward pass makes them.

    They are added for each microbatch: to wait for the last would need the memory of a whole
    model. A process without samples takes part with an example that counts nothing.

    All processes have to use the same blocks in each step: they wait for each other in every one.
    """

    def __init__(self, model: Model, precision: Precision, example: Any) -> None:
        super().__init__(model)
        self._precision = precision
        self._example = example
        self.share_buffers()

    def parts(self, window: Sequence[Any]) -> Iterator[Any]:
        """Yield this rank's batches."""
        for part in self._parts(window):
            if part.counts.own:
                yield part.batch
            else:
                self._accompany()

    def backward(self, step: Step, backward: Backward) -> None:
        """Add the gradients; those of a mean over nothing are none, but the others wait."""
        weight = self._weight(step)
        if isinstance(weight, Tensor) or weight:
            backward(step.loss * weight)
        else:
            self._accompany()

    def _accompany(self) -> None:
        """Go forward and backward with the others, and change nothing by it."""
        with untouched(), _same_buffers(self._model):
            with self._precision.autocast():
                step = as_step(self.training_step(self._example), self._example)
            self._precision.backward(step.loss * 0)

    def reduce(self, parameters: Sequence[nn.Parameter], optimizer: str) -> str:
        """Divide what the backward passes have added by all weights."""
        total = as_number(sum(self._weights), torch.float32, parameters[0].device)
        sum_tensor(total)
        divide_gradients(parameters, total)
        return optimizer

    def adopt(self) -> None:
        """Do nothing: what is not trained is divided too."""


@contextmanager
def _same_buffers(model: Model) -> Iterator[None]:
    buffers = [*model.network.buffers(), *model.criterion.buffers()]
    before = [buffer.clone() for buffer in buffers]
    try:
        yield
    finally:
        with torch.no_grad():
            for buffer, value in zip(buffers, before, strict=True):
                buffer.copy_(value)
