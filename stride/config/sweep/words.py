"""Read a sweep from the words of a command line: `--grid lr=1e-3,1e-2`, `--sampler tpe`."""

import re
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any

from stride.config.json_kinds import kinds, read
from stride.config.layers import Layer
from stride.config.overrides import parse_override
from stride.config.sweep.value_lists import declared_type, read_value, split
from stride.errors import ConfigError

Tree = dict[str, Any]

_RANGE = re.compile(r"(-?\d+):(-?\d+)(?::(-?\d+))?")
_CALL = re.compile(r"([\w.:]+)\s*(?:\((.*)\))?", re.DOTALL)


def words_layer(
    *,
    overrides: Sequence[str] = (),
    grid: Sequence[str] = (),
    lr_sweep: Sequence[str] = (),
    wd_sweep: Sequence[str] = (),
    search: Sequence[str] = (),
    sampler: str = "",
    pruner: str = "",
    seeds: str = "",
    **fields: Any,
) -> Layer:
    """Return what a command line says of a sweep; what was not typed is left out.

    Args:
        overrides: "key=value" for every trial.
        grid: "key=values", see `grid_values`; keys may be short, here and below.
        lr_sweep: values of `lr`, each text one or several of them.
        wd_sweep: values of `weight_decay`, likewise.
        search: "key=dimension", see `stride.config.sweep.space`.
        sampler: its name, or with arguments: "tpe(multivariate=true)".
        pruner: likewise.
        seeds: how many, or which: "3", "1,5", "0:8", "[7]".
        fields: others of the spec, such as trials, metric and mode; None is left out.

    Raises:
        ConfigError: a word is malformed; names the key and the option.
    """
    swept = {"lr": lr_sweep, "weight_decay": wd_sweep}
    lists = [*grid, *(f"{key}={','.join(given)}" for key, given in swept.items() if given)]
    parts = {
        "overrides": _table((_override(text) for text in overrides), "--config"),
        "grid": _table(map(_grid, lists), "--grid"),
        "search": _table((_pair(text, "--search") for text in search), "--search"),
        "sampler_kwargs": _section("--sampler", sampler),
        "pruner_kwargs": _section("--pruner", pruner),
        "seeds": _seeds(seeds) if seeds else None,
        **fields,
    }
    given = {name: value for name, value in parts.items() if value not in (None, {})}
    return Layer("command line", given)


def grid_values(text: str, key: str = "") -> list[Any]:
    """Return the values that a text lists for a key.

    They stand between commas, `1e-3,1e-2`; one list alone lists them too, so that
    `[[64],[64,64]]` are two lists, as are `[64],[64,64]`. For keys that take numbers `0:8` are the
    whole numbers from 0 to 7, and `0:80:10` every tenth.

    Raises:
        ConfigError: a value is empty or of a wrong type, or a range has none.
    """
    parts = split(text.strip())
    if len(parts) == 1 and parts[0].startswith("[") and parts[0].endswith("]"):
        parts = split(parts[0][1:-1])
    return [*chain.from_iterable(_values(part, key) for part in parts)]


def _values(part: str, key: str) -> Iterable[Any]:
    found = _RANGE.fullmatch(part)
    if not found or "integer" not in kinds(declared_type(key)):
        return [read_value(part, key)]
    first, end, step = (int(number) for number in (found[1], found[2], found[3] or 1))
    numbers = range(first, end, step) if step else ()
    if not numbers:
        hint = "as 0:8 for 0 to 7, or 0:80:10 for every tenth"
        raise ConfigError(f"{key}={part} has no numbers", key=key, hint=hint)
    return numbers


def _table(pairs: Iterable[tuple[str, Any]], option: str) -> Tree:
    table: Tree = {}
    for key, value in pairs:
        if key in table:
            raise ConfigError(f"{option} {key} is typed twice", key=key, hint=_TWICE[option])
        table[key] = value
    return table


_TWICE = {
    "--grid": "type all of its values in one",
    "--search": "leave out one of the two",
    "--config": "leave out one of the two; to try both, type --grid KEY=VALUE,VALUE",
}
_FORMS = {
    "--grid": "type --grid KEY=VALUE,VALUE",
    "--search": "type --search 'KEY=float(LOW,HIGH)'",
    "--sampler": "type --sampler 'NAME(KEY=VALUE,KEY=VALUE)'",
    "--pruner": "type --pruner 'NAME(KEY=VALUE,KEY=VALUE)'",
    "--models": "type --models 'NAME,NAME(KEY=VALUE)'",
    "--baselines": "type --baselines 'NAME,NAME(KEY=VALUE)'",
    "--datasets": "type --datasets 'NAME,NAME(KEY=VALUE)'",
}


def _pair(text: str, option: str) -> tuple[str, str]:
    try:
        path, value = parse_override(text)
    except ConfigError as error:
        what = f"{option} {text}: a key and its value have = between them"
        raise ConfigError(what, key=error.key, hint=_FORMS[option]) from None
    return ".".join(path), str(value)


def _override(text: str) -> tuple[str, Any]:
    path, value = parse_override(text)
    key = ".".join(path)
    return key, read(value, declared_type(key), key)


def _grid(text: str) -> tuple[str, list[Any]]:
    key, values = _pair(text, "--grid")
    try:
        return key, grid_values(values, key)
    except ConfigError as error:
        hint = error.hint or _FORMS["--grid"]
        raise ConfigError(f"--grid {text}: {error.what}", key=key, hint=hint) from None


def _section(option: str, text: str) -> Tree:
    """Return the section that `name(key=value,key=value)` stands for; empty for no text."""
    if not text:
        return {}
    name, arguments = named_call(text, option)
    return {f"{option.removeprefix('--')}_name": name, **arguments}


def calls(text: str, option: str) -> list[str]:
    """Return the texts of several calls, as `named_call` takes each, that commas divide.

    Raises:
        ConfigError: a bracket is not closed, or closes nothing.
    """
    try:
        return [*filter(None, split(text))]
    except ConfigError as error:
        raise ConfigError(f"{option} {text}: {error.what}", hint=_FORMS[option]) from None


def named_call(text: str, option: str) -> tuple[str, Tree]:
    """Return the name and the arguments of `name(key=value,key=value)`, or of a name alone.

    Raises:
        ConfigError: it is none of them; says what to type behind the option.
    """
    found = _CALL.fullmatch(text.strip())
    if not found:
        raise ConfigError(f"{option} {text} names nothing", hint=_FORMS[option])
    options = [_pair(part, option) for part in split(found[2])] if found[2] else []
    return found[1], {key: read_value(value, key) for key, value in options}


def _seeds(text: str) -> Any:
    return int(text) if text.strip().isdecimal() else grid_values(text, "seed")
