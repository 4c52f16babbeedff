"""Evaluate without gradients, or with them where a model's losses are made of some."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol

import torch
from torch import Tensor, nn


class Evaluated(Protocol):
    """What is asked of a model that is evaluated: see `stride.Model`."""

    evaluation_needs_gradients: bool

    @property
    def parameters(self) -> Callable[[], Iterable[nn.Parameter]]:
        """Yield what has gradients."""


@contextmanager
def evaluating(model: Evaluated) -> Iterator[None]:
    """Compute what follows in inference mode, or with gradients where the model needs them.

    Gradients of parameters are after the block what they were before it.
    """
    if not model.evaluation_needs_gradients:
        with torch.inference_mode():
            yield
        return
    before = [(parameter, parameter.grad) for parameter in model.parameters()]
    forget_gradients(model)
    try:
        with torch.inference_mode(False), torch.enable_grad():
            yield
    finally:
        for parameter, gradient in before:
            parameter.grad = gradient


def forget_gradients(model: Evaluated) -> None:
    """Leave the parameters without gradients: those of one batch are not added to the next's."""
    for parameter in model.parameters():
        parameter.grad = None


def without_graph(value: Any) -> Any:
    """Return tensors, in tuples, lists and mappings too, without the graph that made them."""
    if isinstance(value, Tensor):
        return value.detach()
    if isinstance(value, tuple):
        parts = [without_graph(part) for part in value]
        return type(value)(*parts) if hasattr(value, "_fields") else tuple(parts)
    if isinstance(value, list):
        return [without_graph(part) for part in value]
    if isinstance(value, Mapping):
        return {key: without_graph(part) for key, part in value.items()}
    return value
