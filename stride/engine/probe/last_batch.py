"""Try a model on a batch as small as the smallest that there will be."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from stride.data.batches.first_samples import first_samples
from stride.engine.precision import Precision
from stride.engine.probe.messages import first_line
from stride.engine.probe.training import forward_backward
from stride.errors import DataError
from stride.models.gradient_mode import evaluating
from stride.models.model import Model, evaluated_step
from stride.models.steps.batch import batch_size
from stride.models.steps.step import loss_or_zero


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


def try_last(
    model: Model, batch: Any, last: LastBatch, precision: Precision, *, finite: bool
) -> None:
    """Refuse a model that cannot be trained on a batch as small as an epoch's smallest one."""
    few, what = first_samples(batch, last.size, of=batch_size(batch)), f"an epoch has {last}"
    if few is None:
        return
    with _taking(last, f"{what}, which the model cannot be trained on"):
        loss = loss_or_zero(forward_backward(model, few, precision))
    if last.finite and finite and not math.isfinite(loss):
        raise DataError(f"{what}, whose loss is not finite", where=last.where, hint=last.hint)


def try_last_evaluated(model: Model, batch: Any, last: LastBatch, precision: Precision) -> None:
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
        told = f"{what}: {first_line(error)}"
        raise DataError(told, where=last.where, hint=last.hint) from error
