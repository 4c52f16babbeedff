"""List the import paths that a config holds: what building it would run."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from stride.config.values import Raw, join, parse_json

_NO_CODE = (
    "work_dir",
    "run",
    "device",
    "dataset_kwargs.path",
    "dataset_kwargs.root",
    "model_kwargs.init_from",
    "logging_config.wandb_kwargs",
)
"""Places on disk, devices and labels: text that nothing imports."""


_NO_TEXT = frozenset({bool, int, float, type(None)})
_RUN_OF_FROZEN = re.compile(r"frozen\.[^.]+(\.run)?")


def is_import_path(text: str) -> bool:
    """Tell whether a text has the form `package.module:Name`; `Name` may be dotted."""
    module, colon, name = text.partition(":")
    return bool(colon) and all(part.isidentifier() for part in f"{module}.{name}".split("."))


def import_paths(values: Mapping[str, Any]) -> dict[str, str]:
    """Return every import path in a config's values, by its dotted key.

    All text of that form counts, wherever it stands: what a constructor of the user's makes of its
    arguments, nobody knows.

    Args:
        values: nested, as of one layer or of a whole config; text may be `Raw`.
    """
    return dict(_within(values, ""))


def _within(value: Any, key: str) -> Iterator[tuple[str, str]]:
    if key in _NO_CODE or (isinstance(value, str) and _RUN_OF_FROZEN.fullmatch(key)):
        return
    if isinstance(value, (dict, Mapping)):
        for name, part in value.items():
            if type(part) not in _NO_TEXT:
                yield from _within(part, join(key, str(name)))
    elif isinstance(value, list | tuple):
        for n, part in enumerate(value):
            yield from _within(part, f"{key}[{n}]")
    elif isinstance(value, str) and is_import_path(value):
        yield key, str(value)
    elif isinstance(value, Raw):
        yield from _within(_parsed(value), key)


def _parsed(text: str) -> Any:
    try:
        return parse_json(text)
    except (ValueError, RecursionError):
        return None
