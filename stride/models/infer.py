"""Infer the sizes that a network's constructor needs from the data."""

import inspect
from collections.abc import Callable, Collection
from math import prod
from typing import Any, Protocol

from stride.errors import DataError


class Shapes(Protocol):
    """The protocol of a sample's shapes."""

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Shape of one input."""

    @property
    def target_shape(self) -> tuple[int, ...] | None:
        """Shape of one target; None without targets."""

    @property
    def target_kind(self) -> str | None:
        """ "class", "float", or None without targets."""

    @property
    def num_classes(self) -> int | None:
        """Number of classes, for targets of kind "class"."""


def infer_sizes(
    constructor: Callable[..., Any], given: Collection[str], info: Shapes | None
) -> dict[str, Any]:
    """Return the sizes that the constructor leaves open and the data tell.

    Filled are parameters named input_shape, output_shape, in_features, out_features,
    in_channels, out_channels and num_classes which are not given, and have no default or None.

    Raises:
        DataError: when the targets are classes and their number is not known.
    """
    if info is None:
        return {}
    wanted = [name for name in _open_parameters(constructor) if name not in given]
    return {name: SIZES[name](info) for name in wanted if name in SIZES}


def output_shape(info: Shapes) -> list[int]:
    """Return the shape of one output: classes first, the target's shape, or the input's."""
    if info.target_kind is None:
        return list(info.input_shape)
    target = list(info.target_shape or ())
    if info.target_kind != "class":
        return target
    if not info.num_classes:
        raise DataError(
            "the number of classes is not known",
            where="model_kwargs",
            hint="give the dataset an attribute num_classes, or the model its output size, as in "
            "model_kwargs.output_shape=[10]",
        )
    return [info.num_classes, *target]


SIZES: dict[str, Callable[[Shapes], Any]] = {
    "input_shape": lambda info: list(info.input_shape),
    "output_shape": output_shape,
    "in_features": lambda info: prod(info.input_shape),
    "out_features": lambda info: prod(output_shape(info)),
    "in_channels": lambda info: info.input_shape[0] if len(info.input_shape) > 1 else 1,
    "out_channels": lambda info: (output_shape(info) or [1])[0],
    "num_classes": lambda info: output_shape(info)[0] if info.target_kind == "class" else None,
}


def _open_parameters(constructor: Callable[..., Any]) -> list[str]:
    """Return the parameters without a default, or with None for one."""
    try:
        parameters = inspect.signature(constructor).parameters.values()
    except (TypeError, ValueError):
        return []
    open_defaults = (inspect.Parameter.empty, None)
    return [p.name for p in parameters if any(p.default is default for default in open_defaults)]
