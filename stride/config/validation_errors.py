"""Turn pydantic's validation errors into ConfigErrors with the dotted key and a hint."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from stride.config.json_kinds import value_kinds
from stride.config.names.fields import dotted_keys, model_at, section_type
from stride.config.names.short import ALIASES
from stride.config.values import join, show
from stride.errors import ConfigError, nearest, nearest_name

_WANTED = {
    "int_type": "must be a whole number",
    "float_type": "must be a number",
    "bool_type": "must be true or false",
    "string_type": "must be text",
    "list_type": "must be a list",
    "dict_type": "must be a table of keys",
    "model_type": "must be a table of keys",
    "finite_number": "must be finite",
    "too_long": "must be shorter",
    "too_short": "must be longer",
    "string_too_short": "must not be empty",
    "string_pattern_mismatch": "must be letters, digits, '_', '-' and '.', a letter or digit first",
}


Table = TypeVar("Table", bound=BaseModel)


def typed_table(value: Any, model: type[Table], key: str) -> Table:
    """Return a table that stands as the value of a key.

    Raises:
        ConfigError: a key or value in it is wrong; names the dotted key.
    """
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise config_error(error, model, within=key) from None


def typed_tables(value: Any, model: type[Table], key: str, short: str) -> Any:
    """Return named tables that stand as the value of a key; what is none stays as it is.

    Args:
        value: name -> table.
        model: of each table.
        key: the dotted key of them all.
        short: the name in a table of what a text alone means.

    Raises:
        ConfigError: as `typed_table`.
    """
    if not isinstance(value, Mapping):
        return value
    tables = {name: {short: one} if isinstance(one, str) else one for name, one in value.items()}
    return {name: typed_table(one, model, f"{key}.{name}") for name, one in tables.items()}


def config_error(
    error: ValidationError, model: type[BaseModel], *, within: str = ""
) -> ConfigError:
    """Return all errors that pydantic found as a ConfigError, unknown keys first.

    Args:
        error: pydantic's.
        model: what was validated.
        within: the dotted key of the table that it is; the whole config has none.
    """
    found = error.errors(include_url=False)
    unknown = [one for one in found if one["type"] == "extra_forbidden"]
    # The missing key may be an unknown one, mistyped.
    others = [one for one in found if one["type"] not in ("extra_forbidden", "missing")]
    listed = [*unknown, *others] or found
    first_of = {_field(one["loc"], model): one for one in reversed(listed)}  # a union fails twice
    chosen = [one for one in listed if one in first_of.values()]
    return ConfigError.combine(_refused(one, model, within) for one in chosen)


def _field(location: tuple[int | str, ...], model: type[BaseModel]) -> tuple[int | str, ...]:
    """Return the part of a location that is a key of the schema."""
    in_section = section_type(model.model_fields.get(str(location[0]))) if location else None
    return location[:2] if in_section else location[:1]


def _refused(detail: Any, model: type[BaseModel], within: str) -> ConfigError:
    if detail["type"] == "extra_forbidden":
        beside = model.model_fields if within else ()
        return unknown_key(join(within, *map(str, detail["loc"])), model, beside)
    own = _field(detail["loc"], model)
    items = (part for part in detail["loc"][len(own) :] if isinstance(part, int))
    key = join(within, *map(str, own), *map(str, items))  # a location has names of types too
    if detail["type"] == "missing":
        return ConfigError(f"{key} is missing", key=key, hint=f"type: {key}=...")
    what = f"{key} {reason(detail)}, not {show(detail['input'])}"
    return ConfigError(what, key=key, hint=_nearest_value(str(detail["input"]), detail))


def _nearest_value(given: str, detail: Any) -> str:
    """Return "did you mean 'x'?" for one of the choices, or for a name of the pattern asked for."""
    asked = detail.get("ctx", {})
    if (pattern := asked.get("pattern")) is not None:
        return nearest_name(given, re.compile(pattern).search)
    return nearest(given, re.findall(r"'([^']*)'", str(asked.get("expected", ""))))


def reason(detail: Any) -> str:
    """Return what one of pydantic's error details asks for: "must be a whole number"."""
    if value_kinds(detail["input"]) == {"number", "text"} and detail["type"] == "float_type":
        return _WANTED["finite_number"]
    said = str(detail["msg"]).removeprefix("Value error, ").replace("Input should be", "must be")
    return _WANTED.get(detail["type"], said)


def unknown_key(key: str, model: type[BaseModel], beside: Iterable[str] = ()) -> ConfigError:
    """Return the error for a key that is not there, naming the nearest that is.

    Args:
        key: the dotted key.
        model: the type of the whole config.
        beside: names that the section takes although the schema does not declare them.
    """
    section, _, name = key.rpartition(".")
    here = model_at(model, tuple(filter(None, section.split("."))))
    siblings = [*beside, *(here.model_fields if here else ())]
    homes = _homes(section, model)
    # At the root the section has been left out, more likely than another key been mistyped.
    near = "" if not section and name in homes else nearest(name, siblings)
    hint = near or _elsewhere(name, homes) or _list(siblings)
    return ConfigError(f"unknown key {key}", key=key, hint=hint)


def _homes(section: str, model: type[BaseModel]) -> dict[str, str]:
    """Return name -> dotted key for the keys of all other sections."""
    keys = {key.rpartition(".")[2]: key for key in dotted_keys(model)} | {**ALIASES}
    root, _, rest = section.partition(".")
    if root == "optimizers":
        keys = {k: key_of_optimizer(rest.partition(".")[0], key) for k, key in keys.items()}
    return {name: key for name, key in keys.items() if key.rpartition(".")[0] != section}


def key_of_optimizer(name: str, key: str) -> str:
    """Return the dotted key in `optimizers` that has the place of one for a single optimiser."""
    section, _, rest = key.partition(".")
    own = {"optimizer_kwargs": rest, "scheduler_kwargs": key}
    return f"optimizers.{name}.{own[section]}" if section in own else key


def _elsewhere(name: str, homes: Mapping[str, str]) -> str:
    """Return the hint for a key that another section has."""
    found = nearest(name, homes)
    return found.replace(found.split("'")[1], homes[found.split("'")[1]]) if found else ""


def _list(names: list[str]) -> str:
    return f"the keys here are {', '.join(sorted(names))}" if names else ""
