"""Collect the hooks that are overridden, so that an empty one costs nothing."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

NAMES = (
    "before_train",
    "before_epoch",
    "before_step",
    "after_step",
    "after_evaluate",
    "after_epoch",
    "after_checkpoint",
    "on_exception",
    "after_train",
)


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

    def named(self, name: str) -> list[Callable[..., Any]]:
        """Return the hooks called `name`, which may be none."""
        return self._hooks[name]

    def call(self, name: str, *arguments: object) -> None:
        """Call every hook called `name`."""
        for hook in self._hooks[name]:
            hook(*arguments)


def _overrides(instance: object, base: type, name: str) -> bool:
    own = getattr(type(instance), name, None)
    return own is not None and own is not getattr(base, name)
