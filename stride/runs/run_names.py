"""Say which names a run may have, and in which order runs come."""

import re

from stride.errors import RunError
from stride.runs.layout import RESERVED_NAMES, is_number

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+=,@-]*")
_NAME_LENGTH = 100
_NUMBER_LENGTH = 15  # below 2**53, so that every reader of JSON gets the number right


def checked_name(run: str | int) -> str:
    """Return a run's name as its folder will have it.

    Raises:
        RunError: the name is refused; says why and what to type instead.
    """
    name = str(run)
    problem = "a truth value is not a run name" if isinstance(run, bool) else _problem(name)
    if not problem:
        return name
    raise RunError(f"run name {name[:40]!r} refused: {problem}", hint=_better_name(name))


def is_name(name: str) -> bool:
    """Tell whether a folder of that name could be a run."""
    return not _problem(name)


def number_of(name: str) -> int:
    """Return a run number, -1 for any other name."""
    return int(name) if is_number(name) and len(name) <= _NUMBER_LENGTH else -1


def name_order(name: str) -> tuple[bool, int, str]:
    """Return a sorting key: numbers first, by value, then names."""
    return not is_number(name), number_of(name), name


def _problem(name: str) -> str:
    """Return what is wrong with a name, or the empty text."""
    if not name:
        return "it is empty"
    if _NAME.fullmatch(name) is None:
        return "letters, digits and _ . + = , @ - only, and no . or - at the beginning"
    if name.lower() in RESERVED_NAMES or name.lower() == "config.json":
        return "the word is reserved"
    if name.isdecimal() and not is_number(name):
        return "a run number has no leading zeros"
    limit = _NUMBER_LENGTH if is_number(name) else _NAME_LENGTH
    return f"longer than {limit} characters" if len(name) > limit else ""


def _better_name(name: str) -> str:
    """Return the hint with the nearest name that is allowed."""
    better = re.sub(r"[^A-Za-z0-9_.+=,@-]+", "-", name).strip(".-")[:40]
    if better.isdecimal():
        better = better.lstrip("0")[:_NUMBER_LENGTH] or "0"
    return f"type: run={better if better and not _problem(better) else 'NAME'}"
