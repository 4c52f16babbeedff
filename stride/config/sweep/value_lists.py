"""Lists of values as people type them: `1e-3,1e-2`, `[64],[64,64]`, `true,null,"a,b"`.

A value is read as in an override: the schema decides the type of the keys that it declares; for
all others it is JSON where it parses, else text. In quotes it is text, whatever else it may be.
"""

import json
import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

from stride.config.json_kinds import read
from stride.config.names.fields import model_at
from stride.config.schema import Config
from stride.config.typed_keys import declared_key
from stride.config.values import Raw, parse_json, show, whole_number
from stride.errors import ConfigError

_QUOTED = r'"(?:[^"\\]|\\.)*"'
_BARE = re.compile(r'[^\s,()\[\]{}"]+')


def split(text: str, separator: str = ",") -> list[str]:
    """Split a text where a pattern is found outside of brackets and quotes; spaces are stripped.

    Raises:
        ConfigError: a bracket is not closed, or not opened.
    """
    cuts = [(0, 0), *_cuts(text, separator), (len(text), len(text))]
    return [text[end:start].strip() for (_, end), (start, _) in pairwise(cuts)]


def _cuts(text: str, separator: str) -> Iterator[tuple[int, int]]:
    depth = 0
    for token in re.finditer(rf"{_QUOTED}|[\[\](){{}}]|{separator}", text):
        if token[0] in "([{":
            depth += 1
        elif token[0] in ")]}":
            depth -= 1
        elif not depth and token[0][0] != '"':
            yield token.span()
        if depth < 0:
            raise ConfigError(f"a {token[0]} closes nothing")
    if depth:
        raise ConfigError("a bracket is not closed")


def read_values(text: str, key: str = "") -> list[Any]:
    """Return the values of a list, each read by the type of its key.

    Raises:
        ConfigError: one is empty, or not of the type that the schema asks for.
    """
    return [read_value(one, key) for one in split(text)]


def read_value(text: str, key: str = "") -> Any:
    """Return what a typed value of a dotted key means; one in quotes is text.

    Raises:
        ConfigError: it is empty, or not of the type that the schema asks for.
    """
    if not text:
        raise ConfigError("a value is empty", key=key, hint='the empty text is typed as ""')
    if re.fullmatch(_QUOTED, text):
        try:
            return parse_json(text)
        except ValueError:
            raise ConfigError(f"{text} is not JSON text", key=key) from None
    return read(Raw(text), declared_type(key), key)


def declared_type(key: str) -> Any:
    """Return the type of a key that the schema declares, be it short; of others any."""
    *section, name = declared_key(key).split(".")
    model = model_at(Config, tuple(section))
    field = model.model_fields.get(name) if model else None
    return field.annotation if field else Any


def value_text(value: Any) -> str:
    """Return a value as `read_value` takes it: text as it is where that can only be text."""
    if isinstance(value, str) and _BARE.fullmatch(value) and not _is_json(value):
        return value
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def list_text(values: Sequence[Any]) -> str:
    """Return values as `read_values` takes them."""
    return ",".join(map(value_text, values))


def _is_json(text: str) -> bool:
    try:
        parse_json(text)
    except ValueError:
        return False
    return True


def is_among(value: Any, values: Sequence[Any]) -> bool:
    """Tell whether a JSON value is one of some: 1 and 1.0 are one number, true is none."""
    return _canonical(value) in map(_canonical, values)


def _canonical(value: Any) -> str:
    return json.dumps(_whole(value), sort_keys=True, default=repr)


def _whole(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _whole(part) for name, part in value.items()}
    return [*map(_whole, value)] if isinstance(value, list | tuple) else whole_number(value)


def require_distinct(values: Sequence[Any], key: str = "") -> None:
    """Refuse a list that is empty or has a value twice.

    Raises:
        ConfigError: says so.
    """
    if not values:
        raise ConfigError(f"{key or 'the list'} has no values", key=key)
    for number, value in enumerate(values):
        if is_among(value, values[:number]):
            what = f"{key or 'the list'} has {show(value)} twice"
            raise ConfigError(what, key=key, hint="leave out one of them")
