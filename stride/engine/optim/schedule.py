"""Build the learning-rate schedule from its section of the config."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from itertools import repeat
from typing import Any

from torch.optim import Optimizer
from torch.optim.lr_scheduler import ReduceLROnPlateau

from stride.components import construct, find
from stride.engine.optim.arguments import bound_arguments, complete_section, require_step
from stride.engine.optim.composed import PARTS, part_keys, parts_of, require_rising, takes_parts
from stride.errors import ConfigError

KEY = "scheduler_kwargs"
"""The section of the schedule of an optimiser that is alone."""

LENGTHS = ("total_steps", "T_max", "total_iters", "max_iter")
"""What schedulers call their length, which is the training's where it is open."""

_EVERY_STEP = ("OneCycleLR", "CyclicLR", "WarmupCosine", "WarmupLinear")


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
        self.after_evaluation(metrics)

    def after_evaluation(self, metrics: Mapping[str, float]) -> None:
        """Step a plateau scheduler after an evaluation that gives its metric."""
        if isinstance(self.scheduler, ReduceLROnPlateau) and self._monitor in metrics:
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
    if parts := parts_of(constructor, section, key):
        values[PARTS] = parts
    values["interval"] = values.get("interval") or _interval(constructor, parts)
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
    return _completed(constructor, values, length, key)


def _interval(constructor: Callable[..., Any], parts: Sequence[Mapping[str, Any]]) -> str:
    """Return when a scheduler is stepped where the config leaves that open."""
    made_by = [constructor, *(find("scheduler", part["scheduler_name"]) for part in parts)]
    by_step = any(getattr(one, "__name__", "") in _EVERY_STEP for one in made_by)
    return "step" if by_step else "epoch"


def _completed(
    constructor: Callable[..., Any], values: dict[str, Any], length: int | None, key: str
) -> dict[str, Any]:
    """Return a section with its length where that is open, and those of its parts likewise."""
    for name in LENGTHS:
        if _is_open(constructor, name, values) and length is not None:
            values[name] = length
    parts = values.get(PARTS) if takes_parts(constructor) else None
    complete = complete_section("scheduler", constructor, values, key)
    if parts:
        require_rising(complete.get("milestones", []), key)
        ends = [*complete.get("milestones", [length] * (len(parts) - 1)), length]
        begins = [0, *complete.get("milestones", [0] * (len(parts) - 1))]
        lengths = [e and b is not None and e - b for e, b in zip(ends, begins, strict=False)]
        complete[PARTS] = [
            _completed(find("scheduler", part["scheduler_name"]), dict(part), own or None, place)
            for part, own, place in zip(parts, lengths, part_keys(parts, key), strict=False)
        ]
    return complete


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
    return Schedule(_build(section, optimizer, key), section["interval"], metric)


def _build(section: Mapping[str, Any], optimizer: Optimizer, key: str) -> Any:
    constructor = find("scheduler", section["scheduler_name"])
    require_step("scheduler", constructor, key)
    values = bound_arguments("scheduler", constructor, section, key)
    if not takes_parts(constructor):
        return construct(constructor, optimizer, section=key, **values)
    parts = parts_of(constructor, section, key)
    built = [_build(*one) for one in zip(parts, repeat(optimizer), part_keys(parts, key))]
    return construct(constructor, section=key, optimizer=optimizer, **{PARTS: built}, **values)
