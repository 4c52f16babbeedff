"""Read the hparams.yaml that Lightning's loggers write, building nothing that it names."""

from pathlib import Path
from typing import Any

from stride.errors import MissingExtra, RunError
from stride.exchange.imports.source import Tell
from stride.runs.files.durable import os_errors_as
from stride.runs.files.safe_open import read_own

LARGEST = 2**20
"""Bytes of the largest file that is read."""

_MOST = 100_000  # values: a short file may name one of its lists again and again
_DEEPEST = 50
_TUPLE = "tag:yaml.org,2002:python/tuple"
_LEFT_OUT = object()


def read_hparams(path: Path, tell: Tell) -> dict[str, Any]:
    """Return the hyperparameters as plain values.

    Args:
        path: the file.
        tell: is given in words what was left out, as objects of Python.

    Raises:
        RunError: the file cannot be read or is not YAML.
        MissingExtra: ruamel.yaml is not installed.
    """
    with os_errors_as("cannot read", path, RunError):
        content = read_own(path, LARGEST)
    values = _load(content, path)
    reader = _Plain(path.name, tell)
    found = reader.plain(values, "", 0) if isinstance(values, dict) else {}
    if not isinstance(values, dict) and values is not None:
        tell(f"{path.name} is not a table of keys")
    return found if isinstance(found, dict) else {}


def _load(content: bytes, path: Path) -> Any:
    """Return the values, with `_Object` in the place of whatever has a tag of its own."""
    try:
        from ruamel.yaml import YAML
        from ruamel.yaml.constructor import SafeConstructor
        from ruamel.yaml.error import YAMLError
    except ImportError:
        raise MissingExtra("ruamel.yaml", "yaml", where=str(path)) from None

    class Constructor(SafeConstructor):
        """Build plain values alone."""

    def unknown(self: Any, node: Any) -> Any:
        if str(node.tag) == _TUPLE:
            return self.construct_sequence(node, deep=True)
        return _Object(str(node.tag))

    def number(self: Any, node: Any) -> Any:
        """Return a float, and a text where PyYAML reads and writes one: `1e-5` has no dot."""
        return self.construct_yaml_float(node) if "." in node.value else node.value

    Constructor.add_constructor(None, unknown)
    Constructor.add_constructor("tag:yaml.org,2002:float", number)
    Constructor.add_constructor("tag:yaml.org,2002:timestamp", SafeConstructor.construct_yaml_str)
    yaml = YAML(typ="safe", pure=True)
    yaml.Constructor, yaml.version = Constructor, (1, 1)  # which PyYAML writes
    try:
        return yaml.load(content.decode("utf-8"))
    except (YAMLError, ValueError, RecursionError) as error:
        problem = getattr(error, "problem", None) or type(error).__name__
        raise RunError(f"{path.name} is not YAML: {problem}", where=str(path)) from None


class _Object:
    """Stand for a value that only code could build.

    Args:
        tag: that it has.
    """

    def __init__(self, tag: str) -> None:
        self.tag = tag


class _Plain:
    """Take of values what JSON can hold, and no more than a file of hyperparameters has.

    Args:
        name: of the file.
        tell: is given what was left out.
    """

    def __init__(self, name: str, tell: Tell) -> None:
        self._name, self._tell, self._left = name, tell, _MOST

    def plain(self, value: Any, key: str, depth: int) -> Any:
        """Return a plain value, `_LEFT_OUT` for what is none."""
        self._left -= 1
        if self._left < 0 or depth > _DEEPEST:
            raise RunError(f"{self._name} has too many values, or too deep ones")
        if value is None or isinstance(value, bool | int | float | str):
            return value
        if isinstance(value, list | tuple):
            found = [self.plain(one, key, depth + 1) for one in value]
            return [one for one in found if one is not _LEFT_OUT]
        if isinstance(value, dict):
            pairs = {
                str(k): self.plain(v, f"{key}.{k}".lstrip("."), depth + 1) for k, v in value.items()
            }
            return {name: one for name, one in pairs.items() if one is not _LEFT_OUT}
        what = value.tag if isinstance(value, _Object) else type(value).__name__
        self._tell(f"{self._name}: {key}, which is an object ({what})")
        return _LEFT_OUT
