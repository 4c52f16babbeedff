"""Run a model over batches and gather outputs, targets and sample numbers, each once."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from stride.data import Normalization
from stride.engine.precision import Precision
from stride.errors import DataError, StrideError
from stride.models.gradient_mode import evaluating
from stride.models.model import Model
from stride.trainer.predict.misfit import misfit
from stride.trainer.predict.samples import Samples

Array = np.ndarray[Any, Any]
Arrays = dict[str, Array]

SAMPLE, OUTPUTS, TARGETS = "sample", "outputs", "targets"


class Column:
    """An array that grows in place by the rows of batches; at its end it has no room to spare.

    Args:
        name: for messages.
        total: the rows that there will be, as far as that is known.
    """

    def __init__(self, name: str, total: int | None) -> None:
        self._name = name
        self._total = total or 0
        self._array: Array | None = None
        self._length = 0

    def append(self, rows: Array) -> None:
        """Add rows.

        Raises:
            DataError: they have another shape than those before.
        """
        end = self._length + len(rows)
        if self._array is None:
            self._array = np.empty((max(end, self._total), *rows.shape[1:]), rows.dtype)
        if rows.shape[1:] != self._array.shape[1:]:
            raise DataError(
                f"{self._name} of a sample have the shape {self._array.shape[1:]}, and in a later "
                f"batch {rows.shape[1:]}",
                hint="pad all samples to one length, or call `run.model` in a program",
            )
        if end > len(self._array):
            # realloc: large arrays keep their pages and are not copied.
            self._array.resize((max(end, end + end // 4), *self._array.shape[1:]), refcheck=False)
        self._array[self._length : end] = rows
        self._length = end

    def array(self) -> Array:
        """Return all rows."""
        array = np.empty(0) if self._array is None else self._array
        if len(array) > self._length:
            array.resize((self._length, *array.shape[1:]), refcheck=False)
        return array


def predict(
    model: Model,
    samples: Samples,
    *,
    precision: Precision,
    undo: Normalization | None = None,
    target_shape: tuple[int, ...] | None = None,
) -> Arrays:
    """Return the outputs of a model for samples, batch by batch.

    The model is in evaluation mode meanwhile, and as it was after.

    Args:
        model: whose `predict` is called with the inputs of a batch; with the whole batch where
            that is neither inputs, nor (inputs, targets), nor a mapping with "inputs".
        samples: what is predicted.
        precision: the arithmetic.
        undo: for outputs of the shape of what is predicted: targets, or inputs without them.
        target_shape: of a sample's targets; None: the run's data has none.

    Returns:
        By name: `sample` (int64), `outputs` and, where batches have some, `targets`. Of a mapping
        or tuple each part is an array of its own: `outputs/mean`, `outputs/0`.

    Raises:
        DataError: there are no batches; the model does not take the inputs; outputs have not one
            row for each sample, or are not tensors.
    """
    columns: dict[str, Column] = {}
    count = 0
    with evaluating(model), precision.autocast():
        for batch in samples.batches:
            inputs, targets = split_inputs(batch)
            outputs = _outputs_of(model, inputs)
            if undo is not None:
                shape = target_shape
                if shape is None and targets is None:
                    shape = getattr(inputs, "shape", (0,))[1:]
                outputs = _restored(outputs, shape, undo)
            if samples.targets is not None and isinstance(targets, Tensor):
                targets = samples.targets.undo(targets)
            rows = _rows_of(outputs, targets)
            end = count + _size(rows, inputs)
            numbers = range(count, end) if samples.numbers is None else samples.numbers[count:end]
            rows[SAMPLE] = np.asarray(numbers, dtype=np.int64)
            for name in (SAMPLE, *(name for name in rows if name != SAMPLE)):
                columns.setdefault(name, Column(name, samples.total)).append(rows[name])
            count = end
    if not columns:
        what = "there are no samples, and without one the form of the outputs is not known"
        raise DataError(what, where="data", hint="give at least one batch")
    return {name: column.array() for name, column in columns.items()}


def _outputs_of(model: Model, inputs: Any) -> Any:
    try:
        return model.predict(inputs)
    except (StrideError, torch.OutOfMemoryError):
        raise
    except NotImplementedError as error:  # what torch says of a module without `forward`
        raise DataError(
            f"a {type(model.network).__name__} does not predict: {error}",
            hint="give it `forward`, or a `predict` of its own",
        ) from error
    except (RuntimeError, ValueError, TypeError, LookupError, AttributeError) as error:
        raise misfit(inputs, error) from error


def split_inputs(batch: Any) -> tuple[Any, Any]:
    """Return inputs and targets of a batch; None for targets that it has not."""
    if isinstance(batch, Mapping):
        return batch.get("inputs", batch), batch.get("targets")
    if isinstance(batch, (tuple, list)) and len(batch) in (1, 2):
        return batch[0], (batch[1] if len(batch) == 2 else None)
    return batch, None


def _restored(outputs: Any, shape: tuple[int, ...] | None, undo: Normalization) -> Any:
    """Return outputs of this shape a sample as they were before; (N,) and (N, 1) are one."""
    scalar = {(), (1,)}
    if shape is None or not isinstance(outputs, Tensor):
        return outputs
    found, wanted = tuple(outputs.shape[1:]), tuple(shape)
    if found != wanted and not {found, wanted} <= scalar:
        return outputs
    return undo.undo(outputs.to(torch.promote_types(outputs.dtype, torch.float32)))


def _rows_of(outputs: Any, targets: Any) -> Arrays:
    """Return the arrays of a batch by name; targets that are no tensors are left out."""
    rows = {}
    for name, part in _named(OUTPUTS, outputs):
        if not isinstance(part, Tensor):
            raise DataError(
                f"the model predicts a {type(part).__name__}, not a tensor",
                hint="let `predict` return a tensor, or a dict or tuple of tensors",
            )
        rows[name] = _array(part)
    named = _named(TARGETS, targets)
    return rows | {name: _array(part) for name, part in named if isinstance(part, Tensor)}


def _named(name: str, values: Any) -> Iterator[tuple[str, Any]]:
    """Yield what is in nested outputs or targets, each with its path."""
    if isinstance(values, Mapping):
        parts = dict(values)
    elif isinstance(values, (tuple, list)):
        parts = dict(zip(getattr(values, "_fields", range(len(values))), values, strict=True))
    else:
        yield from [] if values is None else [(name, values)]
        return
    for key, value in parts.items():
        yield from _named(f"{name}/{key}", value)


def _array(part: Tensor) -> Array:
    part = part.float() if part.dtype == torch.bfloat16 else part  # which NumPy has not
    array: Array = part.cpu().numpy()
    return array


def _size(rows: Arrays, inputs: Any) -> int:
    """Return how many samples a batch has: its inputs and all that came of it agree on that."""
    lengths = {name: part.shape[0] if part.ndim else None for name, part in rows.items()}
    lengths |= {"inputs": len(inputs)} if isinstance(inputs, Tensor) and inputs.ndim else {}
    found = {*lengths.values()}
    if len(found) != 1 or None in found:
        told = ", ".join(f"{name} {rows[name].shape}" for name in rows) or "none"
        raise DataError(
            f"outputs have not one row for each sample of a batch: {told}",
            hint="let `predict` return a row for each sample, or call `run.model` in a program",
        )
    return int(found.pop() or 0)
