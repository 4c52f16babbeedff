"""Try a training step."""

import math
from typing import Any

from torch import Tensor

from stride.data.samples import split_sample
from stride.engine.precision import Precision
from stride.engine.probe.messages import first_line, shapes
from stride.errors import DataError, StrideError
from stride.metrics.base import exact_type
from stride.models.model import Model
from stride.models.steps.step import Step, as_step


def try_training(model: Model, batch: Any, precision: Precision) -> Step:
    """Try a training step in training mode; its gradients stay.

    Raises:
        DataError: the model does not fit the batch, or the loss has no gradient.
    """
    model.train()
    try:
        return forward_backward(model, batch, precision)
    except StrideError:
        raise
    except (RuntimeError, ValueError, TypeError, IndexError) as error:
        raise _misfit(batch, error) from error


def forward_backward(model: Model, batch: Any, precision: Precision) -> Step:
    """Return a training step whose gradients are computed, its loss without the graph.

    A model that does not learn has none.

    Raises:
        DataError: the loss has no gradient.
    """
    with precision.autocast():
        step = as_step(model.training_step(batch), batch)
    if not model.learns:
        return step
    if not step.loss.requires_grad:
        raise DataError(
            "the loss does not depend on the model's parameters",
            where="training_step",
            hint="compute it from the network's outputs, without no_grad or detach",
        )
    step.loss.backward()  # type: ignore[no-untyped-call]
    return step._replace(loss=step.loss.detach())


def gradient_norm(model: Model) -> float:
    """Return the norm of the gradients that a step has left."""
    gradients = [p.grad for p in model.parameters() if p.grad is not None]
    squares = [g.abs().to(exact_type(g)).square().sum() for g in gradients]
    return math.sqrt(float(sum(squares)))


def _misfit(batch: Any, error: Exception) -> DataError:
    return DataError(
        f"the model does not fit the data: {first_line(error)}",
        where=f"a batch of shapes {shapes(batch)}",
        hint=_fitting(batch, str(error)),
    )


def _fitting(batch: Any, error: str) -> str:
    if "out of bounds" in error:
        return "class numbers go from 0 to the number of outputs less one"
    inputs, _ = split_sample(batch)
    whole = isinstance(inputs, Tensor) and not (inputs.is_floating_point() or inputs.is_complex())
    if whole and ("type" in error or "implemented for" in error):
        key = "dataset_kwargs.input_kind=float"
        return f"let the dataset give floats, as dataset_name=arrays does by {key}"
    return "change model_kwargs or criterion_kwargs; --debug shows the traceback"
