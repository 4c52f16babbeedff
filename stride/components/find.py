"""Find a component by a built-in name, a torch name or an import path."""

import importlib
import inspect
from collections.abc import Callable, Sequence
from typing import Any

from stride.components.imports import load
from stride.config.names.built_in import BUILT_IN, TORCH
from stride.errors import ComponentError, nearest

# kind -> the base that torch's classes of it share
_BASES = {
    "model": "torch.nn:Module",
    "criterion": "torch.nn:Module",
    "optimizer": "torch.optim:Optimizer",
    "scheduler": "torch.optim.lr_scheduler:LRScheduler",
}


def find(kind: str, name: str) -> Callable[..., Any]:
    """Return the class or function that a name stands for.

    Args:
        kind: dataset, model, criterion, optimizer, scheduler, trainer, callback, logger,
            transform, strategy, algorithm or metric.
        name: a built-in name, a torch name, or an import path `package.module:Name`.

    Raises:
        ComponentError: nothing has the name, or its module cannot be imported.
    """
    path = name if ":" in name else BUILT_IN[kind].get(name)
    found = load(path, own=path == name) if path else _torch_names(kind).get(name)
    if found is None:
        raise _not_found(kind, name)
    if not callable(found):
        what = f"{name} is not a {kind} but a {type(found).__qualname__}"
        raise ComponentError(what, hint="name a class or function")
    made: Callable[..., Any] = found
    return made


def _torch_names(kind: str) -> dict[str, Any]:
    """Return torch's own classes of a kind by name; importing torch only now."""
    if kind not in TORCH:
        return {}
    home = TORCH[kind]
    module, base = importlib.import_module(home), load(_BASES[kind], own=False)
    return {
        name: value
        for name, value in vars(module).items()
        if _is_own(value, base) and not name.startswith("_")
        # torch.nn.modules.loss imports Module and others beside its losses
        if kind != "criterion" or value.__module__ == home
    }


def _is_own(value: Any, base: type) -> bool:
    return inspect.isclass(value) and issubclass(value, base) and value is not base


def _not_found(kind: str, name: str) -> ComponentError:
    known = [*BUILT_IN[kind], *_torch_names(kind)]
    return ComponentError(f"there is no {kind} {name!r}", hint=_advice(name, known))


def _advice(name: str, known: Sequence[str]) -> str:
    module, dot, attribute = name.rpartition(".")
    if dot:
        return f"an import path has a colon: {module}:{attribute}"
    begun = [one for one in sorted(known, key=len) if one.lower().startswith(name.lower())]
    hint = nearest(begun[0], begun) if begun and name else nearest(name, known)
    choices = f"one of {', '.join(known)}, or " if 0 < len(known) <= 12 else ""
    return hint or f"give {choices}an import path such as my_package.my_module:{name}"
