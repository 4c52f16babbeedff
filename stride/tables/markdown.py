"""Write a table in Markdown."""

from stride.tables.table import Table
from stride.visible import visible


def markdown(table: Table) -> str:
    """Return a table in the Markdown of GitHub; rows that stand out are bold."""
    marks = ["---:" if column.numeric else "---" for column in table.columns]
    rows = [[escaped(cell) for cell in row] for row in table.cells()]
    shown = [
        [f"**{cell}**" if at in table.bold else cell for cell in row] for at, row in enumerate(rows)
    ]
    lines = [f"| {' | '.join(row)} |" for row in ([*map(escaped, table.titles)], marks, *shown)]
    above = [line for sentence in table.above for line in (escaped(sentence), "")]
    return "\n".join([*above, *lines])


def escaped(text: str) -> str:
    """Return text of one line that means nothing else in Markdown, a table of it, or HTML."""
    shown = visible(" ".join(text.split()))
    for sign in "\\|*_`[]<>&~$":
        shown = shown.replace(sign, f"\\{sign}")
    return shown
