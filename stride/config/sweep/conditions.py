"""Conditions of a dimension: `KEY=VALUE`, or `KEY in (VALUE,VALUE)`, joined by ` and `."""

import re
from collections.abc import Mapping
from typing import Any

from stride.config.overrides import FullKey
from stride.config.sweep.value_lists import list_text, read_value, read_values, split, value_text
from stride.errors import ConfigError

_CONDITION = re.compile(r"(?P<key>[^\s=()]+)\s*(?:=(?P<one>.*)|\s+in\s*\((?P<several>.*)\))", re.S)


def read_conditions(text: str, full_key: FullKey) -> dict[str, list[Any]]:
    """Return whole key -> values of conditions, each value read by the type of its key.

    Raises:
        ConfigError: a part is not a condition, or two are on one key; says so.
    """
    when: dict[str, list[Any]] = {}
    for part in split(text, r"\s+and\s+"):
        key, values = _read(part, full_key)
        if key in when:
            hint = f"as {key} in (A,B), if it may be either"
            raise ConfigError(f"two conditions are on {key}", hint=hint)
        when[key] = values
    return when


def conditions_text(when: Mapping[str, list[Any]]) -> str:
    """Return the text of conditions."""
    return " and ".join(
        f"{key}={value_text(values[0])}" if len(values) == 1 else f"{key} in ({list_text(values)})"
        for key, values in when.items()
    )


def _read(text: str, full_key: FullKey) -> tuple[str, list[Any]]:
    found = _CONDITION.fullmatch(text)
    if not found:
        raise ConfigError(f"{text!r} is not a condition", hint="as KEY=VALUE or KEY in (A,B)")
    key, one = full_key(found["key"]), found["one"]
    return key, read_values(found["several"], key) if one is None else [
        read_value(one.strip(), key)
    ]
