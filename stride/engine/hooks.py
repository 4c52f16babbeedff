"""Collect the hooks that somebody overrode, so that an empty one costs nothing."""

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
        trainer: whatever is handed to every callback's hook as its first argument.
        base: the class of the trainer whose hooks do nothing.
        callbacks: the callbacks, in order; each hook of theirs takes the trainer first.
        callback_base: the class of a callback whose hooks do nothing.
    """

    def __init__(
        self, trainer: object, base: type, callbacks: Iterable[object], callback_base: type
    ) -> None:
        callbacks = list(callbacks)
        self._hooks: dict[str, list[Callable[..., Any]]] = {}
        for name in NAMES:
            own = [getattr(trainer, name)] if _overrides(trainer, base, name) else []
            theirs = [
                partial(getattr(callback, name), trainer)
                for callback in callbacks
                if _overrides(callback, callback_base, name)
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
    return own is not None and own is not getattr(base, name, None)
