"""Try a whole step of a config, leaving no trace."""

import math
from typing import Any

import torch

from stride.engine.optim.optimizers import build_optimizers, build_schedules
from stride.engine.probe.disposable import disposable
from stride.engine.random import untouched
from stride.engine.update import Update
from stride.errors import DataError
from stride.models.model import Model
from stride.trainer.fit.assembly import Assembly
from stride.trainer.fit.open_sections import optimizer_sections, scheduler_sections


def preflight(assembly: Assembly, example: Any, probed: dict[str, Any]) -> dict[str, Any]:
    """Do one optimiser and scheduler step on a copy of the model, where it learns.

    Args:
        assembly: data and model.
        example: a small batch to train on.
        probed: what the probe of the same batch found.

    Returns:
        What the probe found, number of parameters, device, and on a GPU the peak memory in MiB.

    Raises:
        DataError: gradients or stepped weights are not finite.
    """
    with untouched(), disposable(assembly.model) as model:
        if model.learns:
            _step(assembly, model, example, probed["loss"])
        finite = all(torch.isfinite(parameter).all() for parameter in model.parameters())
    if not finite or not math.isfinite(probed["gradient_norm"]):
        raise DataError(
            "one step on the first samples leads to numbers that are not finite",
            where=f"loss {probed['loss']:.4g}, gradient norm {probed['gradient_norm']:.4g}",
            hint="lower optimizer_kwargs.lr, normalise the data, or set clip_grad_norm",
        )
    count = sum(parameter.numel() for parameter in assembly.model.parameters())
    found = probed | {"parameters": count, "device": str(assembly.device)}
    if assembly.device.type == "cuda":
        found["peak_memory_mib"] = torch.cuda.max_memory_allocated(assembly.device) / 2**20
    return found


def _step(assembly: Assembly, model: Model, example: Any, loss: float) -> None:
    config, metric = assembly.config, assembly.saving_monitor.metric
    optimizers = build_optimizers(optimizer_sections(config), model)
    schedule = build_schedules(scheduler_sections(config), optimizers, metric=metric)
    update = Update(model, optimizers, assembly.precision)
    window = [example]
    update.train()
    update.apply(window, update.gradients(window))
    schedule.after_epoch({metric: loss})
