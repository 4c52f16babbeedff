"""The one grammar of overrides: `section.key=value`, split at the first equals sign."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from stride.config.json_kinds import read
from stride.config.names.fields import model_at
from stride.config.schema import Config
from stride.config.values import Raw, parse_json, plain
from stride.errors import ConfigError

Overrides = Mapping[str, Any] | Sequence[str] | None
Tree = dict[str, Any]
FullKey = Callable[[str], str]


def parse_override(text: str) -> tuple[tuple[str, ...], Raw]:
    """Split "a.b=1" into its path and its text, whose type is decided later.

    Raises:
        ConfigError: there is no equals sign, or a part of the key is empty.
    """
    key, equals, value = text.partition("=")
    key = key.strip()
    if not equals:
        raise ConfigError(f"{text!r} is not an override", key=key, hint="type key=value")
    return _path(key, text), Raw(value)


def split_overrides(overrides: Overrides, full_key: FullKey = str) -> list[Tree]:
    """Return each override as nested values, in order.

    Args:
        overrides: a dict of dotted keys, a nested dict, or a list of "key=value" texts.
        full_key: gives the whole key that a typed one means.

    Raises:
        ConfigError: one of them is malformed; says which.
    """
    if overrides is None:
        return []
    if isinstance(overrides, str):
        return [_from_text(overrides, full_key)]
    if isinstance(overrides, Mapping):
        given = {key: full_key(str(key)) for key in overrides}
        return [
            _nest(_path(given[key], str(key)), plain(v, given[key])) for key, v in overrides.items()
        ]
    return [_from_text(text, full_key) for text in overrides]


def overrides_tree(overrides: Overrides) -> Tree:
    """Merge overrides, in order, into one nested dict; texts stay `Raw`."""
    tree: Tree = {}
    for one in split_overrides(overrides):
        tree = deep_merge(tree, one)
    return tree


def deep_merge(lower: Mapping[str, Any], upper: Mapping[str, Any]) -> Tree:
    """Return the two merged: dicts key by key, anything else replaced by the upper."""
    merged = dict(lower)
    for name, value in upper.items():
        merged[name] = _merged(merged[name], value) if name in merged else value
    return merged


def _merged(lower: Any, upper: Any) -> Any:
    """Merge one value; text that is a JSON object is merged as a dict."""
    if isinstance(upper, dict):
        lower = _table(lower)
    elif isinstance(lower, dict):
        upper = _table(upper)
    both = isinstance(lower, dict) and isinstance(upper, dict)
    return deep_merge(lower, upper) if both else upper


def _table(value: Any) -> Any:
    if isinstance(value, Raw) and value.lstrip().startswith("{"):
        try:
            return parse_json(value)
        except (ValueError, RecursionError):
            return value
    return value


def _from_text(text: str, full_key: FullKey) -> Tree:
    path, raw = parse_override(text)
    path = tuple(full_key(".".join(path)).split("."))
    is_section = model_at(Config, path) is not None
    return _nest(path, read(raw, dict, ".".join(path)) if is_section else raw)


def _path(key: str, text: str) -> tuple[str, ...]:
    path = tuple(key.split("."))
    if not all(part.strip() == part != "" for part in path):
        raise ConfigError(f"{text!r} has an empty key", key=key, hint="type section.key=value")
    return path


def _nest(path: tuple[str, ...], value: Any) -> Tree:
    for name in reversed(path[1:]):
        value = {name: value}
    return {path[0]: value}
