"""Try a model on small batches before a run is claimed, leaving no trace."""

import copy
import math
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import torch
from torch import Tensor

from stride.config.metrics import as_number, metric_name
from stride.data.batches.first_samples import first_samples
from stride.data.samples import split_sample
from stride.distributed import world_size
from stride.engine.broadcast_check import require_no_broadcast
from stride.engine.optim.optimizers import require_named
from stride.engine.precision import Precision
from stride.engine.random import untouched
from stride.errors import DataError, StrideError
from stride.metrics.base import Metric, exact_type
from stride.metrics.names import named_numbers, require_distinct, require_no_clash
from stride.models.gradient_mode import evaluating
from stride.models.model import Model, evaluated_step
from stride.models.steps.batch import batch_size
from stride.models.steps.step import Step, as_step, loss_or_zero
from stride.models.targets import CLASSES
from stride.models.weights import clone_state


class LastBatch(NamedTuple):
    """Say how small the smallest batch of an epoch, or of an evaluation, is.

    Attributes:
        size: its samples in the process that has the fewest of them.
        where: which samples and batches lead to it, in words.
        hint: what to type where the model cannot take it.
        finite: whether its loss has to be a number, where it is trained on.
    """

    size: int
    where: str
    hint: str
    finite: bool = True

    def __str__(self) -> str:
        return f"a batch of {self.size} sample{'s' if self.size > 1 else ''}"


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
        the numbers that are `evaluated` beside the loss.

    Raises:
        DataError: a batch or a metric does not fit the model, or the loss has no gradient.
    """
    with untouched(), disposable(model) as copied:
        step = _train(copied, batch, precision)
        require_named(step, optimizers)
        _require_outputs(copied, step, num_classes)
        tensors = isinstance(step.outputs, Tensor) and isinstance(step.targets, Tensor)
        if tensors and _is_plain(copied):
            with precision.autocast():
                require_no_broadcast(copied.criterion, step.outputs, step.targets)
        norm = _gradient_norm(copied)
        if last is not None:
            _try_last(copied, batch, last, precision, finite=math.isfinite(loss_or_zero(step)))
        rated = rated if rated and tensors else {}
        _require_metrics(rated, step)
        require_no_clash(step.values, rated)
        evaluated = batch if evaluated is None else evaluated
        names = _evaluate(copied, evaluated, metrics, precision)
        if last_evaluated is not None:
            _try_last_evaluated(copied, evaluated, last_evaluated, precision)
    loss = float(step.loss)
    report = {"loss": loss, "gradient_norm": norm, "shapes": shapes(batch)}
    return report | {"rated": tensors, "values": [*step.values], "evaluated": names}


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


def _is_plain(model: Model) -> bool:
    """Tell whether the step is STRIDE's own, in which outputs and targets meet in the criterion."""
    return getattr(model.training_step, "__func__", None) is Model.training_step


def _gradient_norm(model: Model) -> float:
    gradients = [p.grad for p in model.parameters() if p.grad is not None]
    squares = [g.abs().to(exact_type(g)).square().sum() for g in gradients]
    return math.sqrt(float(sum(squares)))


def _train(model: Model, batch: Any, precision: Precision) -> Step:
    model.train()
    try:
        return _forward_backward(model, batch, precision)
    except StrideError:
        raise
    except (RuntimeError, ValueError, TypeError, IndexError) as error:
        raise _misfit(batch, error) from error


def _try_last(
    model: Model, batch: Any, last: LastBatch, precision: Precision, *, finite: bool
) -> None:
    """Refuse a model that cannot be trained on a batch as small as an epoch's smallest one."""
    few, what = first_samples(batch, last.size, of=batch_size(batch)), f"an epoch has {last}"
    if few is None:
        return
    with _taking(last, f"{what}, which the model cannot be trained on"):
        loss = loss_or_zero(_forward_backward(model, few, precision))
    if last.finite and finite and not math.isfinite(loss):
        raise DataError(f"{what}, whose loss is not finite", where=last.where, hint=last.hint)


def _try_last_evaluated(model: Model, batch: Any, last: LastBatch, precision: Precision) -> None:
    """Refuse a model that cannot be evaluated on a batch as small as the smallest one."""
    few = first_samples(batch, last.size, of=batch_size(batch))
    if few is not None:
        what = f"there is {last}, which the model cannot be evaluated on"
        with _taking(last, what), evaluating(model), precision.autocast():
            evaluated_step(model, few)


@contextmanager
def _taking(last: LastBatch, what: str) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        told = f"{what}: {_first_line(error)}"
        raise DataError(told, where=last.where, hint=last.hint) from error


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
            _update(metrics, step)
    except StrideError as error:
        error.where = error.where or "evaluation_step"
        raise
    except Exception as error:
        raise DataError(
            f"the evaluation step fails: {_first_line(error)}",
            where=f"evaluation_step, a batch of shapes {shapes(batch)}",
            hint="--debug shows the traceback",
        ) from error
    return require_distinct([*step.values, *_try_values(metrics)])


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
    ignored = getattr(model.criterion, "ignore_index", None)
    if width < num_classes and ignored != num_classes - 1:
        raise DataError(
            f"the model gives {width} outputs for {num_classes} classes",
            where=f"outputs of shape {shapes(step.outputs)}",
            hint="set the model's output size to the number of classes",
        )


def _require_metrics(metrics: Mapping[str, Metric], step: Step) -> None:
    _update(metrics, _detached(step))
    _try_values(metrics)


def _update(metrics: Mapping[str, Metric], step: Step) -> None:
    for name, metric in metrics.items():
        try:
            metric.update(step)
            if world_size() > 1:  # before there is a run, and not at its first evaluation
                metric.merge([metric.state_dict()] * world_size())
        except StrideError:
            raise
        except Exception as error:
            raise _unfit(name, error) from error


def _try_values(metrics: Mapping[str, Metric]) -> list[str]:
    """Let metrics give their values over these few samples, and forget them.

    So few samples may have no value, as a correlation: what counts are mistakes whatever the
    samples, and what STRIDE itself refuses.

    Returns:
        the names of the numbers; a metric that gives none yet is taken for one of its own name.
    """
    names: list[str] = []
    for name, metric in metrics.items():
        found = {name: 0.0}
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                values = named_numbers(name, metric.compute())
            for one, value in values.items():
                as_number(metric_name("validation", one), value)
            found = values
        except StrideError:
            raise
        except (TypeError, AttributeError, NameError) as error:
            raise _unfit(name, error) from error
        except (ValueError, ArithmeticError, RuntimeError, LookupError):
            pass  # too few samples, presumably
        finally:
            metric.reset()
        names += found
    return names


def _unfit(name: str, error: Exception) -> DataError:
    return DataError(
        f"the metric {name!r} does not fit the outputs: {_first_line(error)}",
        where="training_config.metrics",
        hint="type another metric, or training_config.metrics=[]",
    )


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
    if isinstance(error, KeyError):  # which says no more than the key
        return f"KeyError: {error}"
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
