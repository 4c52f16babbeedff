"""The logarithm of softmax over classes, and its gradient, with the bits of torch's own."""

from collections.abc import Callable
from functools import cache
from typing import Any

import torch
from torch import Generator, Tensor

Kernel = Callable[..., Tensor]

_FULL = 64  # numbers of float32: a multiple of what any processor takes at once


def log_softmax(rows: Tensor) -> Tensor:
    """Map (N, classes)."""
    return _call(torch.log_softmax, rows)


def log_softmax_gradient(gradient: Tensor, logs: Tensor) -> Tensor:
    """Return the gradient of what `log_softmax` mapped to logs (N, classes)."""
    return _call(_backward, gradient, logs)


def _backward(gradient: Tensor, logs: Tensor, dim: int) -> Tensor:
    backward: Any = torch.ops.aten._log_softmax_backward_data
    found: Tensor = backward(gradient, logs, dim, logs.dtype)
    return found


def _call(kernel: Kernel, *rows: Tensor) -> Tensor:
    return _by_columns(kernel, *rows) if _are_equal(rows[0].shape[1]) else kernel(*rows, 1)


def _by_columns(kernel: Kernel, *rows: Tensor) -> Tensor:
    """Call a kernel of rows on columns, of which there are as many as fill the processor."""
    count, classes = rows[0].shape
    columns = torch.zeros(len(rows), classes, count + -count % _FULL)
    for place, one in zip(columns, rows, strict=True):
        place[:, :count] = one.t()
    return kernel(*columns, 0)[:, :count].t().contiguous()


@cache
def _are_equal(classes: int) -> bool:
    """Tell whether columns have the bits of rows on this machine.

    A row with fewer classes than the processor takes at once is added up one by one, as a column
    is, of which the processor takes many side by side.
    """
    rows = 4 * torch.randn(2, 64, classes, generator=Generator().manual_seed(0))
    logs = torch.log_softmax(rows[0], 1)
    return torch.equal(_by_columns(torch.log_softmax, rows[0]), logs) and torch.equal(
        _by_columns(_backward, rows[1], logs), _backward(rows[1], logs, 1)
    )
