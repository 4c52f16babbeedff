"""The Metric interface: accumulate the steps of a split into one number."""

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from functools import reduce
from typing import Any, Protocol

import torch
from torch import Tensor

from stride.distributed import gather, world_size
from stride.errors import ComponentError, DataError
from stride.models.steps.step import Step

KEY = "training_config.metrics"


class Task(Protocol):
    """The protocol of the data's targets."""

    @property
    def target_kind(self) -> str | None:
        """ "class", "float", or None without targets."""

    @property
    def num_classes(self) -> int | None:
        """Number of classes, for targets of kind "class"."""


class Metric(ABC):
    """Accumulate the steps of a split into one number, or into several by name."""

    @abstractmethod
    def update(self, step: Step) -> None:
        """Accumulate a step's outputs and targets, without waiting for the device.

        Raises:
            DataError: when their shapes are not what the metric is about.
        """

    @abstractmethod
    def compute(self) -> float | Mapping[str, float]:
        """Return the value over all steps since the reset, NaN where it is not defined.

        Of several numbers a dict: each is recorded by the metric's name, `_` and its own.
        """

    @abstractmethod
    def reset(self) -> None:
        """Reset the state."""

    @abstractmethod
    def state_dict(self) -> dict[str, Any]:
        """Return the accumulated state since the reset (waits for the device)."""

    @abstractmethod
    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restore the state that `state_dict` returned."""

    def merge(self, states: Sequence[Mapping[str, Any]]) -> None:
        """Replace the state by the merged states of all ranks, given in their order.

        Raises:
            ComponentError: when the metric does not say how.
        """
        raise ComponentError(
            f"the metric {type(self).__name__} cannot be computed over several processes",
            where=KEY,
            hint="give its class merge(states), which takes what state_dict gave on each rank",
        )


def compute_over_ranks(metric: Metric) -> float | Mapping[str, float]:
    """Return the metric's value over all ranks; its own state stays as it is.

    Every rank has to ask, and gets the same bits.
    """
    if world_size() == 1:
        return metric.compute()
    own = metric.state_dict()
    metric.merge(gather(own))
    value = metric.compute()
    metric.reset()
    metric.load_state_dict(own)
    return value


class Sums(Metric):
    """A metric computed from sums over all samples, kept in one tensor on the device."""

    def __init__(self) -> None:
        self._sums: Tensor | None = None

    def update(self, step: Step) -> None:
        """Add the step's terms to the sums."""
        terms = self.terms(*outputs_and_targets(step))
        if self._sums is None:
            self._sums = terms
        else:
            self._sums = self.combine(self._sums.to(terms.device, non_blocking=True), terms)

    def compute(self) -> float | Mapping[str, float]:
        """Return the value that follows from the sums."""
        return math.nan if self._sums is None else self.value(self._sums.tolist())

    def reset(self) -> None:
        """Reset the sums."""
        self._sums = None

    def state_dict(self) -> dict[str, Any]:
        """Return the sums as numbers."""
        return {"sums": None if self._sums is None else self._sums.tolist()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restore these sums."""
        sums = state["sums"]
        self._sums = None if sums is None else torch.tensor(sums, dtype=torch.float64)

    def merge(self, states: Sequence[Mapping[str, Any]]) -> None:
        """Add the sums of all ranks."""
        known = [state["sums"] for state in states if state["sums"] is not None]
        sums = [torch.tensor(one, dtype=torch.float64) for one in known]
        self._sums = reduce(self.combine, sums) if sums else None

    def combine(self, sums: Tensor, terms: Tensor) -> Tensor:
        """Return the sums plus a batch's terms, or plus another rank's sums."""
        return sums + terms

    @abstractmethod
    def terms(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Return what a batch adds to the sums, of `exact_type` and on the outputs' device."""

    @abstractmethod
    def value(self, sums: Any) -> float | Mapping[str, float]:
        """Return the metric for the sums, given as (nested lists of) numbers."""


def exact_type(tensor: Tensor) -> torch.dtype:
    """Return the type to sum in: double, where the device has it."""
    return torch.float32 if tensor.device.type == "mps" else torch.float64


def outputs_and_targets(step: Step) -> tuple[Tensor, Tensor]:
    """Return a step's outputs and targets without their graph.

    Raises:
        DataError: when the step does not give both as tensors.
    """
    outputs, targets = step.outputs, step.targets
    if not (isinstance(outputs, Tensor) and isinstance(targets, Tensor)):
        raise DataError(
            "a metric needs outputs and targets, and the model's step gives none",
            where=KEY,
            hint="return Step(loss, size, outputs, targets), or set training_config.metrics=[]",
        )
    return outputs.detach(), targets.detach()
