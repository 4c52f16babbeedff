"""What of a config differs from the defaults, in words that can be typed again."""

from collections.abc import Iterator
from typing import Any

from stride.config.resolve import Resolved
from stride.config.schema import Config
from stride.config.typed_keys import constructor_defaults
from stride.config.values import Raw, flatten, parse_json, plain

PLACE = ("work_dir", "run")


def defaults() -> Resolved:
    """Return a config in which nothing is set."""
    return Resolved(Config(work_dir="."), {})


def changed(resolved: Resolved, base: Resolved) -> Iterator[tuple[str, Any]]:
    """Yield each key and value that is not as in the base, nor inferred from data.

    Args:
        resolved: the config; of a recorded run with the origins of its start.
        base: what a new run begins with.
    """
    written = constructor_defaults(resolved.config)
    standard = dict(flatten(plain(defaults().config))) | written
    there = written | {key: decided(value) for key, value, _ in base.listing()}
    for key, value, origin in resolved.listing():
        found = decided(value)
        inferred = origin == "default" and found != standard.get(key)
        of_parent = origin.startswith("run ") and key not in standard
        if key not in PLACE and found != there.get(key, ...) and not (inferred or of_parent):
            yield key, found


def decided(value: Any) -> Any:
    """Return a config in which text that no constructor has been asked about is JSON or text."""
    if isinstance(value, dict):
        return {name: decided(part) for name, part in value.items()}
    if not isinstance(value, Raw):
        return value
    try:
        return parse_json(value)
    except ValueError:
        return str(value)
