"""Write plain values as YAML that parsers of its versions 1.1 and 1.2 read alike."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from stride.visible import visible


def yaml_text(values: Mapping[str, Any]) -> str:
    """Return a table as lines of YAML; keys are plain names, and every text is in quotes.

    Args:
        values: tables, lists, texts and finite numbers, however nested; no list in a list.
    """
    return "\n".join(_table(values))


def _table(values: Mapping[str, Any]) -> Iterator[str]:
    for key, value in values.items():
        if isinstance(value, Mapping | list):
            yield f"{key}:"
            yield from _indented(value)
        else:
            yield f"{key}: {_scalar(value)}"


def _indented(value: Mapping[str, Any] | list[Any]) -> Iterator[str]:
    lines = _table(value) if isinstance(value, Mapping) else _list(value)
    return (f"  {line}" for line in lines)


def _list(values: list[Any]) -> Iterator[str]:
    for value in values:
        lines = _table(value) if isinstance(value, Mapping) else iter([_scalar(value)])
        yield f"- {next(lines)}"
        yield from (f"  {line}" for line in lines)


def _scalar(value: str | float) -> str:
    if isinstance(value, str):
        quoted = json.dumps(visible(value), ensure_ascii=False)
        return "".join(c if c.isprintable() else f"\\U{ord(c):08x}" for c in quoted)
    text = json.dumps(value)
    mantissa, _, exponent = text.partition("e")
    # In version 1.1 a number with an exponent and without a point is a text.
    return f"{mantissa}.0e{exponent}" if exponent and "." not in mantissa else text
