"""Choose and build the way in which gradients of several processes come together."""

from collections.abc import Callable, Sequence
from typing import Any

from stride.config.sections.distributed import DistributedConfig
from stride.distributed import world_size
from stride.engine.parallel.ddp import Ddp
from stride.engine.parallel.fsdp import Fsdp
from stride.engine.parallel.gradients import Flat, Gradients, OwnGradients
from stride.engine.precision import Precision
from stride.errors import ConfigError
from stride.models.model import Model

FLAT_BYTES = 8 * 2**20  # of parameters; measured: flat took less up to 8 MiB, ddp from 32 MiB on


def build_gradients(
    model: Model,
    precision: Precision,
    example: Callable[[], Any],
    config: DistributedConfig,
    optimizers: Sequence[str] = (),
) -> Gradients:
    """Build what the config's strategy names; in one process there is nothing to choose.

    Args:
        model: as rank 0 has it: the other ranks take its parameters and buffers.
        precision: the arithmetic.
        example: gives a small batch to try.
        config: the strategy, chosen by `choose_strategy`.
        optimizers: the names of several; none of a single one.
    """
    if world_size() == 1:
        return OwnGradients(model)
    if config.strategy == "ddp":
        return Ddp(model, precision, example(), config)
    if config.strategy == "fsdp":
        return Fsdp(model, precision, example())
    return Flat(model, optimizers)


def choose_strategy(strategy: str, model: Model, *, several: bool = False) -> str:
    """Return what `auto` stands for: one flat sum for small models, else ddp.

    Several optimisers have a flat one: ddp and fsdp wait for the gradients of all parameters,
    where the backward pass reaches those of one optimiser.

    DistributedDataParallel adds one bucket while the backward pass makes the next: a model of one
    bucket gains nothing by it, and pays for its bookkeeping in each step.

    Raises:
        ConfigError: ddp or fsdp is asked for, and there are several optimisers.
    """
    if several and strategy in ("ddp", "fsdp"):
        key = "distributed_config.strategy"
        what = f"several optimisers cannot be used with strategy={strategy}"
        raise ConfigError(what, key=key, where=key, hint=f"type: {key}=flat")
    if several:
        return strategy if world_size() == 1 else "flat"
    if strategy != "auto" or world_size() == 1:
        return strategy
    size = sum(p.numel() * p.element_size() for p in model.parameters() if p.requires_grad)
    return "flat" if size <= FLAT_BYTES else "ddp"
