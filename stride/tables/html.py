"""Write a table in HTML, for notebooks and pages."""

from collections.abc import Callable, Sequence
from html import escape
from typing import Any

from stride.config.nonfinite import encode_number
from stride.tables.table import Table
from stride.visible import visible

Paint = Callable[[int, str], str]
"""Give (index of a column, escaped cell) its look, as HTML."""


def html(table: Table, paint: Paint = lambda _, cell: cell, *, sortable: bool = False) -> str:
    """Return a table in which every text is escaped; rows that stand out are bold.

    Args:
        table: the table.
        paint: gives a cell its look.
        sortable: whether it is of the class `sortable`, and numbers stand exact in `data-value`.
    """
    above = "".join(f"<p>{_escaped(sentence)}</p>" for sentence in table.above)
    places = ["right" if column.numeric else "left" for column in table.columns]
    head = "".join(map(_title, table.titles, places))
    cells = [[paint(at, _escaped(text)) for at, text in enumerate(row)] for row in table.cells()]
    bold = [[at in table.bold] * len(places) for at in range(len(cells))]
    rows = zip(cells, _values(table, sortable), bold, strict=True)
    body = "".join(f"<tr>{''.join(map(_cell, row[0], places, *row[1:]))}</tr>" for row in rows)
    kind = ' class="sortable"' if sortable else ""
    return f"{above}<table{kind}><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _values(table: Table, sortable: bool) -> Sequence[Sequence[str]]:
    """Return for each cell the attribute that holds its number, empty where there is none."""
    return [[_value(value) if sortable else "" for value in row] for row in table.rows]


def _value(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return ""
    return f' data-value="{value if isinstance(value, int) else encode_number(value)}"'


def _title(text: str, place: str) -> str:
    return f'<th scope="col" style="text-align:{place}">{_escaped(text)}</th>'


def _cell(shown: str, place: str, value: str, bold: bool) -> str:
    return f'<td style="text-align:{place}"{value}>{f"<b>{shown}</b>" if bold else shown}</td>'


def _escaped(text: str) -> str:
    return escape(visible(text, lines=True)).replace("\n", "<br>")
