"""Write a table in HTML, for notebooks and pages."""

from collections.abc import Callable, Iterator, Sequence
from html import escape
from itertools import repeat

from stride.tables.table import Table
from stride.visible import visible

Paint = Callable[[int, str], str]
"""Give (index of a column, escaped cell) its look, as HTML."""


def html(table: Table, paint: Paint = lambda _, cell: cell) -> str:
    """Return a table in which every text is escaped; rows that stand out are bold.

    Args:
        table: the table.
        paint: gives a cell its look.
    """
    above = "".join(f"<p>{_escaped(sentence)}</p>" for sentence in table.above)
    places = ["right" if column.numeric else "left" for column in table.columns]
    head = "".join(map(_title, table.titles, places))
    body = "".join(
        "<tr>"
        + "".join(map(_cell, _painted(row, paint), places, repeat(at in table.bold)))
        + "</tr>"
        for at, row in enumerate(table.cells())
    )
    return f"{above}<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _title(text: str, place: str) -> str:
    return f'<th scope="col" style="text-align:{place}">{_escaped(text)}</th>'


def _painted(row: Sequence[str], paint: Paint) -> Iterator[str]:
    return (paint(at, _escaped(text)) for at, text in enumerate(row))


def _cell(shown: str, place: str, bold: bool) -> str:
    return f'<td style="text-align:{place}">{f"<b>{shown}</b>" if bold else shown}</td>'


def _escaped(text: str) -> str:
    return escape(visible(text, lines=True)).replace("\n", "<br>")
