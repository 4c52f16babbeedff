"""A YAML file of the template, with the lines of its keys, and the paths that it names."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

from stride.config.files import read_config_file
from stride.config.values import join, show
from stride.errors import ConfigError, nearest

Tree = dict[str, Any]

_PLAIN = ("torch.optim", "torch.nn", "optuna.samplers", "optuna.pruners")
_FUNCTIONS = "torch.nn.functional"
_BUILT_IN = ("pruner.PFLPruner", "hyperbolic_lr.HyperbolicLR", "hyperbolic_lr.ExpHyperbolicLR")
"""Classes of the template's own modules that STRIDE has too, with the same arguments."""


@final
@dataclass(frozen=True)
class TemplateFile:
    """One of the two files, with the lines of its keys."""

    path: str
    values: Tree
    lines: Mapping[str, int]

    @classmethod
    def read(cls, path: str | Path) -> "TemplateFile":
        """Read a file.

        Raises:
            ConfigError: it is missing or malformed.
            MissingExtra: ruamel.yaml is not installed.
        """
        return cls(str(path), *read_config_file(path))

    def table(self, key: str, known: Iterable[str] = ()) -> Tree:
        """Return the table at a dotted key, empty where there is none.

        Raises:
            ConfigError: it is not a table, or has a key that is not among those known, if any.
        """
        table = self.values
        for name in filter(None, key.split(".")):
            inner = {} if table.get(name) is None else table[name]
            if not isinstance(inner, dict):
                raise self.error(key, f"{key} must be a table of keys, not {show(inner)}")
            table = inner
        names = [*known]
        for name in table if names else ():
            if name not in names:
                hint = nearest(name, names) or f"the keys here are {', '.join(sorted(names))}"
                raise self.error(join(key, name), f"unknown key {join(key, name)}", hint)
        return table

    def error(self, key: str, what: str, hint: str = "") -> ConfigError:
        """Return an error with the line of a dotted key, or of the table round it, as its place."""
        line = next((self.lines[one] for one in _upwards(key) if one in self.lines), None)
        where = f"{self.path}:{line}" if line else self.path
        return ConfigError(what, key=key, where=where, hint=hint)


def _upwards(key: str) -> Iterator[str]:
    while key:
        yield key
        key = key.rpartition(".")[0]


def component_name(path: Any) -> Any:
    """Return what STRIDE calls the class that a dotted path names; what is not text as it is.

    `torch.optim.adamw.AdamW` is AdamW, `optuna.samplers.TPESampler` is TPESampler, `model.MLP` is
    `model:MLP`; `hyperbolic_lr.HyperbolicLR` and `pruner.PFLPruner` are STRIDE's own.
    """
    if not isinstance(path, str) or ":" in path:
        return path
    module, _, name = path.rpartition(".")
    of_library = any(f"{module}.".startswith(f"{one}.") for one in _PLAIN) and module != _FUNCTIONS
    return name if not module or of_library or path in _BUILT_IN else f"{module}:{name}"
