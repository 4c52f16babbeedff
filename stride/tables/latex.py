"""Write a table in LaTeX, with the rules of the package booktabs."""

import re

from stride.tables.table import Table
from stride.visible import visible

_SPECIAL = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "±": r"$\pm$",
    "…": r"\ldots{}",
    **{sign: f"\\{sign}" for sign in "{}$&#_%"},
}
_NUMBER = re.compile(r"([+-]?\d+(?:\.\d+)?)(?:e([+-]?\d+))?")


def latex(table: Table) -> str:
    r"""Return a tabular to be put into a document that uses booktabs; bold rows are `\textbf`."""
    places = "".join("r" if column.numeric else "l" for column in table.columns)
    numeric = [column.numeric for column in table.columns]
    rows = [
        [_cell(*pair, bold=at in table.bold) for pair in zip(row, numeric, strict=True)]
        for at, row in enumerate(table.cells())
    ]
    lines = [" & ".join(row) + r" \\" for row in ([*map(_escaped, table.titles)], *rows)]
    head, *body = lines
    above = [f"% {visible(sentence)}" for sentence in table.above]
    start = [rf"\begin{{tabular}}{{{places}}}", r"\toprule", head, r"\midrule"]
    return "\n".join([*above, *start, *body, r"\bottomrule", r"\end{tabular}"])


def _cell(text: str, numeric: bool, *, bold: bool) -> str:
    found = _NUMBER.fullmatch(text) if numeric else None
    if found is None:
        return rf"\textbf{{{_escaped(text)}}}" if bold else _escaped(text)
    number = found[1] + (rf"\times 10^{{{int(found[2])}}}" if found[2] else "")
    return rf"$\mathbf{{{number}}}$" if bold else f"${number}$"


def _escaped(text: str) -> str:
    return "".join(_SPECIAL.get(sign, sign) for sign in visible(" ".join(text.split())))
