"""Metrics of torchmetrics, imported when one is asked for."""

import inspect
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from typing import Any

import torch
from torch import Tensor

from stride.components import bind
from stride.config.schema import Config
from stride.config.validation_errors import unknown_key
from stride.errors import ComponentError
from stride.metrics.base import KEY, Metric, Task, exact_type, outputs_and_targets
from stride.metrics.choice import MetricChoice
from stride.models.steps.step import Step
from stride.models.targets import match_shape

# The first that has a name wins: torchmetrics' own classes choose by the task.
_MODULES = ("", ".classification", ".regression")


class TorchMetric(Metric):
    """Adapt a metric with update(outputs, targets), as torchmetrics', to steps.

    Class scores are given as probabilities: scores that happen to lie between 0 and 1 could be
    taken for them.

    Args:
        metric: an instance of a metric of torchmetrics, or of the same methods.
        kind: what it takes: "binary", "class", "float" for numbers that are given one shape, or ""
            for outputs as they are.
    """

    def __init__(self, metric: Any, kind: str = "") -> None:
        self._metric = metric
        self._kind = kind
        self._device: torch.device | None = None
        if hasattr(metric, "persistent"):
            metric.persistent(True)  # so that its state_dict holds its state
        if hasattr(metric, "sync_on_compute"):
            metric.sync_on_compute = False  # ranks are brought together by `merge`

    def update(self, step: Step) -> None:
        """Update the metric with the outputs and targets, on their device."""
        outputs, targets = outputs_and_targets(step)
        if outputs.device != self._device and hasattr(self._metric, "to"):
            self._metric.to(outputs.device)
            self._device = outputs.device
        self._metric.update(*self._prepared(outputs, targets))

    def _prepared(self, outputs: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        numbers = targets.is_floating_point() and targets.numel() == outputs.numel()
        if self._kind == "float" and numbers:
            targets = match_shape(outputs, targets)
            single = outputs.ndim == 2 and outputs.shape[1] == 1
            return (outputs.squeeze(1), targets.squeeze(1)) if single else (outputs, targets)
        exact = outputs.to(exact_type(outputs))
        if self._kind == "binary":
            pair = exact.ndim > 1 and exact.shape[1] == 2
            scores = exact[:, 1] - exact[:, 0] if pair else exact
            return scores.sigmoid().reshape(targets.shape), targets.long()
        if self._kind == "class":
            return exact.softmax(dim=1), targets.long()
        return outputs, targets

    def compute(self) -> float | dict[str, float]:
        """Return the metric's value, or several by their names or by their numbers from 0 on.

        Raises:
            ComponentError: when it is neither numbers by name nor a list of them.
        """
        value = self._metric.compute()
        if isinstance(value, Mapping):
            return {str(name): float(number) for name, number in value.items()}
        if isinstance(value, Tensor) and value.ndim == 1 and len(value) > 1:
            return {str(n): number for n, number in enumerate(value.tolist())}
        if isinstance(value, Tensor) and value.numel() != 1:
            raise ComponentError(
                f"the metric {type(self._metric).__name__} gives {value.numel()} numbers, not one",
                where=KEY,
                hint="choose one with an average over the classes or outputs",
            )
        return float(value)

    def reset(self) -> None:
        """Reset the metric."""
        self._metric.reset()

    def state_dict(self) -> dict[str, Any]:
        """Return the metric's own state."""
        return dict(self._metric.state_dict())

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restore the metric's own state."""
        self._metric.load_state_dict(dict(state))

    def merge(self, states: Sequence[Mapping[str, Any]]) -> None:
        """Merge the states of all ranks by the metric's own method.

        Raises:
            ComponentError: when it cannot.
        """
        if not hasattr(self._metric, "merge_state"):
            super().merge(states)
        self._metric.reset()
        self._metric.load_state_dict(dict(states[0]))
        try:
            for number, state in enumerate(states[1:], 2):
                # Means are weighted by it, and a metric without any warns that it is empty.
                self._metric._update_count = number
                self._metric.merge_state(dict(state))
        except (RuntimeError, ValueError) as error:
            raise ComponentError(
                f"the metric {type(self._metric).__name__} cannot be computed over several "
                f"processes: {error}",
                where=KEY,
            ) from error


def is_installed() -> bool:
    """Tell whether torchmetrics can be imported, without importing it."""
    return find_spec("torchmetrics") is not None


def names() -> list[str]:
    """Return the names of the classes of torchmetrics."""
    return sorted({name for module in _modules() for name in module.__all__ if name[0].isupper()})


def find(name: str) -> type | None:
    """Return the class of that name in torchmetrics, its classification or its regression."""
    return next((vars(m)[name] for m in _modules() if name in m.__all__), None)


def _modules() -> list[Any]:
    from importlib import import_module

    return [import_module(f"torchmetrics{name}") for name in _MODULES]


def build(choice: MetricChoice, cls: type, info: Task | None) -> TorchMetric:
    """Build a metric of torchmetrics, with what the data tell beside the arguments given.

    Raises:
        ConfigError: it does not take an argument that was given.
        ComponentError: when it needs an argument that the data do not tell.
    """
    name = choice.name
    parameters = inspect.signature(cls).parameters
    classes = None if info is None else info.num_classes
    task = "binary" if classes == 2 else "multiclass"
    known = {"num_classes": classes, "task": task, "validate_args": False}
    arguments = {k: v for k, v in known.items() if k in parameters and v is not None}
    if choice.arguments:
        arguments |= choice.arguments
        arguments = bind(cls, arguments, section=choice.section)
        task = str(arguments.get("task", task))
    try:
        metric = cls(**arguments)
    except (TypeError, ValueError) as error:
        for other in (choice.arguments or {}).keys() - parameters.keys():  # its **kwargs take few
            raise unknown_key(f"{choice.section}.{other}", Config, [*parameters]) from error
        raise ComponentError(
            f"torchmetrics' {name} cannot be built here: {error}",
            where=choice.section,
            hint=f'give its arguments: {{"metric_name": "{name}", ...}}, or an import path to a '
            "function that builds it",
        ) from error
    return TorchMetric(metric, _kind(name, task, parameters))


def _kind(name: str, task: str, parameters: Mapping[str, Any]) -> str:
    if name.startswith("Binary") or ("task" in parameters and task == "binary"):
        return "binary"
    if name.startswith("Multiclass") or "task" in parameters:
        return "class"
    return "float"
