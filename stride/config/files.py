"""Config files: JSON, TOML and YAML 1.2, with the line on which each key stands."""

import json
import os
import re
import stat
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from stride.config.values import join, parse_json, plain
from stride.errors import ConfigError, MissingExtra

Tree = dict[str, Any]
Lines = dict[str, int]

_LARGEST = 64 * 2**20  # bytes


def read_config_file(path: str | Path) -> tuple[Tree, Lines]:
    """Read a config file, its format known by its suffix.

    Returns:
        the nested values, and dotted key -> line (from 1) where the line is known.

    Raises:
        ConfigError: the file is missing, unreadable, malformed, or not a table of keys.
        MissingExtra: the file is YAML and ruamel.yaml is not installed.
    """
    values, lines = read_file(path)
    if not isinstance(values, dict):
        raise ConfigError("a config file must hold a table of keys", where=str(path))
    return values, lines


def read_file(path: str | Path) -> tuple[Any, Lines]:
    """Read a file as `read_config_file` does, be it a table of keys or a list.

    Raises:
        ConfigError: the file is missing, unreadable or malformed.
        MissingExtra: the file is YAML and ruamel.yaml is not installed.
    """
    path = Path(path)
    parse = _PARSERS.get(path.suffix.lower())
    if parse is None:
        hint = "a config file ends in .json, .toml, .yaml or .yml"
        raise ConfigError(f"the format of {path.name!r} is unknown", where=str(path), hint=hint)
    try:
        values, lines = parse(_text(path), str(path))
        return plain(values), lines
    except RecursionError:
        raise ConfigError("the file is nested too deeply", where=str(path)) from None


def _text(path: Path) -> str:
    try:
        return _content(path).decode("utf-8-sig")
    except OSError as error:
        what = f"cannot read the config file: {error.strerror}"
        raise ConfigError(what, where=str(path)) from None
    except UnicodeDecodeError:
        raise ConfigError("the config file is not UTF-8 text", where=str(path)) from None


def _content(path: Path) -> bytes:
    """Return the bytes of a file; a work_dir may have been written by anybody.

    Raises:
        ConfigError: it is a FIFO or device, which has no end, or too large.
    """
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise ConfigError("the config file is a FIFO or device, not a file", where=str(path))
        content = file.read(_LARGEST + 1)
    if len(content) > _LARGEST:
        what = f"the config file is larger than {_LARGEST >> 20} MiB"
        raise ConfigError(what, where=str(path))
    return content


def _read_json(text: str, path: str) -> tuple[Any, Lines]:
    try:
        return parse_json(text), dict(_json_lines(text))
    except json.JSONDecodeError as error:
        what = f"the file is not JSON: {error.msg}"
        raise ConfigError(what, where=f"{path}:{error.lineno}") from None
    except ValueError as error:
        raise ConfigError(f"the file is not JSON: {error}", where=path) from None


def _json_lines(text: str) -> Iterator[tuple[str, int]]:
    """Yield (dotted key, line) of valid JSON by following its braces and its keys."""
    tables: list[str] = []
    key = ""
    for token in re.finditer(r'"(?:[^"\\]|\\.)*"(?P<key>\s*:)?|[\[\]{}]', text):
        if token["key"]:
            name = json.loads(token[0][: -len(token["key"])])
            key = join(tables[-1], name)
            yield key, text.count("\n", 0, token.start()) + 1
        elif token[0] in "[{":
            tables.append(key)
        elif token[0] in "]}":
            key = tables.pop()


_PART = r"""(?:[\w-]+|"[^"\n]*"|'[^'\n]*')"""
_DOTTED = rf"{_PART}(?:\s*\.\s*{_PART})*"
_TOML_KEY = re.compile(rf"\s*(?:\[\s*(?P<table>{_DOTTED})\s*\]|(?P<key>{_DOTTED})\s*=)")


def _read_toml(text: str, path: str) -> tuple[Any, Lines]:
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"line (\d+)", str(error))
        where = f"{path}:{line[1]}" if line else path
        raise ConfigError(f"the file is not TOML: {error}", where=where) from None
    # Text over several lines, and arrays of tables, may hold what looks like a key.
    simple = not any(mark in text for mark in ('"""', "'''", "[["))
    return values, dict(_toml_lines(text)) if simple else {}


def _toml_lines(text: str) -> Iterator[tuple[str, int]]:
    """Yield (dotted key, line) of TOML in which every key begins a line."""
    table = ""
    for number, line in enumerate(text.splitlines(), start=1):
        found = _TOML_KEY.match(line)
        if found and found["table"]:
            table = _dotted(found["table"])
            yield table, number
        elif found:
            yield join(table, _dotted(found["key"])), number


def _dotted(key: str) -> str:
    return ".".join(part.strip("\"'") for part in re.findall(_PART, key))


def _read_yaml(text: str, path: str) -> tuple[Any, Lines]:
    try:
        from ruamel.yaml import YAML
        from ruamel.yaml.constructor import SafeConstructor
        from ruamel.yaml.error import YAMLError
    except ImportError:
        raise MissingExtra("ruamel.yaml", "yaml", where=path) from None

    class PlainConstructor(SafeConstructor):
        """Keep dates as text, as YAML 1.2's core schema does."""

    tag = "tag:yaml.org,2002:timestamp"
    PlainConstructor.add_constructor(tag, SafeConstructor.construct_yaml_str)
    yaml = YAML(typ="safe", pure=True)
    yaml.Constructor = PlainConstructor
    try:
        lines = dict(_yaml_lines(yaml.compose(text)))
        values = yaml.load(text)
    except YAMLError as error:
        raise _not_yaml(error, path) from None
    return {} if values is None else values, lines


def _not_yaml(error: Exception, path: str) -> ConfigError:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or str(error)
    where = f"{path}:{mark.line + 1}" if mark else path
    return ConfigError(f"the file is not YAML: {problem}", where=where)


def _yaml_lines(node: Any, table: str = "") -> Iterator[tuple[str, int]]:
    """Yield (dotted key, line) of a composed YAML mapping."""
    if getattr(node, "id", "") != "mapping":
        return
    for name, value in node.value:
        key = join(table, str(name.value))
        yield key, name.start_mark.line + 1
        yield from _yaml_lines(value, key)


_PARSERS: dict[str, Callable[[str, str], tuple[Any, Lines]]] = {
    ".json": _read_json,
    ".toml": _read_toml,
    ".yaml": _read_yaml,
    ".yml": _read_yaml,
}
