"""Choose the arithmetic of forward and backward passes."""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor

_DTYPES = {"bf16": torch.bfloat16, "fp16": torch.float16}


class Precision:
    """fp32, bf16 by autocast, or fp16 by autocast with a gradient scaler.

    Args:
        name: `fp32`, `bf16` or `fp16`.
        device: where the model is.
    """

    def __init__(self, name: str, device: torch.device) -> None:
        self.name = name
        self._device = device.type
        self._dtype = _DTYPES.get(name)
        self._plain = nullcontext()
        self.scaler = torch.amp.GradScaler(self._device) if name == "fp16" else None

    def autocast(self) -> AbstractContextManager[Any]:
        """Return the context for a forward pass; does nothing in fp32."""
        if self._dtype is None:
            return self._plain
        return torch.autocast(self._device, dtype=self._dtype)

    def backward(
        self,
        loss: Tensor,
        beside: Tensor | None = None,
        inputs: Sequence[Tensor] | None = None,
    ) -> None:
        """Run the backward pass of a scalar loss, scaled in fp16, and of one that is not.

        Args:
            loss: the loss.
            beside: another, which is not scaled.
            inputs: the tensors that get gradients; None: all that the loss was made of.
        """
        scaled = loss if self.scaler is None else self.scaler.scale(loss)
        whole = scaled if beside is None else scaled + beside
        whole.backward(inputs=inputs)  # type: ignore[no-untyped-call]

    def unscale(self, optimizer: torch.optim.Optimizer) -> None:
        """Bring gradients to their true size, for hooks and clipping; does nothing but in fp16."""
        if self.scaler is not None:
            self.scaler.unscale_(optimizer)

    def state_dict(self) -> dict[str, Any]:
        """Return the scaler's state, empty without one."""
        return {} if self.scaler is None else self.scaler.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Set the scaler's state."""
        if self.scaler is not None:
            self.scaler.load_state_dict(state)
