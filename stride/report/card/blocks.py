"""Put Markdown together: blocks in which no text of a folder means more than itself."""

import re
from collections.abc import Iterable

from stride.tables.markdown import escaped
from stride.visible import visible

TO_WRITE = "[More Information Needed]"
"""What marks a place for the author, in model cards of any kind."""

Fact = tuple[str, str]
"""A title, and Markdown."""


def heading(title: str, level: int = 2) -> str:
    """Return a heading of a section."""
    return f"{'#' * level} {title}"


def bullets(facts: Iterable[Fact]) -> str:
    """Return a list of facts, without those that hold nothing."""
    return "\n".join(f"- **{title}:** {told}" for title, told in facts if told)


def to_write(what: str) -> str:
    """Return a paragraph that says what the author has to write there."""
    return f"> **{TO_WRITE}** {what}"


def code(plain: str) -> str:
    """Return a text of one line as code within a sentence."""
    shown = visible(" ".join(plain.split()))
    fence = _fence(shown, 1)
    gap = " " if "`" in shown else ""
    return f"{fence}{gap}{shown}{gap}{fence}"


def code_block(lines: Iterable[str], language: str) -> str:
    """Return lines as a block of code that none of them can end."""
    text = "\n".join(visible(line) for line in lines)
    fence = _fence(text, 3)
    return f"{fence}{language}\n{text}\n{fence}"


def _fence(text: str, least: int) -> str:
    """Return more backticks than stand side by side in a text."""
    return "`" * max([least, *(len(run) + 1 for run in re.findall("`+", text))])


def words(plain: object) -> str:
    """Return a plain text as Markdown, empty where there is nothing."""
    return "" if plain is None else escaped(str(plain))
