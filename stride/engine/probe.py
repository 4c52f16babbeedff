"""Try a model on one batch before a run is claimed, leaving no trace."""

import copy
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

from stride.data.samples import split_sample
from stride.distributed import world_size
from stride.engine.precision import Precision
from stride.engine.random import untouched
from stride.errors import DataError, StrideError
from stride.metrics.base import Metric, exact_type
from stride.models.model import Model, Step, as_step
from stride.models.targets import CLASSES
from stride.models.weights import clone_state


def probe(
    model: Model,
    batch: Any,
    metrics: Mapping[str, Metric],
    precision: Precision,
    *,
    num_classes: int | None = None,
) -> dict[str, Any]:
    """Run forward, backward and the metrics on one batch, on a copy of the model.

    Args:
        model: what is tried.
        batch: a small one.
        metrics: by name; they are reset after.
        precision: the arithmetic.
        num_classes: how many classes the targets have, where that is known.

    Returns:
        `loss`, `gradient_norm` and the `shapes` of the batch.

    Raises:
        DataError: the batch does not fit the model, or the loss has no gradient.
    """
    with untouched(), disposable(model) as copied:
        copied.train()
        try:
            step = _forward_backward(copied, batch, precision)
        except StrideError:
            raise
        except (RuntimeError, ValueError, TypeError, IndexError) as error:
            raise _misfit(batch, error) from error
        _require_outputs(copied, step, num_classes)
        _try_metrics(metrics, step)
        gradients = [p.grad for p in copied.parameters() if p.grad is not None]
        squares = [g.abs().to(exact_type(g)).square().sum() for g in gradients]
        norm = math.sqrt(float(sum(squares)))
    return {"loss": float(step.loss), "gradient_norm": norm, "shapes": shapes(batch)}


@contextmanager
def disposable(model: Model) -> Iterator[Model]:
    """Give a copy of the model; where it cannot be copied, the model itself, put back after."""
    try:
        copied = copy.deepcopy(model)
    except Exception:  # a weight that follows from others, a lock, no memory
        copied = model
    before = clone_state(model.state_dict()) if copied is model else {}
    training = model.network.training
    try:
        yield copied
    finally:
        if copied is model:
            model.load_state_dict(before)
            model.train(training)
            for parameter in model.parameters():
                parameter.grad = None


def _forward_backward(model: Model, batch: Any, precision: Precision) -> Step:
    with precision.autocast():
        step = as_step(model.training_step(batch), batch)
    if not step.loss.requires_grad:
        raise DataError(
            "the loss does not depend on the model's parameters",
            where="training_step",
            hint="compute it from the network's outputs, without no_grad or detach",
        )
    step.loss.backward()  # type: ignore[no-untyped-call]
    return step._replace(loss=step.loss.detach())


def _require_outputs(model: Model, step: Step, num_classes: int | None) -> None:
    """Refuse fewer outputs than classes: a few samples may not show the class that is missing."""
    scores = isinstance(step.outputs, Tensor) and step.outputs.ndim > 1
    if num_classes is None or not scores or not isinstance(model.criterion, CLASSES):
        return
    width = step.outputs.shape[1]
    if width < num_classes:
        raise DataError(
            f"the model gives {width} outputs for {num_classes} classes",
            where=f"outputs of shape {shapes(step.outputs)}",
            hint="set the model's output size to the number of classes",
        )


def _try_metrics(metrics: Mapping[str, Metric], step: Step) -> None:
    for name, metric in metrics.items():
        try:
            metric.update(_detached(step))
            if world_size() > 1:  # before there is a run, and not at its first evaluation
                metric.merge([metric.state_dict()] * world_size())
        except StrideError:
            raise
        except (RuntimeError, ValueError, TypeError, IndexError, AttributeError) as error:
            raise DataError(
                f"the metric {name!r} does not fit the outputs: {_first_line(error)}",
                where="training_config.metrics",
                hint="type another metric, or training_config.metrics=[]",
            ) from error
        metric.reset()


def _detached(step: Step) -> Step:
    outputs = step.outputs.detach() if isinstance(step.outputs, Tensor) else step.outputs
    return step._replace(outputs=outputs)


def _misfit(batch: Any, error: Exception) -> DataError:
    return DataError(
        f"the model does not fit the data: {_first_line(error)}",
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


def _first_line(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]


def shapes(batch: Any) -> Any:
    """Return the shapes of a batch's tensors, nested as the batch is."""
    if isinstance(batch, torch.Tensor):
        return list(batch.shape)
    if isinstance(batch, Mapping):
        return {str(key): shapes(part) for key, part in batch.items()}
    if isinstance(batch, (tuple, list)):
        return [shapes(part) for part in batch]
    return type(batch).__name__
