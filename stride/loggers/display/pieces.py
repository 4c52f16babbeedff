"""Make lines of a terminal from pieces of text that each have a style."""

import re
from collections.abc import Iterable, Sequence

from stride.tables.text import width_of

Piece = tuple[str, str]
"""Text, and the parameter of its SGR sequence (ECMA-48, 8.3.117): "1", or "" for no style."""

_UNUSUAL = re.compile("[^ -~─-▟]")
"""Finds what is neither of a typewriter nor of bars and curves, which take a column each."""

BOLD, DIM, RED, GREEN, YELLOW, CYAN = "1", "2", "31", "32", "33", "36"


def line_of(pieces: Iterable[Piece], width: int, *, colours: bool) -> str:
    """Return pieces side by side as a line of at most so many columns; the rest is cut off."""
    shown = []
    for text, style in pieces:
        text = cut(text, width)
        width -= columns_of(text)
        shown.append(f"\x1b[{style}m{text}\x1b[0m" if style and text and colours else text)
    return "".join(shown)


def columns_of(text: str) -> int:
    """Return how many columns of a terminal a text takes, of those that are drawn soon."""
    return width_of(text) if _UNUSUAL.search(text) else len(text)


def cut(text: str, width: int) -> str:
    """Return as much of a text as so many columns of a terminal have room for."""
    if columns_of(text) == len(text):
        return text[: max(width, 0)]
    while width_of(text) > width:
        text = text[:-1]
    return text


def bar(share: float, width: int, *, unicode: bool) -> Sequence[Piece]:
    """Return a bar of so many columns, of which a share is done: thick, and the rest thin."""
    done, left = ("━", "─") if unicode else ("#", "-")
    full = round(min(max(share, 0.0), 1.0) * width)
    return (done * full, CYAN), (left * (width - full), DIM)
