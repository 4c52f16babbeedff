"""Detect criteria that broadcast outputs against targets by mistake."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from stride.errors import DataError
from stride.models.targets import format_shape


def require_no_broadcast(criterion: Callable[..., Any], outputs: Tensor, targets: Tensor) -> None:
    """Refuse a criterion that compares every output with every target, as of (N, 1) and (N,).

    Shapes alone do not tell: a criterion may well bring the two together by itself. Where they
    hold as many numbers each and would be broadcast to more, it is watched at its work.

    Raises:
        DataError: it broadcasts one against the other.
    """
    wide = _broadcast(outputs.shape, targets.shape)
    if outputs.numel() != targets.numel() or wide is None or wide.numel() == outputs.numel():
        return
    outputs, targets = outputs.detach(), targets.detach()
    with torch.no_grad(), _BroadcastWatch(outputs, targets, wide) as spread:
        criterion(outputs, targets)
    if spread.seen:
        name = getattr(criterion, "__name__", type(criterion).__name__)
        shapes = [format_shape(tensor.shape) for tensor in (outputs, targets)]
        raise DataError(
            f"{name} compares every output with every target: {shapes[0]} against {shapes[1]} is "
            f"broadcast to {tuple(wide)} for {len(outputs)} samples",
            where="criterion_kwargs.criterion_name",
            hint="give them one shape: outputs.squeeze(1) at the end of forward, or "
            "targets.view_as(outputs) in the criterion; where it is meant, write it in a "
            "training_step of your own",
        )


def _broadcast(one: torch.Size, other: torch.Size) -> torch.Size | None:
    try:  # not torch's, which loads the compiler's symbolic shapes and sympy
        return torch.Size(np.broadcast_shapes(one, other))
    except ValueError:
        return None


class _BroadcastWatch(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Watch whether an operation broadcasts outputs against targets.

    Pairs within one of them, as a ranking takes them, do not count.

    Attributes:
        seen: whether one did.
    """

    def __init__(self, outputs: Tensor, targets: Tensor, wide: torch.Size) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.seen = False
        self._wide = wide
        # Each tensor is kept beside its side, or another one might get its id.
        self._sides = {id(outputs): (outputs, "outputs"), id(targets): (targets, "targets")}

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        known = [self._sides[id(one)] for one in args if id(one) in self._sides]
        outputs, targets = (
            [tensor.shape for tensor, side in known if side == wanted]
            for wanted in ("outputs", "targets")
        )
        self.seen |= any(_broadcast(o, t) == self._wide for o in outputs for t in targets)
        if isinstance(result, Tensor) and known and not (outputs and targets):
            widens = result.numel() > max(tensor.numel() for tensor, _ in known)
            if not widens or func.overloadpacket is torch.ops.aten.expand:
                self._sides[id(result)] = (result, known[0][1])
        return result
