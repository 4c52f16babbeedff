"""Build the optimiser and the learning-rate schedule from their sections of the config."""

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from torch import Tensor
from torch.nn import Parameter
from torch.optim import Optimizer
from torch.optim.lr_scheduler import ReduceLROnPlateau
from torch.utils._pytree import tree_map

from stride.components import bind, construct, find
from stride.errors import ConfigError, RunError
from stride.models.shards import divided_like, is_divided

_EVERY_STEP = ("OneCycleLR", "CyclicLR")


def resolve_optimizer(section: Mapping[str, Any]) -> dict[str, Any]:
    """Check the section against the optimiser's signature; return it complete.

    Raises:
        ConfigError: an unknown key or a value of the wrong type.
        ComponentError: no such optimiser.
    """
    constructor = find("optimizer", section["optimizer_name"])
    return _complete("optimizer", constructor, section, supplied=("params",))


def fused(section: Mapping[str, Any], parameters: Iterable[Parameter]) -> dict[str, Any]:
    """Return the section with the fused implementation chosen, if it can be and nothing else is.

    Fused, foreach and plain implementations differ in the last bits, so the choice is recorded.
    """
    asked = any(section.get(key) for key in ("fused", "foreach", "differentiable", "capturable"))
    if "fused" not in section or asked or section["fused"] is False:
        return dict(section)
    fits = all(p.device.type in ("cpu", "cuda") and p.is_floating_point() for p in parameters)
    return dict(section) | ({"fused": True} if fits else {})


class OptimizerState:
    """The state of an optimiser, restored to the very bits.

    torch casts what it restores to the parameters' type, which is not always that of the state;
    and it keeps the tensors that it is given, which belong to somebody else.
    """

    def __init__(self, optimizer: Optimizer) -> None:
        self._optimizer = optimizer

    def state_dict(self) -> dict[str, Any]:
        """Return the optimiser's state."""
        return self._optimizer.state_dict()

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Set the optimiser's state to copies of the tensors given.

        Raises:
            RunError: it has other groups of parameters.
        """
        own = tree_map(lambda x: x.clone() if isinstance(x, Tensor) else x, dict(state))
        if own["state"]:  # else a scheduler warns that it comes before the first update
            self._optimizer._opt_called = True  # type: ignore[attr-defined]
        parameters = [p for group in self._optimizer.param_groups for p in group["params"]]
        if any(is_divided(parameter) for parameter in parameters):
            own["state"] = _divided(own["state"], parameters)
        try:
            self._optimizer.load_state_dict(own)
        except ValueError as error:
            raise RunError(
                f"the checkpoint's optimiser has other groups of parameters: {error}",
                where="optimizer_kwargs",
                hint="make all groups before the training: those that a callback adds in the "
                "middle of it cannot be restored",
            ) from error
        for number, saved in own["state"].items():
            held = self._optimizer.state[parameters[number]]
            for name, value in saved.items():
                if isinstance(value, Tensor) and value.dtype != held[name].dtype:
                    held[name] = value.to(held[name].device)


def _divided(state: Mapping[int, Any], parameters: Sequence[Parameter]) -> dict[int, Any]:
    """Divide what an optimiser keeps of parameters as they are divided."""
    known = range(len(parameters))  # of a state for more parameters torch tells

    def placed(value: Any, like: Tensor) -> Any:
        fits = isinstance(value, Tensor) and value.ndim and value.shape == like.shape
        return divided_like(value, like) if fits else value

    return {
        number: {name: placed(value, parameters[number]) for name, value in values.items()}
        if number in known
        else values
        for number, values in state.items()
    }


def build_optimizer(section: Mapping[str, Any], parameters: Iterable[Parameter]) -> Optimizer:
    """Build the optimiser of a resolved section.

    Raises:
        ConfigError: nothing in the model can be trained.
        ComponentError: the constructor refuses a value, as a negative learning rate.
    """
    constructor = find("optimizer", section["optimizer_name"])
    trainable = [p for p in parameters if p.requires_grad]
    if not trainable:
        raise ConfigError("the model has nothing to train", key="model_kwargs.model_name")
    values = _own_keys("optimizer", section)
    built: Optimizer = construct(constructor, trainable, section="optimizer_kwargs", **values)
    return built


class Schedule:
    """A learning-rate scheduler and when it steps; without a scheduler it does nothing.

    Attributes:
        every_step: whether `step` is to be called after each optimiser update.
    """

    def __init__(self, scheduler: Any = None, interval: str = "epoch", monitor: str = "") -> None:
        self._scheduler = scheduler
        self._monitor = monitor
        self.every_step = scheduler is not None and interval == "step"

    def step(self) -> None:
        """Step a scheduler of interval `step`."""
        self._scheduler.step()

    def after_epoch(self, metrics: Mapping[str, float]) -> None:
        """Step a scheduler of interval `epoch`; a plateau scheduler waits for its metric."""
        if self._scheduler is None or self.every_step:
            return
        if not isinstance(self._scheduler, ReduceLROnPlateau):
            self._scheduler.step()
        elif self._monitor in metrics:
            self._scheduler.step(metrics[self._monitor])

    def state_dict(self) -> dict[str, Any]:
        """Return the scheduler's state, empty without one."""
        return {} if self._scheduler is None else self._scheduler.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Set the scheduler's state."""
        if self._scheduler is not None:
            self._scheduler.load_state_dict(state)


