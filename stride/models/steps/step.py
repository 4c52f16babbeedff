"""The result of one step, and the checks of what a user's step returned."""

import math
from collections.abc import Mapping
from numbers import Real
from types import MappingProxyType
from typing import Any, NamedTuple

from torch import Tensor

from stride.config.metrics import value_name_fault
from stride.errors import DataError, nearest_name
from stride.models.losses import Size, Value, value_or_zero
from stride.models.steps.batch import batch_size

NO_VALUES: Mapping[str, Value] = MappingProxyType({})


class Step(NamedTuple):
    """The result of one step: the mean loss over its samples, and what metrics need.

    Attributes:
        loss: scalar mean over the batch, with its graph in training.
        size: what the loss is the mean of: how many samples, tokens or nodes, or the sum of their
            weights; a number, or a tensor of one, never waited for. It is the loss's weight
            wherever losses come together: microbatches, processes, epochs. Of 0, a step counts
            nothing. Where in an epoch a training is does not follow from it.
        outputs: what the network returned, if metrics are to see it.
        targets: the targets as the criterion saw them (shapes and type made to fit the outputs).
        values: further means over the step, by name: numbers, or tensors of one, never waited for.
            They are averaged and recorded as the loss is.
        optimizer: the name of the one that this step is an update of, where there are several.
    """

    loss: Tensor
    size: Size
    outputs: Any = None
    targets: Any = None
    values: Mapping[str, Value] = NO_VALUES
    optimizer: str = ""


new_step = tuple.__new__  # half the time of Step(...), which is Python code


def as_step(result: Any, batch: Any) -> Step:
    """Return a user's step result as a Step: a bare loss gets its size from the batch."""
    if isinstance(result, Step):
        if isinstance(result.loss, Tensor) and not result.loss.ndim and _is_size(result.size):
            require_values(result.values)
            return result
        raise DataError(
            "the Step that the model's step returned has no scalar loss, or no number for its size",
            hint="return the mean loss as a tensor without dimensions, and the number of samples",
        )
    if isinstance(result, Tensor) and result.numel() == 1:
        return Step(result.reshape(()), batch_size(batch))
    shape = f" of shape {tuple(result.shape)}" if isinstance(result, Tensor) else ""
    raise DataError(
        f"the model's step returned a {type(result).__name__}{shape}",
        hint="return the mean loss as a scalar tensor, or stride.Step(loss, size)",
    )


def _is_size(size: Any) -> bool:
    if isinstance(size, Tensor):
        return not size.ndim
    return isinstance(size, Real) and not isinstance(size, bool) and 0 <= float(size) < math.inf


def require_values(values: Any) -> None:
    """Refuse named values of a step that cannot be recorded.

    Raises:
        DataError: they are not a mapping of names to scalars, or a name is taken or not one.
    """
    if not isinstance(values, Mapping):
        raise _bad_values(f"are a {type(values).__name__}, not a dict of names and scalars")
    for name, value in values.items():
        if fault := value_name_fault(name):
            near = nearest_name(name, lambda one: not value_name_fault(one))
            raise _bad_values(f"have the name {name!r}, {fault}", near)
        if not is_scalar(value):
            shape = f" of shape {tuple(value.shape)}" if isinstance(value, Tensor) else ""
            raise _bad_values(f"hold a {type(value).__name__}{shape} as {name!r}, not one number")


def is_scalar(value: Any) -> bool:
    """Tell whether a value of a step is one real number, or a tensor of one."""
    if isinstance(value, Tensor):
        return not value.ndim and not value.is_complex()
    return isinstance(value, Real)


def _bad_values(what: str, hint: str = "") -> DataError:
    return DataError(
        f"the values of the Step that the model's step returned {what}",
        where="training_step or evaluation_step",
        hint=hint
        or 'return Step(loss, size, outputs, targets, values={"kl": kl}), kl the mean as a '
        "number or a tensor without dimensions",
    )


def loss_or_zero(step: Step) -> Tensor:
    """Return the loss without its graph: 0 where it is the mean of nothing, and so NaN."""
    return value_or_zero(step.loss, step.size)
