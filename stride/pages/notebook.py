"""Write outputs of a notebook: HTML that looks right in whatever page it is put into."""

from collections.abc import Iterable
from functools import cache
from importlib.resources import files

from stride.pages.page import escaped
from stride.tables.html import Paint, html
from stride.tables.table import Table


def notebook_output(parts: Iterable[str]) -> str:
    """Return parts of HTML as one output, light or dark as the notebook round it.

    Its rules of style are for itself alone, and text has the colour that it has around. Whether
    that is dark is known of JupyterLab, VS Code, Colab and pages by Sphinx; the system's choice,
    `prefers-color-scheme`, says nothing of the theme of a notebook.

    Args:
        parts: HTML in which every text is escaped.
    """
    return f'<div class="stride-output"><style>{_style()}</style>{"".join(parts)}</div>'


def soft(text: str) -> str:
    """Return a text that stands back behind the others."""
    return f'<span class="soft">{escaped(text)}</span>'


def tile(title: str, value: str) -> str:
    """Return a number in a frame, under its name."""
    return f'<div class="tile">{soft(title)}<b>{escaped(value)}</b></div>'


def facts(pairs: Iterable[tuple[str, str]]) -> str:
    """Return a table of two columns.

    Args:
        pairs: a title as plain text, and HTML; an empty one is left out.
    """
    rows = (f"<tr><th>{escaped(title)}</th><td>{of}</td></tr>" for title, of in pairs if of)
    return f"<table>{''.join(rows)}</table>"


def table(shown: Table, paint: Paint = lambda _, cell: cell) -> str:
    """Return a table that is scrolled sideways where it is too wide."""
    return f'<div class="wide">{html(shown, paint)}</div>'


def code(text: str) -> str:
    """Return a text as one types it."""
    return f"<code>{escaped(text)}</code>"


@cache
def _style() -> str:
    return files("stride.pages").joinpath("notebook.css").read_text("utf-8")
