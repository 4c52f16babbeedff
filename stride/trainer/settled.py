"""Write down a config that another process, in another folder, is to start from."""

import os
from collections.abc import Mapping
from typing import Any

from stride.config.schema import Config
from stride.config.values import Raw, plain

_PLACES = (("dataset_kwargs", "path"), ("dataset_kwargs", "root"), ("model_kwargs", "init_from"))


def settled(asked: Config, complete: Config) -> dict[str, Any]:
    """Return the JSON of a config as it was asked for, with absolute paths.

    Args:
        asked: the config before anything was built.
        complete: what it became: the text of an open key as its constructor took it. What follows
            from the machine or the number of processes is left to be found out there.
    """
    values: dict[str, Any] = _typed(plain(asked), complete.to_json())
    return _absolute(values)


def _typed(asked: Any, complete: Any) -> Any:
    """Return what was asked for, text as its constructor took it."""
    if isinstance(asked, Raw):
        return complete
    if isinstance(asked, Mapping):
        return {key: _typed(value, complete.get(key)) for key, value in asked.items()}
    return asked


def _absolute(values: dict[str, Any]) -> dict[str, Any]:
    places = [(values[section], key) for section, key in _PLACES]
    places += [(table, "run") for table in values["frozen"].values()]
    places += [(entry, "init_from") for entry in values["active_config"]["models"]]
    for section, key in places:
        if isinstance(section.get(key), Mapping):  # start weights, and what of them
            section, key = section[key], "run"
        place = section.get(key)
        if isinstance(place, str) and "://" not in place:
            section[key] = os.path.abspath(place)
    return values
