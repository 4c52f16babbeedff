"""Say why a model does not take what it is to predict, and what to give it."""

from typing import Any

import torch
from torch import Tensor

from stride.engine.probe.messages import shapes
from stride.errors import DataError


def misfit(inputs: Any, error: Exception) -> DataError:
    """Return what a user is told of a model that fails on the inputs of a batch.

    Args:
        inputs: what the model was given.
        error: what came of it.
    """
    told = str(error).partition("\n")[0]
    if isinstance(error, KeyError) or not told:  # which says no more than the key
        told = f"{type(error).__name__} {told}".rstrip()
    kind = f", {inputs.dtype}" if isinstance(inputs, Tensor) else ""
    return DataError(
        f"the model does not take these inputs: {told}",
        where=f"inputs of shape {shapes(inputs)}{kind}",
        hint=_fitting(inputs),
    )


def _fitting(inputs: Any) -> str:
    if not isinstance(inputs, Tensor):
        return (
            "give inputs, (inputs, targets) or a dict with `inputs`; or let the model define "
            "`predict(self, batch)`, which is given any other batch whole"
        )
    if inputs.ndim and not len(inputs):
        return "give at least one sample"
    if inputs.dtype in (torch.float32, torch.float64):
        return "give inputs of the shape that the run was trained on"
    return (
        'give inputs of the shape and type that the run was trained on, as data.astype("float32")'
    )
