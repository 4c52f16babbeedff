"""Config values: plain JSON, and command-line text whose type is not decided yet."""

import json
import math
from collections.abc import Iterator, Mapping, Set
from dataclasses import fields, is_dataclass
from datetime import date, time
from enum import Enum
from os import PathLike, fspath
from typing import Any, Never

from stride.config.nonfinite import encode_number
from stride.errors import ConfigError

NAMED = frozenset({"torch.device", "torch.dtype", "numpy.dtype"})
"""Types of other libraries whose objects are known by a text."""
_AS_THEY_ARE = frozenset({str, bool})
_NUMBERS = frozenset({int, float})


class Raw(str):
    """Text typed on a command line, whose type the schema or a signature decides."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"Raw({str(self)!r})"


def parse_json(text: str) -> Any:
    """Parse text as strict JSON: no NaN, no infinity, no key twice.

    Raises:
        ValueError: the text is not JSON.
    """
    value = json.loads(text, parse_constant=_refuse_constant, object_pairs_hook=_unique)
    if not _is_finite(value):
        raise ValueError("a number is too large")
    return value


def plain(value: Any, key: str = "") -> Any:
    """Return value as plain JSON: dict, list, text, number, bool or None; `Raw` stays `Raw`.

    Tuples, sets, arrays and tensors become lists, paths and dates text, enum members their value,
    zero-dimensional arrays numbers, devices and types of numbers (`torch.float32`) text, dataclass
    and pydantic objects dicts, numbers that are keys text, and numbers that are not finite the
    texts "NaN", "Infinity" and "-Infinity". Containers are copied.

    Raises:
        ConfigError: JSON cannot hold the value; names the dotted key.
    """
    if value is None or type(value) in _AS_THEY_ARE:  # most are, and need no further question
        return value
    if type(value) in _NUMBERS:
        return _scalar(value, key)
    if isinstance(value, (dict, Mapping)):  # the abstract class is asked last
        return _table(value, key)
    if isinstance(value, list | tuple):
        return [plain(part, join(key, str(n))) for n, part in enumerate(value)]
    if isinstance(value, Enum):
        return _enum_value(value)
    if isinstance(value, Raw):
        return value
    if isinstance(value, str | int | float):
        return _scalar(value, key)
    if isinstance(value, Set):
        return sorted((plain(part, key) for part in value), key=json.dumps)
    return _object(value, key)


def join(*parts: str) -> str:
    """Join the parts of a dotted key; empty ones are left out."""
    return ".".join(map(str, filter(None, parts)))


def flatten(values: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield (dotted key, value) of nested values; lists and empty dicts are leaves."""
    if isinstance(values, (dict, Mapping)) and (values or not prefix):
        for name, value in values.items():
            key = f"{prefix}.{name}" if prefix else name
            if isinstance(value, (dict, Mapping)):
                yield from flatten(value, key)
            else:
                yield key, value
    else:
        yield prefix, values


def without_key(values: Mapping[str, Any], key: str) -> dict[str, Any]:
    """Return nested values without a dotted key."""
    section, _, rest = key.partition(".")
    inner = values.get(section)
    if not rest:
        return {k: v for k, v in values.items() if k != section}
    return (
        {**values, section: without_key(inner, rest)} if isinstance(inner, Mapping) else {**values}
    )


def whole_number(value: Any) -> Any:
    """Convert a whole float to int, as 1e3 to 1000: JSON has one kind of number."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def show(value: Any, limit: int = 60) -> str:
    """Return value in the config's own notation, shortened for a message."""
    text = json.dumps(value, ensure_ascii=False, default=repr)
    return text if len(text) <= limit else f"{text[: limit - 3]}..."


def _table(value: Mapping[Any, Any], key: str) -> dict[str, Any]:
    table: dict[str, Any] = {}
    for given, part in value.items():
        name = given if type(given) is str else _text_key(given, key)
        if name in table:
            place = join(key, name)
            raise ConfigError(f"{place}: duplicate key {name!r}", key=place)
        is_plain = part is None or type(part) in _AS_THEY_ARE
        table[name] = part if is_plain else plain(part, join(key, name))
    return table


def _scalar(value: str | int | float, key: str) -> str | int | float:
    if isinstance(value, str):
        return str(value)
    if not is_number(value):
        raise ConfigError(f"{key or 'a number'} is too large: no other program reads it", key=key)
    return int(value) if isinstance(value, int) else encode_number(float(value))


def is_number(value: int | float) -> bool:
    """Tell whether a number has a place among the floats, as whole ones of 400 digits have not."""
    try:
        float(value)
    except OverflowError:
        return False
    return True


def _object(value: Any, key: str) -> Any:
    if hasattr(type(value), "model_fields"):
        return plain(dict(iter(value)), key)  # which may have a field `keys`
    if isinstance(value, PathLike):
        return str(fspath(value))
    if isinstance(value, date | time):
        return value.isoformat()
    if any(full_name(cls) in NAMED for cls in type(value).__mro__):
        return str(value)
    if hasattr(value, "shape") and hasattr(value, "tolist") and not isinstance(value, type):
        return plain(_listed(value, key), key)
    if is_dataclass(value) and not isinstance(value, type):
        return plain({field.name: getattr(value, field.name) for field in fields(value)}, key)
    return _cannot_hold(value, key)


def full_name(cls: Any) -> str:
    """Return the full name of a class: one of a library is known by it without an import."""
    return f"{cls.__module__}.{cls.__qualname__}" if isinstance(cls, type) else ""


def _listed(array: Any, key: str) -> Any:
    """Return the numbers of an array or tensor; there are some that have none to give."""
    try:
        return array.tolist()
    except (RuntimeError, TypeError, ValueError) as error:
        what = f"{key or 'a value'} cannot be written as JSON: {str(error).splitlines()[0]}"
        raise ConfigError(what, key=key, hint="give a dense array or tensor, or a list") from error


def _cannot_hold(value: Any, key: str) -> Never:
    what = f"{key or 'a value'} cannot be written as JSON: it is a {type(value).__qualname__}"
    raise ConfigError(what, key=key, hint=_instead_of(value))


def _instead_of(value: Any) -> str:
    name = getattr(value, "__qualname__", None)
    if name is None:
        return "give the import path of what makes it"
    if "<" in name:  # a lambda, or of the inside of a function
        return "define it at the top of a module, and give its import path"
    return f"give its import path: {value.__module__}:{name}"


def _enum_value(member: Enum) -> Any:
    try:
        return plain(member.value)
    except ConfigError:
        return member.name


def _text_key(name: Any, key: str) -> str:
    """Return a key as JSON has it: those that are numbers are text there."""
    if isinstance(name, str):
        return str(name)
    held = plain(name, key)
    if isinstance(held, bool | int | float):
        return json.dumps(held)
    if isinstance(held, str):
        return held
    raise ConfigError(f"{join(key, str(name))}: a key must be text, not {name!r}", key=key)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"duplicate key {twice!r}")
    return values


def _refuse_constant(name: str) -> Never:
    raise ValueError(f"{name} is not a JSON number")


def _is_finite(value: Any) -> bool:
    if isinstance(value, dict):
        return all(map(_is_finite, value.values()))
    if isinstance(value, list):
        return all(map(_is_finite, value))
    if isinstance(value, float):
        return math.isfinite(value)
    return not isinstance(value, int) or is_number(value)
