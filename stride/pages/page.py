"""Put a page together from its parts, in which every text is escaped."""

import base64
from collections.abc import Iterable, Iterator
from html import escape
from importlib.resources import files
from string import Template

from stride.tables.html import html
from stride.tables.table import Table
from stride.visible import visible


def whole_page(title: str, body: Iterable[str], *, style: str = "") -> str:
    """Return a whole page.

    Args:
        title: of the window, as plain text.
        body: lines of HTML.
        style: rules of CSS beside those of all pages.
    """
    template = Template(files("stride.pages").joinpath("page.html").read_text("utf-8"))
    return template.substitute(title=escaped(title), style=style, body="\n".join(body))


def section(title: str, content: Iterable[str]) -> Iterator[str]:
    """Yield a part of a page under a heading, by which it is called."""
    name = title.lower().replace(" ", "-")
    yield f'<section aria-labelledby="{name}"><h2 id="{name}">{title}</h2>'
    yield from content
    yield "</section>"


def panel(table: Table, name: str) -> str:
    """Return a table in a region that can be scrolled by keys too."""
    name = escaped(name)
    return f'<div class="panel" role="region" aria-label="{name}" tabindex="0">{html(table)}</div>'


def image(png: bytes, words: str) -> str:
    """Return a picture, its bytes in the page, and in words what it shows."""
    content = base64.b64encode(png).decode()
    return f'<img alt="{escaped(words)}" src="data:image/png;base64,{content}">'


def escaped(plain: str) -> str:
    """Return a text as HTML."""
    return escape(visible(plain, lines=True))
