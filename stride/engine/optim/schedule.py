"""Build the learning-rate schedule from its section of the config."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from torch.optim import Optimizer
from torch.optim.lr_scheduler import ReduceLROnPlateau

from stride.components import construct, find
from stride.engine.optim.arguments import bound_arguments, complete_section, require_step
from stride.errors import ConfigError

KEY = "scheduler_kwargs"
"""The section of the schedule of an optimiser that is alone."""

_EVERY_STEP = ("OneCycleLR", "CyclicLR")


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

    def step(self, optimizer: str = "") -> None:
        """Step a scheduler of interval `step`; there is one optimiser."""
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
    section: Mapping[str, Any],
    *,
    epochs: int | None,
    steps: int | None,
    mode: str,
    key: str = KEY,
) -> dict[str, Any]:
    """Check the section against the scheduler's signature; fill in its length where it is open.

    Args:
        section: `scheduler_kwargs` of the config.
        epochs: how many epochs the training has at most, if that is known.
        steps: how many optimiser steps it has at most, if that is known.
        mode: which way the metric is better that a plateau scheduler follows.
        key: the dotted key of the section.

    Raises:
        ConfigError: an unknown key, a value of the wrong type, or a length that is not known.
    """
    if section["scheduler_name"] is None:
        return _without_scheduler(section, key)
    constructor = find("scheduler", section["scheduler_name"])
    values = dict(section)
    every_step = getattr(constructor, "__name__", "") in _EVERY_STEP
    values["interval"] = values.get("interval") or ("step" if every_step else "epoch")
    if constructor is ReduceLROnPlateau and values["interval"] == "step":
        raise ConfigError(
            "ReduceLROnPlateau follows a metric, which is known after an epoch only",
            key=f"{key}.interval",
            where=f"{key}.interval",
            hint=f"type: {key}.interval=epoch",
        )
    if constructor is ReduceLROnPlateau:
        values.setdefault("mode", mode)
    length = steps if values["interval"] == "step" else epochs
    for name in ("total_steps", "T_max", "total_iters"):
        if _is_open(constructor, name, values) and length is not None:
            values[name] = length
    return complete_section("scheduler", constructor, values, key)


def _without_scheduler(section: Mapping[str, Any], key: str) -> dict[str, Any]:
    extra = set(section) - {"scheduler_name", "interval"}
    if extra:
        raise ConfigError(
            f"{min(extra)!r} is set, and no scheduler is chosen",
            key=f"{key}.{min(extra)}",
            where=f"{key}.{min(extra)}",
            hint=f"type: {key}.scheduler_name=StepLR",
        )
    return dict(section)


def _is_open(constructor: Callable[..., Any], key: str, values: Mapping[str, Any]) -> bool:
    if key in values or (key == "total_steps" and "epochs" in values):
        return False
    parameters = inspect.signature(constructor).parameters
    return key in parameters and parameters[key].default in (inspect.Parameter.empty, None)


def build_schedule(
    section: Mapping[str, Any], optimizer: Optimizer, *, metric: str, key: str = KEY
) -> Schedule:
    """Build the schedule of a resolved section; a plateau scheduler follows `metric`.

    Raises:
        ComponentError: the constructor refuses a value.
    """
    if section["scheduler_name"] is None:
        return Schedule()
    constructor = find("scheduler", section["scheduler_name"])
    require_step("scheduler", constructor, key)
    values = bound_arguments("scheduler", constructor, section, key)
    scheduler = construct(constructor, optimizer, section=key, **values)
    return Schedule(scheduler, section["interval"], metric)
