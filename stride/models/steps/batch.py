"""Find inputs, targets and the number of samples in a batch of any form."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from stride.errors import DataError


def split_batch(batch: Any) -> tuple[Any, Any]:
    """Return inputs and targets of a batch; inputs alone are their own targets."""
    if isinstance(batch, Tensor):
        return batch, batch
    if isinstance(batch, Mapping) and "inputs" in batch:
        return batch["inputs"], batch.get("targets", batch["inputs"])
    if isinstance(batch, (tuple, list)) and len(batch) in (1, 2):
        return batch[0], batch[-1]
    form = f"{type(batch).__name__} of {len(batch)}" if hasattr(batch, "__len__") else type(batch)
    raise DataError(
        f"a batch that is a {form} is not (inputs, targets)",
        hint='yield (inputs, targets), inputs, {"inputs": ..., "targets": ...}, '
        "or give the model its own training_step",
    )


def batch_size(batch: Any) -> int:
    """Return the number of samples: the length of the first tensor found in the batch.

    A batch in which none is found, as an object of another library, counts as one sample.
    """
    size = _first_length(batch)
    return 1 if size is None else size


def _first_length(batch: Any) -> int | None:
    if isinstance(batch, Tensor):
        return batch.shape[0] if batch.ndim else 1
    if not isinstance(batch, (Mapping, tuple, list)):
        return None
    parts = batch.values() if isinstance(batch, Mapping) else batch
    return next((n for part in parts if (n := _first_length(part)) is not None), None)
