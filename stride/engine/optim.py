"""Build the optimiser and the learning-rate schedule from their sections of the config."""

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from torch import Tensor
from torch.nn import Parameter
from torch.optim import Optimizer
from torch.optim.lr_scheduler import ReduceLROnPlateau

from stride.components import bind, construct, find
from stride.errors import ComponentError, ConfigError, RunError
from stride.models.shards import is_sharded, local_shard, sharded_like
from stride.models.strides import is_dense, same_layout, with_strides

_FUSED = "optimizer_kwargs.fused"
_FUSED_WHOLE = ("SGD", "Adagrad")  # whose kernels torch 2.13 has for whole parameters alone
_EVERY_STEP = ("OneCycleLR", "CyclicLR")


def resolve_optimizer(section: Mapping[str, Any]) -> dict[str, Any]:
    """Check the section against the optimiser's signature; return it complete.

    Raises:
        ConfigError: an unknown key or a value of the wrong type.
        ComponentError: no such optimiser.
    """
    constructor = find("optimizer", section["optimizer_name"])
    return _complete("optimizer", constructor, section)


def fused(
    section: Mapping[str, Any],
    parameters: Iterable[Parameter],
    *,
    divided: bool = False,
    sparse: bool = False,
) -> dict[str, Any]:
    """Return the section with the fused implementation chosen, if it can be and nothing else is.

    Fused, foreach and plain implementations differ in the last bits, so the choice is recorded.
    A fused one walks through memory as it is, and takes gaps in it for numbers. That of SGD
    knows no parameters that are divided among processes, and none knows sparse gradients.

    Raises:
        ConfigError: it was asked for, and a parameter is a slice of a larger tensor, or divided.
    """
    undividable = divided and section["optimizer_name"].rpartition(":")[2] in _FUSED_WHOLE
    parameters = list(parameters)
    dense = all(is_dense(local_shard(parameter)) for parameter in parameters)
    if section.get("fused") and undividable:
        raise _unfusable(f"the fused {section['optimizer_name']} knows no divided parameters")
    if section.get("fused") and not dense:
        what = (
            "a parameter has gaps in memory, as a slice of a larger tensor, and a fused optimiser "
        )
        other = ", or make it nn.Parameter(slice.clone())"
        raise _unfusable(f"{what}would write into them", other)
    asked = any(section.get(key) for key in ("fused", "foreach", "differentiable", "capturable"))
    if "fused" not in section or asked or section["fused"] is False or sparse:
        return dict(section)
    known = all(p.device.type in ("cpu", "cuda") and p.is_floating_point() for p in parameters)
    return dict(section) | ({"fused": True} if known and dense and not undividable else {})


def _unfusable(what: str, other: str = "") -> ConfigError:
    return ConfigError(what, key=_FUSED, where=_FUSED, hint=f"type: {_FUSED}=false{other}")


