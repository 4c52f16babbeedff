"""What to write down about a class so that it can be found, or read, again."""

import ast
import hashlib
import inspect
import linecache
from textwrap import dedent
from typing import Any

from stride.errors import ComponentError


def import_path(obj: Any) -> str:
    """Return the import path "module:qualname" of a class or function.

    Raises:
        ComponentError: no import leads to it: it is defined inside a function, or has no name.
    """
    name = getattr(obj, "__qualname__", None)
    if name is None or "<" in name:
        what = f"{name or repr(obj)} cannot be found by an import path"
        raise ComponentError(what, hint="define it at the top of a module")
    return f"{obj.__module__}:{name}"


def source_of(obj: Any) -> str | None:
    """Return the source text of a class or function of `__main__` (a script or a notebook).

    None for what a module can give again, and where there is no source, as at a bare prompt.
    """
    if getattr(obj, "__module__", None) != "__main__":
        return None
    try:
        return dedent(inspect.getsource(obj))
    except (OSError, TypeError):
        return _source_in_cell(obj)


def source_digest(obj: Any) -> str | None:
    """Return by what the source text of a class or function is known again, None without one."""
    try:
        text = inspect.getsource(obj)
    except (OSError, TypeError):
        return None
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _source_in_cell(cls: Any) -> str | None:
    """Find a notebook's class through its methods, since its module there has no file."""
    for member in vars(cls).values():
        code = getattr(member, "__code__", None)
        text = "".join(linecache.getlines(code.co_filename)) if code else ""
        found = _class_in(text, cls.__name__)
        if found:
            return found
    return None


def _class_in(text: str, name: str) -> str | None:
    """Return the lines of a class in a module's text, decorators included."""
    try:
        nodes = list(ast.walk(ast.parse(text)))
    except SyntaxError:  # a notebook's own commands
        return None
    for node in nodes:
        if isinstance(node, ast.ClassDef) and node.name == name:
            first = min([node.lineno, *(one.lineno for one in node.decorator_list)])
            return dedent("\n".join(text.splitlines()[first - 1 : node.end_lineno]) + "\n")
    return None
