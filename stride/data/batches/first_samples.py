"""Slice the first samples off a nested batch."""

from typing import Any

import torch

_PLAIN = (str, bytes, int, float, type(None))


def first_samples(batch: Any, count: int, *, of: int) -> Any:
    """Return the first samples of a batch.

    Args:
        batch: tensors and lists of texts, in tuples, lists and dicts.
        count: how many.
        of: how many samples the batch has.

    Returns:
        a batch of the same form; None where it has no more samples than that, or it is not clear
        which parts of it are a sample's.
    """
    if not 0 < count < of:
        return None
    try:
        return _cut(batch, count, of)
    except ValueError:
        return None


def _cut(part: Any, count: int, of: int) -> Any:
    if isinstance(part, torch.Tensor):
        if part.ndim and len(part) == of:
            return part[:count]
        raise ValueError("not one row a sample")
    if isinstance(part, _PLAIN):
        return part
    if type(part) is dict:
        return {key: _cut(value, count, of) for key, value in part.items()}
    if not isinstance(part, (tuple, list)):
        raise ValueError("an object of another library")
    if len(part) == of and all(isinstance(one, _PLAIN) for one in part):
        return part[:count]
    made = [_cut(one, count, of) for one in part]
    if hasattr(part, "_fields"):
        return type(part)(*made)
    return tuple(made) if isinstance(part, tuple) else made
