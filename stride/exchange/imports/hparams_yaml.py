"""Read the hparams.yaml that Lightning's loggers write, building nothing that it names."""

from pathlib import Path
from typing import Any

from stride.errors import MissingExtra, RunError
from stride.exchange.imports.plain import Plain, Unread
from stride.exchange.imports.source import Tell
from stride.runs.files.durable import os_errors_as
from stride.runs.files.safe_open import read_own

LARGEST = 2**20
"""Bytes of the largest file that is read."""

_TUPLE = "tag:yaml.org,2002:python/tuple"


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
    if isinstance(values, dict):
        return Plain(path.name, str(path), tell).table(values)
    if values is not None:
        tell(f"{path.name} is not a table of keys")
    return {}


def _load(content: bytes, path: Path) -> Any:
    """Return the values, with `Unread` in the place of whatever has a tag of its own."""
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
        return Unread(str(node.tag))

    def number(self: Any, node: Any) -> Any:
        """Return a float, and a text where PyYAML reads and writes one: `1e-5` has no dot."""
        value = self.construct_scalar(node)
        return self.construct_yaml_float(node) if "." in value else value

    Constructor.add_constructor(None, unknown)
    Constructor.add_constructor("tag:yaml.org,2002:float", number)
    Constructor.add_constructor("tag:yaml.org,2002:timestamp", SafeConstructor.construct_yaml_str)
    yaml = YAML(typ="safe", pure=True)
    yaml.Constructor, yaml.version = Constructor, (1, 1)  # which PyYAML writes
    try:
        return yaml.load(content.decode("utf-8"))
    except (YAMLError, ValueError, LookupError, AssertionError, RecursionError) as error:
        # the parser asserts, and takes letters of texts that are empty
        problem = getattr(error, "problem", None) or type(error).__name__
        raise RunError(f"{path.name} is not YAML: {problem}", where=str(path)) from None