def resolve_scheduler(
    section: Mapping[str, Any], *, epochs: int | None, steps: int | None, mode: str
) -> dict[str, Any]:
    """Check the section against the scheduler's signature; fill in its length where it is open.

    Args:
        section: `scheduler_kwargs` of the config.
        epochs: how many epochs the training has at most, if that is known.
        steps: how many optimiser steps it has at most, if that is known.
        mode: which way the metric is better that a plateau scheduler follows.

    Raises:
        ConfigError: an unknown key, a value of the wrong type, or a length that is not known.
    """
    if section["scheduler_name"] is None:
        return _without_scheduler(section)
    constructor = find("scheduler", section["scheduler_name"])
    values = dict(section)
    every_step = getattr(constructor, "__name__", "") in _EVERY_STEP
    values["interval"] = values.get("interval") or ("step" if every_step else "epoch")
    if constructor is ReduceLROnPlateau and values["interval"] == "step":
        raise ConfigError(
            "ReduceLROnPlateau follows a metric, which is known after an epoch only",
            key="scheduler_kwargs.interval",
            where="scheduler_kwargs.interval",
            hint="type: scheduler_kwargs.interval=epoch",
        )
    if constructor is ReduceLROnPlateau:
        values.setdefault("mode", mode)
    length = steps if values["interval"] == "step" else epochs
    for key in ("total_steps", "T_max", "total_iters"):
        if _is_open(constructor, key, values) and length is not None:
            values[key] = length
    return _complete("scheduler", constructor, values, supplied=("optimizer",))


def _without_scheduler(section: Mapping[str, Any]) -> dict[str, Any]:
    extra = set(section) - {"scheduler_name", "interval"}
    if extra:
        raise ConfigError(
            f"{min(extra)!r} is set, and no scheduler is chosen",
            key=f"scheduler_kwargs.{min(extra)}",
            where=f"scheduler_kwargs.{min(extra)}",
            hint="type: --config scheduler_kwargs.scheduler_name=StepLR",
        )
    return dict(section)


def _is_open(constructor: Callable[..., Any], key: str, values: Mapping[str, Any]) -> bool:
    if key in values or (key == "total_steps" and "epochs" in values):
        return False
    parameters = inspect.signature(constructor).parameters
    return key in parameters and parameters[key].default in (inspect.Parameter.empty, None)


def build_schedule(section: Mapping[str, Any], optimizer: Optimizer, *, metric: str) -> Schedule:
    """Build the schedule of a resolved section; a plateau scheduler follows `metric`.

    Raises:
        ComponentError: the constructor refuses a value.
    """
    if section["scheduler_name"] is None:
        return Schedule()
    constructor = find("scheduler", section["scheduler_name"])
    values = _own_keys("scheduler", section)
    scheduler = construct(constructor, optimizer, section="scheduler_kwargs", **values)
    return Schedule(scheduler, section["interval"], metric)


def needs_closure(optimizer: Optimizer) -> bool:
    """Tell whether an optimiser asks for loss and gradients by itself, as LBFGS."""
    closure = inspect.signature(optimizer.step).parameters.get("closure")
    return closure is not None and closure.default is inspect.Parameter.empty


def learning_rate(optimizer: Optimizer) -> float:
    """Return the learning rate of the first parameter group."""
    return float(optimizer.param_groups[0].get("lr", float("nan")))


_DECLARED = {"optimizer": ("optimizer_name",), "scheduler": ("scheduler_name", "interval")}


def _own_keys(kind: str, section: Mapping[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in section.items() if k not in _DECLARED[kind]}


def _complete(
    kind: str,
    constructor: Callable[..., Any],
    section: Mapping[str, Any],
    supplied: tuple[str, ...],
) -> dict[str, Any]:
    own = _own_keys(kind, section)
    bound = bind(constructor, own, section=f"{kind}_kwargs", supplied=supplied)
    return {k: v for k, v in section.items() if k not in own} | bound
