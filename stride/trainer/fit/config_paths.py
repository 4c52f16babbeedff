"""Give constructors the paths of a config as they were meant, wherever the program has gone since.

What is recorded of them is as typed, so that a run can move with its data.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stride.config import Resolved
from stride.config.sections.model import StartWeights
from stride.trainer.weights.start_weights import Source


def placed_data(section: Mapping[str, Any], resolved: Resolved) -> dict[str, Any]:
    """Return a dataset's arguments with the place of its data.

    What is not there, and lies in the work_dir, is taken from there: it moves with its runs.

    A dataset of the user's may open it at any time: it is given an absolute path. It may also call
    something else its path, as a name on a hub: what is not there stays as typed.
    """
    own = ":" in str(section["dataset_name"])
    extra = {
        name: _with_places(values, resolved, own)
        for name, values in section.get("extra_splits", {}).items()
    }
    return _with_places(section, resolved, own) | ({"extra_splits": extra} if extra else {})


def _with_places(values: Mapping[str, Any], resolved: Resolved, own: bool) -> dict[str, Any]:
    found = {key: values[key] for key in ("path", "root") if values.get(key) is not None}
    return {**values, **{key: _placed(value, resolved, own) for key, value in found.items()}}


def _placed(value: Any, resolved: Resolved, own: bool) -> Any:
    if not isinstance(value, (str, Path)):
        return value
    there = os.path.expanduser(value)
    absolute, in_work_dir = (
        os.path.join(one, there) for one in (resolved.folder, resolved.work_dir)
    )
    if own:
        return type(value)(absolute) if os.path.exists(absolute) else value
    is_there_alone = os.path.exists(in_work_dir) and not os.path.exists(absolute)
    return in_work_dir if is_there_alone else resolved.place(there)


def placed_weights(source: Source, resolved: Resolved) -> Source:
    """Return what a network starts from with the place of these weights."""
    if source is None:
        return None
    if isinstance(source, StartWeights):
        return source.model_copy(update={"run": placed_weights(source.run, resolved)})
    if isinstance(source, str):
        return resolved.place(os.path.expanduser(source))
    return [one and resolved.place(os.path.expanduser(one)) for one in source]
