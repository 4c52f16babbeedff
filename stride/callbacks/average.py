"""Average the weights over the steps, and say which weights are evaluated and kept."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import torch
from torch import Tensor

from stride.callbacks.base import Callback
from stride.callbacks.protocols import TrainerLike
from stride.config.sections.average import AverageConfig
from stride.distributed import world_size
from stride.engine.parallel.gradient_sums import copy_tensors
from stride.models.model import CRITERION, Model


class PresentWeights:
    """Evaluate and keep the weights as they are trained."""

    def of(self, model: Model) -> dict[str, Any]:
        """Return the state that is kept where the model is the best so far."""
        return model.state_dict()

    def evaluated(self, model: Model) -> AbstractContextManager[None]:
        """Return the context in which the model is evaluated."""
        return nullcontext()

    def put_into(self, model: Model) -> None:
        """Leave the model with the weights that are evaluated, at the end of a training."""


class WeightAverage(Callback):
    """Keep an average of the weights beside them: an exponential one, or the mean.

    Definitions as in torch.optim.swa_utils: ema has a <- decay a + (1 - decay) w after each update
    (Polyak and Juditsky, 1992), swa the mean of the weights so far (Izmailov et al., 2018, arXiv
    1803.05407). Buffers with decimals, as the statistics of a BatchNorm, are averaged as the
    parameters are, and others taken as they stand.

    Args:
        config: kind and pace.
    """

    def __init__(self, config: AverageConfig) -> None:
        self._start, self._every = config.start_step, config.every_steps
        self._share = 1 - config.decay if config.kind == "ema" else None  # that of a mean falls
        self._evaluates = config.evaluate == "average"
        self._count = 0
        self._weights: dict[str, Tensor] = {}
        self._pairs: tuple[list[Tensor], list[Tensor]] | None = None

    def before_epoch(self, trainer: TrainerLike) -> None:
        """Look again at what the model has: a buffer may have been replaced."""
        self._pairs = None

    def after_step(self, trainer: TrainerLike, step: Any) -> None:
        """Take the weights into the average."""
        done = trainer.state.step - self._start
        if done > 0 and done % self._every == 0:
            averaged, present = self._pairs = self._pairs or self._gather(trainer.model)
            self._count = count = self._count + 1
            share = 1.0 if count == 1 else self._share or 1 / count
            # None of them has a graph: no_grad would do nothing, and cost as much again.
            torch._foreach_lerp_(averaged, present, share)

    def _gather(self, model: Model) -> tuple[list[Tensor], list[Tensor]]:
        """Return the average's tensors and the model's, in one order; new ones begin as these."""
        tensors = dict(_averaged_tensors(model))
        held = self._weights
        self._weights = {
            name: held[name].to(tensor.device)
            if name in held and held[name].shape == tensor.shape
            else tensor.clone()
            for name, tensor in tensors.items()
        }
        self._pairs = None  # before the next step they may come to lie in other memory
        return [*self._weights.values()], [*tensors.values()]

    def of(self, model: Model) -> dict[str, Any]:
        """Return the model's state with the average in the place of its weights."""
        return model.state_dict() | (self._weights if self._is_used() else {})

    def evaluated(self, model: Model) -> AbstractContextManager[None]:
        """Return the context in which the model has the average for its weights."""
        return self._in_place(model) if self._is_used() else nullcontext()

    @torch.no_grad()
    def put_into(self, model: Model) -> None:
        """Leave the model with the average for its weights, at the end of a training."""
        if self._is_used():
            averaged, present = self._gather(model)
            torch._foreach_copy_(present, averaged)

    def _is_used(self) -> bool:
        return self._count > 0 and self._evaluates

    @contextmanager
    def _in_place(self, model: Model) -> Iterator[None]:
        averaged, present = self._gather(model)
        if world_size() > 1:  # each rank has statistics of its own share
            copy_tensors(averaged)
        with torch.no_grad():
            own = [tensor.clone() for tensor in present]
            torch._foreach_copy_(present, averaged)
        try:
            yield
        finally:
            with torch.no_grad():
                torch._foreach_copy_(present, own)

    def state_dict(self) -> dict[str, Any]:
        """Return the average, and of how many updates it is."""
        return {"count": self._count, "weights": self._weights}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take an average up."""
        self._count, self._weights, self._pairs = state["count"], state["weights"], None


def _averaged_tensors(model: Model) -> Iterator[tuple[str, Tensor]]:
    """Yield name and tensor of what is averaged: all with decimals that the state holds."""
    stored = model.state_dict().keys()
    for prefix, module in (("", model.network), (CRITERION, model.criterion)):
        for name, tensor in (*module.named_parameters(), *module.named_buffers()):
            decimal = tensor.is_floating_point() or tensor.is_complex()
            if prefix + name in stored and decimal:
                yield prefix + name, tensor.detach()
