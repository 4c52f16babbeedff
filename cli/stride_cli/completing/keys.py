"""Complete `key=value` words from the config's JSON Schema, which needs no pydantic."""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple

import typer

Item = tuple[str, str]


class Key(NamedTuple):
    """A key of the config as the schema describes it."""

    help: str
    values: tuple[str, ...]


def complete_words(context: typer.Context, incomplete: str) -> list[Item]:
    """Return the keys that a word may begin with, or the values of the key that it names."""
    key, equals, _ = incomplete.partition("=")
    if equals:
        return [(f"{key}={value}", "") for value in values_of(key)]
    given = context.params
    typed = [*(given.get("words") or []), *(given.get("config") or []), *context.args]
    short = [(f"{name}=", text) for name, text in names(typed) if name.startswith(key)]
    return short or [(f"{full}=", one.help) for full, one in keys().items() if full.startswith(key)]


def names(typed: list[str]) -> Iterator[Item]:
    """Yield every name of a key with its help, the shortest that is clear.

    Args:
        typed: the words before, which may choose constructors.
    """
    from stride.config.names.short import ALIASES, meanings

    known = {**keys(), **parameters(typed)}
    short = {full: name for name, full in ALIASES.items()}
    for full, key in known.items():
        last = full.rpartition(".")[2]
        clear = meanings(last, known) == [full]
        yield short.get(full) or (last if clear else full), key.help


def values_of(name: str) -> list[str]:
    """Return the values that a key is known to take."""
    from stride.config.names.built_in import BUILT_IN
    from stride.config.names.short import meanings

    found = meanings(name, keys())
    if len(found) != 1:
        return []
    _, _, last = found[0].rpartition(".")
    kind = "trainer" if last == "trainer" else last.removesuffix("_name")
    if kind in BUILT_IN and (last.endswith("_name") or last == "trainer"):
        return [*BUILT_IN[kind], *_of_torch(kind)]
    return list(keys()[found[0]].values)


def _of_torch(kind: str) -> list[str]:
    """Return torch's own names of a kind; of networks none, which are mere layers."""
    from stride.config.names.built_in import TORCH
    from stride.config.names.outline import public_names

    return public_names(TORCH[kind]) if kind in TORCH and kind != "model" else []


def parameters(typed: list[str]) -> dict[str, Key]:
    """Return the parameters of the constructors that some words, or else the defaults, choose."""
    from stride.config.names.built_in import LOADER, possible_paths
    from stride.config.names.outline import outline

    chosen = dict(word.split("=", 1) for word in typed if "=" in word)
    found = {f"load_data_kwargs.{name}": Key("", ()) for name in outline(LOADER).names}
    for kind in ("dataset", "model", "criterion", "optimizer", "scheduler"):
        full = f"{kind}_kwargs.{kind}_name"
        name = chosen.get(kind) or chosen.get(full) or _schema_default(full)
        for path in possible_paths(kind, name):
            found |= {f"{kind}_kwargs.{one}": Key("", ()) for one in outline(path).names}
    return found


@cache
def keys() -> dict[str, Key]:
    """Return every declared key of the config by its dotted name."""
    schema = _schema()
    found: dict[str, Key] = {}
    for name, field in schema["properties"].items():
        inner = schema["$defs"].get(str(field.get("$ref", "")).rpartition("/")[2])
        for last, one in inner["properties"].items() if inner else [("", field)]:
            full = f"{name}.{last}" if last else name
            found[full] = Key(one.get("description", ""), _values(one))
    found.pop("format_version", None)
    return found


def _values(field: Mapping[str, Any]) -> tuple[str, ...]:
    kinds = [field, *field.get("anyOf", [])]
    listed = [str(value) for kind in kinds for value in kind.get("enum", [])]
    switch = any(kind.get("type") == "boolean" for kind in kinds)
    return (*listed, *(("true", "false") if switch else ()))


def _schema_default(full: str) -> str | None:
    section, _, name = full.partition(".")
    schema = _schema()
    model = schema["properties"][section]["$ref"].rpartition("/")[2]
    default = schema["$defs"][model]["properties"][name].get("default")
    return default if isinstance(default, str) else None


@cache
def _schema() -> dict[str, Any]:
    import json
    from importlib.resources import files

    text = files("stride.runs").joinpath("schemas", "config.schema.json").read_text("utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema
