"""Metrics over a whole split: exact, summed on the device, read once at the end.

    name            task                 value
    accuracy        classes              share of right answers
    top5_accuracy   classes              share with the right answer among the five best
    error           classes              1 - accuracy
    f1              classes              mean over the classes that occur (macro)
    auc             two classes          area under the ROC curve, by ranks, ties counted half
    mse rmse mae    numbers              over all numbers of all samples
    r2              numbers              mean over the outputs

Class outputs are scores of shape (N, C, ...) with targets (N, ...), or one score above or below
zero for each of two classes. Negative class targets (as -100) are not counted.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from functools import reduce
from inspect import signature
from typing import Any, Protocol

import torch
from torch import Tensor

from stride.distributed import gather, world_size
from stride.errors import ComponentError, ConfigError, DataError, MissingExtra, nearest
from stride.models.model import Step

KEY = "training_config.metrics"
_OWN = (
    "name a class with update, compute and reset: derive from stride.engine.metrics.Metric, "
    "whose update(step) finds step.outputs and step.targets"
)


class Task(Protocol):
    """What metrics need to know of the data."""

    @property
    def target_kind(self) -> str | None:
        """ "class", "float", or None without targets."""

    @property
    def num_classes(self) -> int | None:
        """Number of classes, for targets of kind "class"."""


class Metric(ABC):
    """Take the steps of a split one by one and give one number over all of them."""

    @abstractmethod
    def update(self, step: Step) -> None:
        """Take a step's outputs and targets; never wait for the device.

        Raises:
            DataError: When their shapes are not what the metric is about.
        """

    @abstractmethod
    def compute(self) -> float:
        """Return the value over all steps since the reset, NaN where it is not defined."""

    @abstractmethod
    def reset(self) -> None:
        """Forget all steps."""

    @abstractmethod
    def state_dict(self) -> dict[str, Any]:
        """Return what was taken since the reset (waits for the device)."""

    @abstractmethod
    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state_dict` gave."""

    def merge(self, states: Sequence[Mapping[str, Any]]) -> None:
        """Take the states of all ranks, in their order, in place of its own.

        Raises:
            ComponentError: When the metric does not say how.
        """
        raise ComponentError(
            f"the metric {type(self).__name__} cannot be computed over several processes",
            where=KEY,
            hint="give its class merge(states), which takes what state_dict gave on each rank",
        )


