"""Make the paths in what a sweep asks absolute: its trials are trained from any folder."""

import os
from collections.abc import Mapping
from typing import Any

from stride.config.places import is_place
from stride.config.sweep.space import Choice, Dimension
from stride.config.sweep.spec import SweepSpec


def with_absolute_paths(spec: SweepSpec, folder: str) -> SweepSpec:
    """Return a spec whose paths lead to the same from every folder.

    Args:
        spec: as it was asked for.
        folder: that the paths in it were given from.
    """
    listed = [
        one.model_copy(update={"config": _overrides(point, folder)})
        for one, point in zip(spec.runs, spec.points() if spec.runs else (), strict=True)
    ]
    grid = {key: [_value(key, one, folder) for one in values] for key, values in spec.grid.items()}
    search = {key: _dimension(key, one, folder) for key, one in spec.search.items()}
    own = {"overrides": _overrides(spec.overrides, folder), "runs": listed}
    return spec.model_copy(update={**own, "grid": grid, "search": search})


def _overrides(values: Mapping[str, Any], folder: str) -> dict[str, Any]:
    return {key: _value(key, value, folder) for key, value in values.items()}


def _dimension(key: str, one: Dimension, folder: str) -> Dimension:
    if not isinstance(one, Choice):
        return one
    return one.model_copy(update={"values": [_value(key, value, folder) for value in one.values]})


def _value(key: str, value: Any, folder: str) -> Any:
    if isinstance(value, Mapping):
        return {name: _value(f"{key}.{name}", one, folder) for name, one in value.items()}
    if not is_place(key) or not isinstance(value, str) or "://" in value:
        return value
    return os.path.abspath(os.path.join(folder, value))
