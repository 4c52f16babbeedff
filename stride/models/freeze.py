"""Freeze parts of a network: nothing trains them, and they stay in evaluation mode."""

from collections.abc import Sequence
from fnmatch import fnmatchcase
from itertools import accumulate

from stride.errors import ConfigError, nearest
from stride.models.model import Model

_KEY = "model_kwargs.freeze"


def freeze(model: Model, patterns: Sequence[str]) -> None:
    """Freeze all that patterns name in the network of a model.

    Its parameters need no gradients, and its modules stay in evaluation mode while the model is
    trained: statistics of a BatchNorm as they are, dropout off.

    Args:
        model: changed in place.
        patterns: names of modules or parameters, in which `*` stands for any text; what a module
            holds is frozen with it.

    Raises:
        ConfigError: a pattern names nothing; says the nearest name.
    """
    wanted = [pattern.removesuffix(".") for pattern in patterns]
    network = model.network
    modules = [name for name, _ in network.named_modules(remove_duplicate=False) if name]
    parameters = dict(network.named_parameters(remove_duplicate=False))
    for pattern in wanted:
        _require_named(pattern, [*modules, *parameters])
    for name, parameter in parameters.items():
        if _is_named(name, wanted):
            parameter.requires_grad_(False)
    model.frozen_modules = [name for name in modules if _is_named(name, wanted)]


def _is_named(name: str, patterns: Sequence[str]) -> bool:
    """Tell whether a pattern is that of a dotted name, or of a module round it."""
    places = list(accumulate(name.split("."), "{}.{}".format))
    return any(fnmatchcase(place, pattern) for pattern in patterns for place in places)


def _require_named(pattern: str, names: Sequence[str]) -> None:
    if not any(fnmatchcase(name, pattern) for name in names):
        raise ConfigError(
            f"{_KEY}: {pattern!r} is not a module or parameter of the network",
            key=_KEY,
            where=_KEY,
            hint=nearest(pattern, names) or f"its parts are {', '.join(names[:10])}",
        )
