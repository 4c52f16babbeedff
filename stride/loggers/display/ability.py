"""Find out what a stream can show: lines that are drawn again, colours, characters, how many."""

import os
from typing import NamedTuple

from stride.loggers.screen import Screen

_PLAIN_TERMINALS = ("dumb", "unknown")
_DRAWN = "━▁█"


class Ability(NamedTuple):
    """Hold what a stream can show.

    Attributes:
        redraws: whether it is a terminal whose lines can be drawn again.
        colours: whether it shows colours; the user may want none by NO_COLOR (no-color.org).
        unicode: whether it has more characters than those of a typewriter.
    """

    redraws: bool
    colours: bool
    unicode: bool


def ability_of(stream: Screen) -> Ability:
    """Return what a stream can show."""
    redraws = stream.isatty() and os.environ.get("TERM") not in _PLAIN_TERMINALS
    return Ability(redraws, redraws and not os.environ.get("NO_COLOR"), _has(stream, _DRAWN))


def _has(stream: Screen, text: str) -> bool:
    try:
        text.encode(stream.encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def size_of(stream: Screen) -> os.terminal_size:
    """Return columns and lines of a terminal as they are now; COLUMNS and LINES, or 80 by 24."""
    try:
        columns, lines = os.get_terminal_size(stream.fileno())
    except OSError:
        columns = lines = 0
    columns = columns or _number_in("COLUMNS") or 80
    return os.terminal_size((columns, lines or _number_in("LINES") or 24))


def _number_in(variable: str) -> int:
    text = os.environ.get(variable, "")
    return int(text) if text.isdecimal() else 0
