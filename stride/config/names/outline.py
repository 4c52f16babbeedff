"""Read the parameters of a constructor from its source text: nothing is imported or run."""

import ast
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cache
from importlib.machinery import PathFinder
from itertools import chain
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

_BASES = ("Optimizer", "LRScheduler")
_DEPTH = 8  # modules and base classes that are followed at most


class Outline(NamedTuple):
    """The parameters of a constructor as its source has them.

    Attributes:
        names: that may be given by name.
        others: whether it may take more, as far as the text can tell.
        defaults: of those that have one which is written out.
    """

    names: tuple[str, ...] = ()
    others: bool = True
    defaults: Mapping[str, Any] = MappingProxyType({})


UNKNOWN = Outline()


def outline(path: str) -> Outline:
    """Return the parameters of the class or function that an import path names.

    What the text does not say plainly, as of a decorated function, counts as not known: it has
    no names here and takes any.
    """
    module, _, name = path.partition(":")
    return _outline(module, name, _DEPTH)


def file_of(path: str) -> str:
    """Return the file that an import path would run, importing nothing; a word of that if none."""
    places: Sequence[str] | None = [*sys.path, os.getcwd()]
    found = None
    for part in path.partition(":")[0].split("."):
        found = None if places is None else PathFinder.find_spec(part, list(places))
        places = getattr(found, "submodule_search_locations", None)
    return getattr(found, "origin", None) or "no file of it found"


def _outline(module: str, name: str, depth: int) -> Outline:
    found = list(_bindings(_statements(module), name)) if depth else []
    if len(found) != 1:
        return UNKNOWN
    (node,) = found
    if isinstance(node, ast.ImportFrom):
        there = next(one for one in node.names if name == (one.asname or one.name))
        return _outline(_absolute(node, module), there.name, depth - 1)
    if isinstance(node, ast.ClassDef):
        return _of_class(node, module, depth)
    if isinstance(node, ast.FunctionDef) and not node.decorator_list:
        return _of_function(node)
    return UNKNOWN


def _statements(module: str) -> tuple[ast.stmt, ...]:
    file = file_of(module)
    if not file.endswith(".py"):
        return ()
    try:
        return _parsed(file, os.stat(file).st_mtime_ns)
    except (OSError, SyntaxError, ValueError, RecursionError):
        return ()


@cache
def _parsed(file: str, changed: int) -> tuple[ast.stmt, ...]:
    return tuple(ast.parse(Path(file).read_bytes()).body)


def _bindings(statements: Sequence[ast.stmt], name: str) -> Iterator[ast.stmt]:
    """Yield the statements of a module, or of a class, that give something a name."""
    for node in statements:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            if node.name == name:
                yield node
        elif isinstance(node, ast.Import | ast.ImportFrom):
            if any(name == (one.asname or one.name) for one in node.names):
                yield node
        elif any(_is_set(one, name) for one in ast.walk(node)):
            yield node


def _is_set(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Store)


def _absolute(node: ast.ImportFrom, module: str) -> str:
    """Return the module that an import names, whether by its place or not."""
    if not node.level:
        return node.module or ""
    is_package = file_of(module).endswith("__init__.py")
    above = module.split(".") + ["__init__"] * is_package
    return ".".join([*above[: -node.level], *(node.module or "").split(".")]).strip(".")


def _of_class(node: ast.ClassDef, module: str, depth: int) -> Outline:
    """Return the parameters of a class: of its own constructor, else of its base's."""
    own = [*_bindings(node.body, "__init__"), *_bindings(node.body, "__new__")]
    if any(not _is_final(one) for one in node.decorator_list) or node.keywords or len(own) > 1:
        return UNKNOWN
    if own:
        made_by = own[0]
        plain = isinstance(made_by, ast.FunctionDef) and not made_by.decorator_list
        return _of_function(made_by, skip=1) if plain else UNKNOWN
    bases = [base.id for base in node.bases if isinstance(base, ast.Name)]
    if len(bases) != 1 or len(node.bases) != 1:
        return UNKNOWN
    return _outline(module, bases[0], depth - 1)


def _is_final(decorator: ast.expr) -> bool:
    """Tell whether a decorator is `final`, which leaves a class as it is."""
    return isinstance(decorator, ast.Name) and decorator.id == "final"


def _of_function(node: ast.stmt, skip: int = 0) -> Outline:
    assert isinstance(node, ast.FunctionDef)
    taken = node.args
    named = [*taken.args[max(0, skip - len(taken.posonlyargs)) :], *taken.kwonlyargs]
    last = zip(reversed(taken.args), reversed(taken.defaults), strict=False)
    written = [*last, *zip(taken.kwonlyargs, taken.kw_defaults, strict=True)]
    return Outline(
        tuple(one.arg for one in named),
        taken.kwarg is not None,
        dict(chain.from_iterable(_written(one.arg, default) for one, default in written)),
    )


def _written(name: str, default: ast.expr | None) -> Iterator[tuple[str, Any]]:
    """Yield a parameter's name and default, where that is plain JSON."""
    with suppress(ValueError, TypeError):
        value = ast.literal_eval(default) if default else ...
        if value is not ...:
            yield name, list(value) if isinstance(value, tuple) else value


def public_names(module: str) -> list[str]:
    """Return the names of classes that a module lists in `__all__`, bases of all others aside."""
    for node in _statements(module):
        if isinstance(node, ast.Assign) and any(_is_set(one, "__all__") for one in node.targets):
            with suppress(ValueError):
                listed = ast.literal_eval(node.value)
                return [name for name in listed if name[:1].isupper() and name not in _BASES]
    return []
