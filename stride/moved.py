"""Deprecated module names, kept for one version."""

import warnings
from collections.abc import Callable
from importlib import import_module
from typing import Any


def moved(old: str, new: str) -> Callable[[str], Any]:
    """Return the `__getattr__` of a module whose names live in another one now.

    Args:
        old: the module's name.
        new: the other one's.
    """

    def __getattr__(name: str) -> Any:
        home = import_module(new)
        if name.startswith("__") or not hasattr(home, name):
            raise AttributeError(f"module {old!r} has no attribute {name!r}")
        words = f"{old}.{name} is {new}.{name} now; its old place goes with the next version"
        warnings.warn(words, DeprecationWarning, stacklevel=2)
        return getattr(home, name)

    return __getattr__
