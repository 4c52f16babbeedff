"""Write a table in HTML, for notebooks and pages."""

from html import escape

from stride.tables.table import Table
from stride.visible import visible


def html(table: Table) -> str:
    """Return a table in which every text is escaped; rows that stand out are bold."""
    above = "".join(f"<p>{_escaped(sentence)}</p>" for sentence in table.above)
    places = ["right" if column.numeric else "left" for column in table.columns]
    head = "".join(map(_title, table.titles, places))
    body = "".join(
        "<tr>" + "".join(map(_cell, row, places, [at in table.bold] * len(row))) + "</tr>"
        for at, row in enumerate(table.cells())
    )
    return f"{above}<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _title(text: str, place: str) -> str:
    return f'<th scope="col" style="text-align:{place}">{_escaped(text)}</th>'


def _cell(text: str, place: str, bold: bool) -> str:
    shown = _escaped(text)
    return f'<td style="text-align:{place}">{f"<b>{shown}</b>" if bold else shown}</td>'


def _escaped(text: str) -> str:
    return escape(visible(text, lines=True)).replace("\n", "<br>")
