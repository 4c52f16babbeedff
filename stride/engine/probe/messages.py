"""Say in few words what a batch is, and what an error said."""

from collections.abc import Mapping
from typing import Any

import torch


def first_line(error: Exception) -> str:
    """Return the first line of an error's message, or its type."""
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