def over_ranks(metric: Metric) -> float:
    """Return the metric's value over what all ranks took; its own state stays as it is.

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
    """A metric that follows from sums over all samples, kept in one tensor on the device."""

    def __init__(self) -> None:
        self._sums: Tensor | None = None

    def update(self, step: Step) -> None:
        """Add the step's terms to the sums."""
        terms = self.terms(*outputs_and_targets(step))
        if self._sums is None:
            self._sums = terms
        else:
            self._sums = self.added(self._sums.to(terms.device, non_blocking=True), terms)

    def compute(self) -> float:
        """Return the value that follows from the sums."""
        return math.nan if self._sums is None else self.value(self._sums.tolist())

    def reset(self) -> None:
        """Forget the sums."""
        self._sums = None

    def state_dict(self) -> dict[str, Any]:
        """Return the sums as numbers."""
        return {"sums": None if self._sums is None else self._sums.tolist()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from these sums."""
        sums = state["sums"]
        self._sums = None if sums is None else torch.tensor(sums, dtype=torch.float64)

    def merge(self, states: Sequence[Mapping[str, Any]]) -> None:
        """Add the sums of all ranks."""
        known = [state["sums"] for state in states if state["sums"] is not None]
        sums = [torch.tensor(one, dtype=torch.float64) for one in known]
        self._sums = reduce(self.added, sums) if sums else None

    def added(self, sums: Tensor, terms: Tensor) -> Tensor:
        """Return the sums with a batch's terms, or another rank's sums, added."""
        return sums + terms

    @abstractmethod
    def terms(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Return what a batch adds to the sums, of `exact_type` and on the outputs' device."""

    @abstractmethod
    def value(self, sums: Any) -> float:
        """Return the metric for the sums, given as (nested lists of) numbers."""


def exact_type(tensor: Tensor) -> torch.dtype:
    """Return the type to sum in: double, where the device has it."""
    return torch.float32 if tensor.device.type == "mps" else torch.float64


def outputs_and_targets(step: Step) -> tuple[Tensor, Tensor]:
    """Return a step's outputs and targets without their graph.

    Raises:
        DataError: When the step does not give both as tensors.
    """
    outputs, targets = step.outputs, step.targets
    if not (isinstance(outputs, Tensor) and isinstance(targets, Tensor)):
        raise DataError(
            "a metric needs outputs and targets, and the model's step gives none",
            where=KEY,
            hint="return Step(loss, size, outputs, targets), or set training_config.metrics=[]",
        )
    return outputs.detach(), targets.detach()


def default_metrics(info: Task | None) -> list[str]:
    """Return accuracy where the targets are classes, mae where they are numbers, else nothing."""
    kind = None if info is None else info.target_kind
    return {"class": ["accuracy"], "float": ["mae"]}.get(kind or "", [])


def build_metrics(names: Sequence[str] | None, info: Task | None) -> dict[str, Metric]:
    """Return a metric for each name: one of the table above, torchmetrics' or an import path.

    Args:
        names: None for the default ones.
        info: What is known of the targets.

    Raises:
        ConfigError: For an unknown name, or a metric that does not fit the targets.
        MissingExtra: For a name of torchmetrics', which is not installed.
    """
    names = default_metrics(info) if names is None else names
    return {name.rpartition(":")[2]: _build(name, info) for name in names}


def _build(name: str, info: Task | None) -> Metric:
    from stride.engine import metrics_classes, metrics_numbers

    for kind, table in (("class", metrics_classes.METRICS), ("float", metrics_numbers.METRICS)):
        if name in table:
            _check_task(name, kind, info)
            return table[name]()
    if ":" in name:
        return _imported(name)
    names = [*metrics_classes.METRICS, *metrics_numbers.METRICS]
    return _of_torchmetrics(name, names, info)


def _check_task(name: str, kind: str, info: Task | None) -> None:
    given = None if info is None else info.target_kind
    fits = given is None or given == kind
    if name == "auc" and info is not None and info.num_classes not in (None, 2):
        raise ConfigError(
            f"auc is for two classes, and the targets have {info.num_classes}",
            key=KEY,
            hint="accuracy and f1 take any number, torchmetrics' MulticlassAUROC too",
        )
    if not fits:
        words = {"class": "classes", "float": "numbers"}
        raise ConfigError(
            f"{name} is for {words[kind]}, and the targets are {words[given or kind]}",
            key=KEY,
            hint="for classes: accuracy, top5_accuracy, error, f1, auc; "
            "for numbers: mse, rmse, mae, r2",
        )


def _unknown(name: str, names: Sequence[str]) -> ConfigError:
    hint = nearest(name, names) or nearest(name.lower(), names)
    return ConfigError(
        f"there is no metric {name!r}",
        key=KEY,
        hint=hint
        or f"{', '.join(names[:9])}, a class of torchmetrics, or an import path pkg.mod:Name",
    )


def _imported(name: str) -> Metric:
    from stride.components import find
    from stride.engine.metrics_torch import TorchMetric

    built = _made(name, find("metric", name))
    if isinstance(built, Metric):
        return built
    if all(callable(getattr(built, method, None)) for method in ("update", "compute", "reset")):
        return TorchMetric(built)
    raise ComponentError(f"{name} gives a {type(built).__name__}, no metric", where=KEY, hint=_OWN)


def _made(name: str, make: Any) -> Any:
    """Call what an import path names; a function of outputs and targets takes arguments."""
    try:
        signature(make).bind()
    except TypeError as error:
        what = f"{name} cannot be made without arguments: {error}"
        raise ComponentError(what, where=KEY, hint=_OWN) from None
    except ValueError:  # the signature of some built in C is not to be had
        pass
    return make()


def _of_torchmetrics(name: str, names: list[str], info: Task | None) -> Metric:
    from stride.engine import metrics_torch

    if not name[:1].isupper():
        raise _unknown(name, names)
    if not metrics_torch.installed():
        if nearest(name.lower(), names):
            raise _unknown(name, names)
        raise MissingExtra("torchmetrics", "metrics", where=KEY)
    found = metrics_torch.find(name)
    if found is None:
        raise _unknown(name, [*names, *metrics_torch.names()])
    return metrics_torch.build(name, found, info)
