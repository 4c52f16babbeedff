"""Write a table in LaTeX, with the rules of the package booktabs."""

import re
from collections.abc import Sequence

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
_ONE = r"[+-]?(?:\d+(?:\.\d+)?(?:e[+-]?\d+)?|inf)"
_INTERVAL = re.compile(rf"(?:{_ONE} ± {_ONE}|(?:{_ONE} )?\[{_ONE}, {_ONE}\])")


def latex(table: Table) -> str:
    r"""Return a tabular to be put into a document that uses booktabs; bold rows are `\textbf`."""
    places = "".join("r" if column.numeric else "l" for column in table.columns)
    numeric = [column.numeric for column in table.columns]
    rows = [
        [_cell(*pair, bold=at in table.bold) for pair in zip(row, numeric, strict=True)]
        for at, row in enumerate(table.cells())
    ]
    lines = [_line(row) for row in ([*map(_escaped, table.titles)], *rows)]
    head, *body = lines
    above = [f"% {visible(sentence)}" for sentence in table.above]
    start = [rf"\begin{{tabular}}{{{places}}}", r"\toprule", head, r"\midrule"]
    return "\n".join([*above, *start, *body, r"\bottomrule", r"\end{tabular}"])


def _line(row: Sequence[str]) -> str:
    r"""Return a row, whose first cell is no argument of the `\\` or `\midrule` before it."""
    guard = "{}" if row[0].startswith(("*", "[")) else ""
    return guard + " & ".join(row) + r" \\"


def _cell(text: str, numeric: bool, *, bold: bool) -> str:
    if (_NUMBER if numeric else _INTERVAL).fullmatch(text):
        shown = _NUMBER.sub(_in_math, text).replace(" [", r"\ [")
        shown = shown.replace("±", r"\pm").replace("inf", r"\infty")
        return rf"$\mathbf{{{shown}}}$" if bold else f"${shown}$"
    return rf"\textbf{{{_escaped(text)}}}" if bold else _escaped(text)


def _in_math(number: re.Match[str]) -> str:
    return number[1] + (rf"\times 10^{{{int(number[2])}}}" if number[2] else "")


def _escaped(text: str) -> str:
    return "".join(_SPECIAL.get(sign, sign) for sign in visible(" ".join(text.split())))
