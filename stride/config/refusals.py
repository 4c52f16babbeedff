"""What is wrong with a config, told as one line with the dotted key and what to type."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from stride.config.fields import dotted_keys, model_at
from stride.config.values import join, show
from stride.errors import ConfigError, nearest

# Keys that somebody types where they do not belong, and that only a constructor declares.
_OF_CONSTRUCTORS = {
    "lr": "optimizer_kwargs",
    "weight_decay": "optimizer_kwargs",
    "momentum": "optimizer_kwargs",
    "num_workers": "load_data_kwargs",
    "drop_last": "load_data_kwargs",
}
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


def refusal(error: ValidationError, model: type[BaseModel]) -> ConfigError:
    """Return the first error that pydantic found as a ConfigError."""
    # An unknown key comes first: it may be the missing one, mistyped.
    found = error.errors(include_url=False)
    first = min(found, key=lambda detail: detail["type"] != "extra_forbidden")
    key = join(*map(str, first["loc"]))
    match first["type"]:
        case "extra_forbidden":
            return unknown_key(key, model)
        case "missing":
            return ConfigError(f"{key} is missing", key=key, hint=f"type: --config {key}=...")
    what = f"{key} {reason(first)}, not {show(first['input'])}"
    choices = re.findall(r"'([^']*)'", str(first.get("ctx", {}).get("expected", "")))
    return ConfigError(what, key=key, hint=nearest(str(first["input"]), choices))


def reason(detail: Any) -> str:
    """Return what one of pydantic's error details asks for: "must be a whole number"."""
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
    keys = [join(home, name) for name, home in _OF_CONSTRUCTORS.items()] + [*dotted_keys(model)]
    split = (key.rpartition(".") for key in keys)
    return {name: join(home, name) for home, _, name in split if home != section}


def _elsewhere(name: str, homes: Mapping[str, str]) -> str:
    """Return the hint for a key that another section has."""
    found = nearest(name, homes)
    return found.replace(found.split("'")[1], homes[found.split("'")[1]]) if found else ""


def _list(names: list[str]) -> str:
    return f"the keys here are {', '.join(sorted(names))}" if names else ""
