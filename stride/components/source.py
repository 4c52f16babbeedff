"""Find, digest and compare the source text of a class or function."""

import __future__

import ast
import hashlib
import inspect
import io
import linecache
import os
import sys
import time
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from functools import lru_cache
from textwrap import dedent
from types import CodeType
from typing import Any

_BEGUN = time.time()  # of this process, nearly
_TEXTS: dict[str, tuple[list[str], str]] = {}  # the lines that were read, and as one
_FUTURE = sum({getattr(__future__, name).compiler_flag for name in __future__.all_feature_names})


def source_of(obj: Any) -> str | None:
    """Return the source text of a class or function, None where it is not known.

    Nobody does at a bare prompt, and where the file was edited since it was imported.
    """
    text = _text(obj)
    return None if text is None else dedent(text)


def source_digest(obj: Any) -> str | None:
    """Return a digest of the source text of a class or function, None without one."""
    text = _text(obj)
    return None if text is None else _digest(text)


def module_digest(name: str) -> str | None:
    """Return a digest of an imported module's text, None where it has no file."""
    text = _whole_text(getattr(sys.modules.get(name), "__file__", None) or "")
    return _digest(text) if text else None


def edited_file(obj: Any) -> str:
    """Return the file that a class or function was read from, if it was edited since, else ""."""
    codes: dict[str, list[CodeType]] = {}
    for code in _codes(obj):
        codes.setdefault(code.co_filename, []).append(code)
    return next((file for file, read in codes.items() if _is_outdated(file, read)), "")


def difference(before: str, now: str) -> str:
    """Return in words where two source texts first differ, "" where they do the same.

    Comments and layout do not count.
    """
    trees = [_tree(text) for text in (before, now)]
    if None not in trees and len({ast.dump(tree) for tree in trees if tree}) == 1:
        return ""
    old, new = ([line.strip() for line in text.splitlines()] for text in (before, now))
    for kind, a, a_end, b, b_end in SequenceMatcher(None, old, new).get_opcodes():
        if kind != "equal":
            return f"line {a + 1} was {_shown(old[a:a_end])} and is {_shown(new[b:b_end])}"
    return "" if before == now else "its lines are indented differently"


def _shown(lines: Sequence[str]) -> str:
    return f"`{lines[0]}`" if lines else "not there"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _text(obj: Any) -> str | None:
    if edited_file(obj):
        return None
    found = _text_round_methods(obj) if inspect.isclass(obj) else None
    try:
        return found or inspect.getsource(obj)
    except (OSError, TypeError):
        return None


def _text_round_methods(cls: type) -> str | None:
    """Return the text in which a class's methods stand.

    Its name alone does not lead there: a notebook's module has no file, and a name may be given
    to one class after another.
    """
    for code in _codes(cls):
        text = _whole_text(code.co_filename)
        for first, last in _classes(text, cls.__name__):
            if first <= code.co_firstlineno <= last:
                return _block(text, first)
    return None


@lru_cache(maxsize=64)
def _block(text: str, first: int) -> str:
    """Return the block that begins in a line of a text: the splits of a run are of one class."""
    lines = io.StringIO(text).readlines()  # as files are read: a form feed ends no line
    return "".join(inspect.getblock(lines[first - 1 :]))


def _codes(obj: Any) -> Iterator[CodeType]:
    """Yield the code of a function, or of what was defined in the body of a class."""
    if not inspect.isclass(obj):
        code = getattr(inspect.unwrap(obj), "__code__", None)
        yield from (code,) if code else ()
        return
    for member in vars(obj).values():
        function = getattr(member, "fget", None) or getattr(member, "__func__", member)
        code = getattr(function, "__code__", None)
        if code and code.co_qualname.startswith(f"{obj.__qualname__}."):
            yield code


def _is_outdated(file: str, codes: Sequence[CodeType]) -> bool:
    """Tell whether the file that codes were read from has another text by now."""
    try:
        if os.stat(file).st_mtime < _BEGUN:
            return False
        text, flags = _whole_text(file), codes[0].co_flags & _FUTURE
        whole = {*_within(compile(text, file, "exec", flags, dont_inherit=True))}
    except (OSError, ValueError):  # a cell of a notebook
        return False
    except SyntaxError:
        return True
    return not whole.issuperset(codes)


def _within(code: CodeType) -> Iterator[CodeType]:
    for part in code.co_consts:
        if isinstance(part, CodeType):
            yield part
            yield from _within(part)


def _whole_text(file: str) -> str:
    """Return the text that a file has now: one and the same while it is not edited."""
    linecache.checkcache(file)
    lines = linecache.getlines(file)
    if _TEXTS.get(file, (None,))[0] is not lines:
        _TEXTS[file] = lines, "".join(lines)
    return _TEXTS[file][1]


@lru_cache(maxsize=64)
def _classes(text: str, name: str) -> list[tuple[int, int]]:
    """Return the first and last lines of the classes of a name in a text, decorators included."""
    tree = _tree(text)
    return [
        (min([node.lineno, *(one.lineno for one in node.decorator_list)]), end)
        for node in (ast.walk(tree) if tree else ())
        if isinstance(node, ast.ClassDef) and node.name == name and (end := node.end_lineno)
    ]


def _tree(text: str) -> ast.Module | None:
    try:
        return ast.parse(text)
    except SyntaxError:  # a notebook's own commands
        return None
