"""Try training and evaluation on a copy of the model, before a run is claimed."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor

from stride.engine.broadcast_check import require_no_broadcast
from stride.engine.optim.optimizers import require_named
from stride.engine.precision import Precision
from stride.engine.probe.disposable import disposable
from stride.engine.probe.last_batch import LastBatch, try_last, try_last_evaluated
from stride.engine.probe.messages import first_line, shapes
from stride.engine.probe.metrics import try_update, try_values
from stride.engine.probe.training import gradient_norm, try_training
from stride.engine.random import Draws, untouched
from stride.errors import DataError, StrideError
from stride.metrics.base import Metric
from stride.metrics.names import require_distinct, require_no_clash
from stride.models.gradient_mode import evaluating
from stride.models.model import Model, evaluated_step
from stride.models.steps.step import Step, loss_or_zero
from stride.models.targets import CLASSES


def probe(
    model: Model,
    batch: Any,
    metrics: Mapping[str, Metric],
    precision: Precision,
    *,
    num_classes: int | None = None,
    evaluated: Any = None,
    rated: Mapping[str, Metric] | None = None,
    last: LastBatch | None = None,
    last_evaluated: LastBatch | None = None,
    optimizers: Sequence[str] = (),
) -> dict[str, Any]:
    """Try a training step and an evaluation step on small batches, on a copy of the model.

    Args:
        model: what is tried.
        batch: a small one to train on.
        metrics: by name, of the evaluation; they are reset after.
        precision: the arithmetic.
        num_classes: how many classes the targets have, where that is known.
        evaluated: a small batch to evaluate, None for the one that is trained on.
        rated: metrics of the training steps, where these give outputs and targets.
        last: the smallest batch that an epoch gives, to be tried if `batch` is larger.
        last_evaluated: the smallest batch to be evaluated, likewise.
        optimizers: the names of several, of which steps have to name one.

    Returns:
        `loss`, `gradient_norm`, the `shapes` of the batch; then what the training follows by:
        whether its steps can be `rated`, the names of the `values` that they give, and those of
        the numbers that are `evaluated` beside the loss; and whether the evaluation `draws`.

    Raises:
        DataError: a batch or a metric does not fit the model, or the loss has no gradient.
    """
    with untouched(), disposable(model) as copied:
        step = try_training(copied, batch, precision)
        require_named(step, optimizers)
        _require_outputs(copied, step, num_classes)
        tensors = isinstance(step.outputs, Tensor) and isinstance(step.targets, Tensor)
        if tensors and _is_plain(copied):
            with precision.autocast():
                require_no_broadcast(copied.criterion, step.outputs, step.targets)
        norm = gradient_norm(copied)
        if last is not None:
            try_last(copied, batch, last, precision, finite=math.isfinite(loss_or_zero(step)))
        rated = rated if rated and tensors else {}
        _require_metrics(rated, step)
        require_no_clash(step.values, rated)
        evaluated = batch if evaluated is None else evaluated
        draws = Draws()
        names = _evaluate(copied, evaluated, metrics, precision)
        drawn = draws.seen()
        if last_evaluated is not None:
            try_last_evaluated(copied, evaluated, last_evaluated, precision)
    loss = float(step.loss)
    report = {"loss": loss, "gradient_norm": norm, "shapes": shapes(batch)}
    given = {"rated": tensors, "values": [*step.values], "evaluated": names}
    return report | given | {"draws": drawn}


def _is_plain(model: Model) -> bool:
    """Tell whether the step is STRIDE's own, in which outputs and targets meet in the criterion."""
    return getattr(model.training_step, "__func__", None) is Model.training_step


def _evaluate(
    model: Model, batch: Any, metrics: Mapping[str, Metric], precision: Precision
) -> list[str]:
    """Try the evaluation step as an evaluation calls it, and the metrics on what it gives.

    Returns:
        the names of the numbers that it gives beside the loss.
    """
    model.eval()
    try:
        with evaluating(model), precision.autocast():
            step = evaluated_step(model, batch)
            require_no_clash(step.values, metrics)
            try_update(metrics, step)
    except StrideError as error:
        error.where = error.where or "evaluation_step"
        raise
    except Exception as error:
        raise DataError(
            f"the evaluation step fails: {first_line(error)}",
            where=f"evaluation_step, a batch of shapes {shapes(batch)}",
            hint="--debug shows the traceback",
        ) from error
    return require_distinct([*step.values, *try_values(metrics)])


def _require_outputs(model: Model, step: Step, num_classes: int | None) -> None:
    """Refuse fewer outputs than classes: a few samples may not show the class that is missing."""
    scores = isinstance(step.outputs, Tensor) and step.outputs.ndim > 1
    if num_classes is None or not scores or not isinstance(model.criterion, CLASSES):
        return
    width = step.outputs.shape[1]
    ignored = getattr(model.criterion, "ignore_index", None)
    if width < num_classes and ignored != num_classes - 1:
        raise DataError(
            f"the model gives {width} outputs for {num_classes} classes",
            where=f"outputs of shape {shapes(step.outputs)}",
            hint="set the model's output size to the number of classes",
        )


def _require_metrics(metrics: Mapping[str, Metric], step: Step) -> None:
    try_update(metrics, _detached(step))
    try_values(metrics)


def _detached(step: Step) -> Step:
    outputs = step.outputs.detach() if isinstance(step.outputs, Tensor) else step.outputs
    return step._replace(outputs=outputs)
