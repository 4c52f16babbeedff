"""Collect the hooks that are overridden, so that an empty one costs nothing."""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from inspect import signature
from typing import Any

from stride.config.metrics import as_number

VALIDATION = "validation"
"""The split by which a training is judged."""

NAMES = (
    "before_train",
    "before_epoch",
    "before_step",
    "after_step",
    "before_evaluate",
    "after_evaluate",
    "after_epoch",
    "after_checkpoint",
    "on_exception",
    "after_train",
)

STEPS = ("before_step", "after_step")
"""Those that are called in each step."""


class Hooks:
    """The overridden hooks of a trainer and its callbacks, by name, in order of calling.

    Args:
        trainer: the first argument of each callback's hooks; its own, which it has where a
            subclass defines them, come first and take no trainer.
        callbacks: in order.
        base: the class of a callback whose hooks do nothing.
    """

    def __init__(self, trainer: object, callbacks: Iterable[object], base: type) -> None:
        callbacks = list(callbacks)
        self._hooks: dict[str, list[Callable[..., Any]]] = {}
        for name in NAMES:
            own = [getattr(trainer, name)] if hasattr(type(trainer), name) else []
            theirs = [
                partial(getattr(callback, name), trainer)
                for callback in callbacks
                if _overrides(callback, base, name)
            ]
            self._hooks[name] = own + theirs
        self._hooks["after_evaluate"] = [_by_split(one) for one in self._hooks["after_evaluate"]]

    def named(self, name: str) -> list[Callable[..., Any]]:
        """Return the hooks called `name`, which may be none."""
        return self._hooks[name]

    def precede(self, function: Callable[[], object]) -> None:
        """Call a function before all hooks of each name; before those of steps if there are any."""
        for name, hooks in self._hooks.items():
            if hooks or name not in STEPS:
                hooks.insert(0, lambda *_: function())

    def call(self, name: str, *arguments: object) -> None:
        """Call every hook called `name`."""
        for hook in self._hooks[name]:
            hook(*arguments)

    def around_evaluation(
        self,
        split: str,
        evaluation: Callable[[str], Mapping[str, float]],
        values: dict[str, float],
    ) -> dict[str, float]:
        """Evaluate a split between its hooks; return the values, with those found, as numbers."""
        self.call("before_evaluate", split)
        values |= evaluation(split)
        self.call("after_evaluate", values, split)
        values |= {name: as_number(name, value) for name, value in values.items()}
        return values


def _by_split(hook: Callable[..., Any]) -> Callable[..., Any]:
    """Return the hook as it is called for each split: one that takes none is for validation."""
    if "split" in signature(hook).parameters:
        return lambda metrics, split: hook(metrics, split)
    return lambda metrics, split: hook(metrics) if split == VALIDATION else None


def _overrides(instance: object, base: type, name: str) -> bool:
    own = getattr(type(instance), name, None)
    return own is not None and own is not getattr(base, name)
