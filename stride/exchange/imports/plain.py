"""Take of a source's hyperparameters what config.json can hold, and tell what is left out."""

import sys
from typing import Any

from stride.errors import RunError
from stride.exchange.imports.source import Tell
from stride.runs.files.encoding import as_utf8

_MOST = 100_000  # values: a short file may name one of its lists again and again
_DEEPEST = 50
_LEFT_OUT = object()


class Unread:
    """Stand for a value that only code could build.

    Args:
        tag: that it has.
    """

    def __init__(self, tag: str) -> None:
        self.tag = tag


class Plain:
    """Take of values what JSON can hold, and no more than hyperparameters are.

    Args:
        name: of what holds them.
        where: its path.
        tell: is given in words what was left out.
    """

    def __init__(self, name: str, where: str, tell: Tell) -> None:
        self._name, self._where, self._tell, self._left = name, where, tell, _MOST

    def table(self, values: dict[Any, Any]) -> dict[str, Any]:
        """Return a table of plain values.

        Raises:
            RunError: they are too many, or too deep in each other.
        """
        return self._table(values, "", 0)

    def _table(self, values: dict[Any, Any], key: str, depth: int) -> dict[str, Any]:
        pairs: dict[str, Any] = {}
        for own, value in values.items():
            if isinstance(own, Unread):
                self._leave(key or "a key", own)
                continue
            name = as_utf8(str(own))
            pairs[name] = self._plain(value, f"{key}.{name}".lstrip("."), depth + 1)
        return {name: one for name, one in pairs.items() if one is not _LEFT_OUT}

    def _plain(self, value: Any, key: str, depth: int) -> Any:
        """Return a plain value, `_LEFT_OUT` for what is none."""
        self._left -= 1
        if self._left < 0 or depth > _DEEPEST:
            what = f"{self._name} has too many values, or too deep ones"
            raise RunError(what, where=self._where)
        if isinstance(value, str):
            return as_utf8(value)
        if isinstance(value, list | tuple):
            found = [self._plain(one, key, depth + 1) for one in value]
            return [one for one in found if one is not _LEFT_OUT]
        if isinstance(value, dict):
            return self._table(value, key, depth)
        if value is None or isinstance(value, bool | float):
            return value
        if isinstance(value, int) and abs(value) <= sys.float_info.max:  # as readers of JSON ask
            return value
        return self._leave(key, value)

    def _leave(self, key: str, value: Any) -> object:
        if isinstance(value, int):
            what = "a number beyond all floats"
        else:
            kind = value.tag if isinstance(value, Unread) else type(value).__name__
            what = f"an object ({kind})"
        self._tell(f"{self._name}: {key}, which is {what}")
        return _LEFT_OUT