class OptimizerState:
    """The state of an optimiser, restored to the very bits and in its layout in memory.

    torch casts what it restores to the parameters' type, which is not always that of the state.
    """

    def __init__(self, optimizer: Optimizer) -> None:
        self._optimizer = optimizer

    def state_dict(self) -> dict[str, Any]:
        """Return the optimiser's state."""
        return self._optimizer.state_dict()

    def require_fit(self, state: Mapping[str, Any]) -> None:
        """Refuse a state for other groups of parameters.

        Raises:
            RunError: says how many parameters each group has.
        """
        held, saved = (
            [len(group["params"]) for group in groups]
            for groups in (self._optimizer.param_groups, state["param_groups"])
        )
        if held != saved:
            raise RunError(
                "the checkpoint's optimiser has other groups of parameters: "
                f"of {saved} parameters, and here of {held}",
                where="optimizer_kwargs",
                hint="make all groups before the training: those that a callback adds in the "
                "middle of it cannot be restored",
            )

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Set the optimiser's state; it keeps the tensors given.

        Raises:
            RunError: it has other groups of parameters.
        """
        self.require_fit(state)
        own = dict(state)
        if own["state"]:  # else a scheduler warns that it comes before the first update
            self._optimizer._opt_called = True  # type: ignore[attr-defined]
        groups = self._optimizer.param_groups
        parameters = [p for group in groups for p in group["params"]]
        if any(is_sharded(parameter) for parameter in parameters):
            own["state"] = _divided(own["state"], parameters)
        walks = {id(p) for group in groups if group.get("fused") for p in group["params"]}
        self._optimizer.load_state_dict(own)
        for number, saved in own["state"].items():
            parameter = parameters[number]
            held = self._optimizer.state[parameter]
            for name, value in saved.items():
                if isinstance(value, Tensor) and value.dtype != held[name].dtype:
                    held[name] = value.to(held[name].device)
            if id(parameter) in walks:
                held.update(_beside(parameter, held))


def _beside(parameter: Tensor, state: Mapping[str, Any]) -> dict[str, Tensor]:
    """Lay out what a fused optimiser keeps of a parameter as the parameter is.

    It made it so. Only states of format version 2 and older have it otherwise: row by row.
    """
    return {
        name: with_strides(value, parameter.stride())
        for name, value in state.items()
        if isinstance(value, Tensor)
        and not is_sharded(value)
        and value.shape == parameter.shape
        and not same_layout(value, parameter)
    }


def _divided(state: Mapping[int, Any], parameters: Sequence[Parameter]) -> dict[int, Any]:
    """Divide what an optimiser keeps of parameters as they are divided."""

    def placed(value: Any, like: Tensor) -> Any:
        fits = isinstance(value, Tensor) and value.ndim and value.shape == like.shape
        return sharded_like(value, like) if fits else value

    return {
        number: {name: placed(value, parameters[number]) for name, value in values.items()}
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
    _require_step("optimizer", constructor)
    values = _bound("optimizer", constructor, section)
    built: Optimizer = construct(constructor, trainable, section="optimizer_kwargs", **values)
    return built


class Schedule:
    """A learning-rate scheduler and when it steps; without a scheduler it does nothing.

    Attributes:
        every_step: whether `step` is to be called after each optimiser update.
        scheduler: None for none.
    """

    def __init__(self, scheduler: Any = None, interval: str = "epoch", monitor: str = "") -> None:
        self.scheduler = scheduler
        self._monitor = monitor
        self.every_step = scheduler is not None and interval == "step"

    def step(self) -> None:
        """Step a scheduler of interval `step`."""
        self.scheduler.step()

    def after_epoch(self, metrics: Mapping[str, float]) -> None:
        """Step a scheduler of interval `epoch`; a plateau scheduler waits for its metric."""
        if self.scheduler is None or self.every_step:
            return
        if not isinstance(self.scheduler, ReduceLROnPlateau):
            self.scheduler.step()
        elif self._monitor in metrics:
            self.scheduler.step(metrics[self._monitor])

    def state_dict(self) -> dict[str, Any]:
        """Return the scheduler's state, empty without one."""
        return {} if self.scheduler is None else self.scheduler.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Set the scheduler's state."""
        if self.scheduler is not None:
            self.scheduler.load_state_dict(state)


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
    return _complete("scheduler", constructor, values)


def _without_scheduler(section: Mapping[str, Any]) -> dict[str, Any]:
    extra = set(section) - {"scheduler_name", "interval"}
    if extra:
        raise ConfigError(
            f"{min(extra)!r} is set, and no scheduler is chosen",
            key=f"scheduler_kwargs.{min(extra)}",
            where=f"scheduler_kwargs.{min(extra)}",
            hint="type: scheduler_kwargs.scheduler_name=StepLR",
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
    _require_step("scheduler", constructor)
    values = _bound("scheduler", constructor, section)
    scheduler = construct(constructor, optimizer, section="scheduler_kwargs", **values)
    return Schedule(scheduler, section["interval"], metric)


def _require_step(kind: str, constructor: Callable[..., Any]) -> None:
    """Refuse a class of other things before it is called; a function is known by what it gives."""
    if inspect.isclass(constructor) and not callable(getattr(constructor, "step", None)):
        key = f"{kind}_kwargs.{kind}_name"
        hint = "name a class with a method step, or a function that gives one"
        raise ComponentError(f"{constructor.__name__} is not a valid {kind}", where=key, hint=hint)


def needs_closure(optimizer: Optimizer) -> bool:
    """Tell whether an optimiser asks for loss and gradients by itself, as LBFGS."""
    closure = inspect.signature(optimizer.step).parameters.get("closure")
    return closure is not None and closure.default is inspect.Parameter.empty


def learning_rate(optimizer: Optimizer) -> float:
    """Return the learning rate of the first parameter group."""
    return float(optimizer.param_groups[0].get("lr", float("nan")))


_DECLARED = {"optimizer": ("optimizer_name",), "scheduler": ("scheduler_name", "interval")}
_SUPPLIED = {"optimizer": "params", "scheduler": "optimizer"}


def _complete(
    kind: str, constructor: Callable[..., Any], section: Mapping[str, Any]
) -> dict[str, Any]:
    declared = {key: section[key] for key in _DECLARED[kind]}
    return declared | _bound(kind, constructor, section)


def _bound(
    kind: str, constructor: Callable[..., Any], section: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the constructor's arguments, as objects: what a config holds is plain JSON."""
    own = {k: v for k, v in section.items() if k not in _DECLARED[kind]}
    return bind(constructor, own, section=f"{kind}_kwargs", supplied=(_SUPPLIED[kind],))
