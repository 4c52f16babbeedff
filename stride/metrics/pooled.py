"""Feed a metric with the outputs of several steps at once."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from stride.metrics.base import Metric, compute_over_ranks
from stride.models.steps.step import Step

_STEPS = 32
_NUMBERS = 1 << 20


class PooledMetric:
    """A metric whose steps wait for company: one large comparison costs what one small one costs.

    Args:
        metric: its value must not depend on how samples come together, as that of counts.
        copies: whether targets are copied, since a loader may fill the same tensor again.

    Attributes:
        metric: the metric, which lacks what waits until `flush`.
        is_fed: whether outputs have come since the reset.
    """

    def __init__(self, metric: Metric, *, copies: bool) -> None:
        self.metric = metric
        self._copies = copies
        self._outputs: list[Tensor] = []
        self._targets: list[Tensor] = []
        self._held = 0
        self.is_fed = False

    def reset(self) -> None:
        """Reset the metric, and drop what waits."""
        self.metric.reset()
        self._outputs, self._targets, self._held = [], [], 0
        self.is_fed = False

    def add(self, outputs: Tensor, targets: Tensor) -> None:
        """Take the outputs and targets of a step."""
        self._outputs.append(outputs.detach())
        self._targets.append(targets.clone() if self._copies else targets)
        self._held += outputs.numel()
        self.is_fed = True
        if len(self._outputs) >= _STEPS or self._held >= _NUMBERS:
            self.flush()

    def flush(self) -> None:
        """Let the metric see what waits.

        Raises:
            DataError: it is not what the metric is about.
        """
        if not self._outputs:
            return
        outputs, targets = concatenate(self._outputs), concatenate(self._targets)
        if isinstance(outputs, Tensor) and isinstance(targets, Tensor):
            pairs = [(outputs, targets)]
        else:
            pairs = list(zip(self._outputs, self._targets, strict=True))
        self._outputs, self._targets, self._held = [], [], 0
        for some, theirs in pairs:
            self.metric.update(Step(some.new_zeros(()), len(some), some, theirs))

    def compute_over_ranks(self) -> float | Mapping[str, float]:
        """Return the value over all steps and ranks."""
        self.flush()
        return compute_over_ranks(self.metric)

    def state_dict(self) -> dict[str, Any]:
        """Return the metric's state over all steps since the reset."""
        self.flush()
        return self.metric.state_dict()

    def load_state_dict(self, state: Mapping[str, Any], *, is_fed: bool) -> None:
        """Restore the metric's state, and whether outputs had come."""
        self.reset()
        self.metric.load_state_dict(state)
        self.is_fed = is_fed


def concatenate(tensors: Sequence[Tensor]) -> Tensor | list[Tensor]:
    """Return tensors end to end, or as they are where their samples differ in shape."""
    if len({tensor.shape[1:] for tensor in tensors}) > 1:
        return list(tensors)
    return torch.cat(list(tensors))
