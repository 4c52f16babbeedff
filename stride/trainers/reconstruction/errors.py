"""The errors of samples, by name: how far an output is from its input."""

from collections.abc import Callable, Iterable, Mapping, Sequence

import torch
from torch import Tensor

from stride.components.imports import load
from stride.config.metrics import value_name_fault
from stride.errors import ComponentError, ConfigError, DataError, nearest
from stride.metrics.detection.measurement import ALARMS, AREAS, EVENTS, VOLUMES

KEY = "reconstruction_config.errors"

MAGNITUDES: Mapping[str, Callable[[Tensor], Tensor]] = {
    "l1": lambda sizes: sizes.mean(1),
    "l2": lambda sizes: sizes.square().mean(1).sqrt(),
    "max": lambda sizes: sizes.amax(1),
}
"""The built-in errors, of |x - y| (N, numbers of a sample): mean, root mean square, largest."""

_POINTS = (*AREAS, *VOLUMES, *ALARMS, *EVENTS)
_SNIPPETS = (f"snippet_{name}" for name in _POINTS)
_MEASURED = frozenset({*_POINTS, *_SNIPPETS, "anomaly_scores", "anomalous"})

ErrorFunction = Callable[[Tensor, Tensor], Tensor]


class Errors:
    """Several errors of a sample, computed of a batch at once.

    Args:
        chosen: names of built-in ones, or import paths of functions (outputs, inputs) -> (N,).
        recorded: names of metrics that the training has beside them.

    Attributes:
        names: under which they are recorded; of a function its own.

    Raises:
        ConfigError: there is no such error, or two have one name.
        ComponentError: a path leads to nothing that can be called.
    """

    def __init__(self, chosen: Sequence[str], recorded: Iterable[str] = ()) -> None:
        self._functions: dict[str, ErrorFunction | None] = {}
        taken = {*_MEASURED, *recorded}
        for path in chosen:
            name = path.rpartition(":")[2].rpartition(".")[2]
            _require_name(name, path, taken)
            taken |= {name, f"{name}_std"}
            self._functions[name] = _function(path) if ":" in path else None
        self.names = tuple(self._functions)

    def of(self, outputs: Tensor, inputs: Tensor) -> dict[str, Tensor]:
        """Return each error of the samples of a batch, (N,).

        Raises:
            DataError: a function of the user's gives something else.
        """
        sizes = (outputs - inputs).abs().flatten(1)
        return {
            name: MAGNITUDES[name](sizes) if own is None else _called(own, name, outputs, inputs)
            for name, own in self._functions.items()
        }


def of_points(outputs: Tensor, inputs: Tensor) -> Tensor:
    """Return |x - y| of each point (N, points): its mean over all dimensions but first and last."""
    sizes = (outputs - inputs).abs()
    return sizes.reshape(len(sizes), -1, sizes.shape[-1]).mean(1)


def _function(path: str) -> ErrorFunction:
    found: ErrorFunction = load(path)
    if not callable(found):
        what, hint = f"{path} is a {type(found).__name__}, not a function", "name a function"
        raise ComponentError(what, where=KEY, hint=hint)
    return found


def _called(function: ErrorFunction, name: str, outputs: Tensor, inputs: Tensor) -> Tensor:
    found = function(outputs, inputs)
    if not isinstance(found, Tensor) or found.shape != inputs.shape[:1]:
        given = tuple(found.shape) if isinstance(found, Tensor) else type(found).__name__
        raise DataError(
            f"{name} gives {given} for {len(inputs)} samples, not a tensor ({len(inputs)},)",
            where=KEY,
            hint="return one number a sample: (outputs - inputs).abs().flatten(1).mean(1)",
        )
    return found.to(torch.float32)


def _require_name(name: str, path: str, taken: set[str]) -> None:
    fault = value_name_fault(name)
    if ":" not in path and path not in MAGNITUDES:
        hint = nearest(path, MAGNITUDES) or f"type one of: {', '.join(MAGNITUDES)}, or pkg.mod:name"
        raise ConfigError(f"there is no error {path!r}", key=KEY, where=KEY, hint=hint)
    if {name, f"{name}_std"} & taken or (":" in path and name in MAGNITUDES):
        fault = "which is the name of another number: give the function another one"
    if fault:
        raise ConfigError(f"an error is called {name!r}, {fault}", key=KEY, where=KEY)
