"""Put a page together from its parts, in which every text is escaped."""

import base64
import hashlib
from collections.abc import Iterable, Iterator
from html import escape
from importlib.resources import files
from string import Template

from stride.tables.html import html
from stride.tables.table import Table
from stride.visible import visible


def whole_page(title: str, body: Iterable[str], *, style: str = "", script: str = "") -> str:
    """Return a whole page.

    Args:
        title: of the window, as plain text.
        body: lines of HTML.
        style: rules of CSS beside those of all pages.
        script: the one script that a browser runs in it, known by its digest; empty for none.
    """
    template = Template(files("stride.pages").joinpath("page.html").read_text("utf-8"))
    allowed = f"; script-src 'sha256-{_digest(script)}'" if script else ""
    return template.substitute(
        title=escaped(title),
        allowed=allowed,
        style=style,
        body="\n".join(body),
        script=f"<script>{script}</script>\n" if script else "",
    )


def _digest(script: str) -> str:
    """Return the digest by which a browser knows a script."""
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def sort_script() -> str:
    """Return the script that sorts a table by the title that is chosen, by mouse or key."""
    return files("stride.pages").joinpath("sort.js").read_text("utf-8")


def section(title: str, content: Iterable[str]) -> Iterator[str]:
    """Yield a part of a page under a heading, by which it is called."""
    name = section_id(title)
    yield f'<section aria-labelledby="{name}"><h2 id="{name}">{title}</h2>'
    yield from content
    yield "</section>"


def section_id(title: str) -> str:
    """Return the name by which a link leads to a section."""
    return title.lower().replace(" ", "-")


def panel(table: Table, name: str, *, sortable: bool = False) -> str:
    """Return a table in a region that can be scrolled by keys too.

    Args:
        table: what is shown.
        name: of the region.
        sortable: whether a script of the page may sort its rows.
    """
    head = f'<div class="panel" role="region" aria-label="{escaped(name)}" tabindex="0">'
    return f"{head}{html(table, sortable=sortable)}</div>"


def image(content: bytes, words: str, kind: str = "png") -> str:
    """Return a picture, its bytes in the page.

    Args:
        content: of the file.
        words: what it shows.
        kind: of the file, as a media type says it: png, svg+xml.
    """
    source = f"data:image/{kind};base64,{base64.b64encode(content).decode()}"
    return f'<img alt="{escaped(words)}" src="{source}">'


def escaped(plain: str) -> str:
    """Return a text as HTML."""
    return escape(visible(plain, lines=True))
