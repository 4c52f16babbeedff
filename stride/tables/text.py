"""Lay a table out as lines of text, as wide as a terminal or as wide as it is."""

import re
from collections.abc import Callable, Iterable, Sequence
from itertools import zip_longest
from textwrap import wrap
from typing import NamedTuple
from unicodedata import combining, east_asian_width

from stride.tables.table import NOTHING, Table
from stride.visible import visible

GAP = "  "
LEAST = 20  # a long cell is narrowed down to this many characters, not further
TITLE = 12  # a title is broken into lines of this many, of fewer only where that is not enough
_PIECE = re.compile(r"[^\s/_.-]*[\s/_.-]?")
_PART = re.compile(r"[^\s/_=]*[\s/_=]?")  # of a cell; a number stays in one
_OF_NUMBERS = frozenset("0123456789.e+-")
_END_OF_NUMBER = re.compile(r"(?<![\w.+-])[+-]?(\d[\d.e+-]*)?$")
_NUMBER = re.compile(r"[+-]?\d+((?:\.\d+)?(?:e[+-]?\d+)?)")

Paint = Callable[[int, str], str]
"""Give (index of a column, padded cell) its colour."""


def lay_out(table: Table, width: int | None = None, paint: Paint | None = None) -> list[str]:
    """Return a table as aligned lines.

    What is too wide has its titles broken into several lines, then its long cells cut or wrapped;
    then its rows become columns, or it is divided into several tables that name the same rows. A
    number or the name of a row is never cut.

    Args:
        table: the table.
        width: of the terminal, in characters; None for as wide as needed.
        paint: gives a cell its colour.
    """
    grid = _Grid.of(table)
    if width is None or grid.width <= width:
        return [*_above(table, width), *grid.lines(paint)]
    for least in (TITLE, 0):
        narrow = grid.with_broken_titles(least).narrowed_to(width)
        if narrow.width <= width:
            return [*_above(table, width), *narrow.lines(paint)]
    turned = _Grid.turned(table).narrowed_to(width)
    if turned.width <= width:
        return [*_above(table, width), *turned.lines(None)]
    parts = grid.with_broken_titles(TITLE).divided(table.names, width)
    return [*_above(table, width), *parts]


def width_of(text: str) -> int:
    """Return how many columns of a terminal a text takes."""
    if text.isascii():
        return len(text)
    return sum((0 if combining(c) else 2 if east_asian_width(c) in "WF" else 1) for c in text)


class _Grid(NamedTuple):
    """Hold the lines of each column's title, and its cells, of which some may be wrapped."""

    titles: list[list[str]]
    bodies: list[list[str]]
    numeric: list[bool]
    long: list[bool]
    wraps: list[bool]

    @classmethod
    def of(cls, table: Table) -> "_Grid":
        bodies = _columns(table)
        numeric = [column.numeric for column in table.columns]
        for at in range(len(bodies)):
            bodies[at] = _at_the_point(bodies[at]) if numeric[at] else bodies[at]
        titles = [[_one_line(title)] for title in table.titles]
        long, wraps = ([getattr(one, of) for one in table.columns] for of in ("long", "wraps"))
        return cls(titles, bodies, numeric, long, wraps)

    @classmethod
    def turned(cls, table: Table) -> "_Grid":
        """Return a grid with the columns of a table as rows, under the names of its rows."""
        names, *bodies = _columns(table)
        first, *keys = map(_one_line, table.titles)
        titles = [[first], *([name] for name in names)]
        columns = [keys, *map(list, zip(*bodies, strict=True))]
        no = [False] * len(columns)
        return cls(titles, columns, no, no, [False] + [True] * len(names))

    @property
    def widths(self) -> list[int]:
        pairs = zip(self.titles, self.bodies, strict=True)
        return [max(map(width_of, "\n".join((*title, *body)).split("\n"))) for title, body in pairs]

    @property
    def width(self) -> int:
        return _total(self.widths)

    def with_broken_titles(self, least: int) -> "_Grid":
        pairs = zip(self.titles, self.bodies, strict=True)
        broken = [_broken(title[0], max([least, *map(width_of, body)])) for title, body in pairs]
        return self._replace(titles=broken)

    def narrowed_to(self, width: int) -> "_Grid":
        """Return a grid whose long cells are cut or wrapped, the widest first, as far as needed."""
        bodies, widths = list(self.bodies), self.widths
        excess = _total(widths) - width
        for at in sorted(range(len(widths)), key=lambda at: -widths[at]):
            least = max(LEAST, *map(width_of, self.titles[at]))
            if (self.long[at] or self.wraps[at]) and excess > 0 and widths[at] > least:
                kept = max(least, widths[at] - excess)
                excess -= widths[at] - kept
                narrow = _wrapped if self.wraps[at] else cut
                bodies[at] = [narrow(cell, kept) for cell in bodies[at]]
        return self._replace(bodies=bodies)

    def divided(self, names: int, width: int) -> list[str]:
        """Return the lines of several grids, each with the names of the rows and other columns."""
        head = self.columns(range(names)).narrowed_to(width // 2)
        grid = self._replace(bodies=[*head.bodies, *self.bodies[names:]])
        parts: list[list[int]] = [[]]
        for at in range(names, len(grid.bodies)):
            if parts[-1] and grid.columns([*range(names), *parts[-1], at]).width > width:
                parts.append([])
            parts[-1].append(at)
        grids = [grid.columns([*range(names), *part]).narrowed_to(width) for part in parts]
        return [line for one in grids for line in ("", *one.lines(None))][1:]

    def columns(self, chosen: Iterable[int]) -> "_Grid":
        """Return a grid of some columns."""
        indices = [*chosen]
        titles, bodies = ([of[at] for at in indices] for of in (self.titles, self.bodies))
        numeric, long, wraps = (
            [of[at] for at in indices] for of in (self.numeric, self.long, self.wraps)
        )
        return _Grid(titles, bodies, numeric, long, wraps)

    def lines(self, paint: Paint | None) -> list[str]:
        height = max(map(len, self.titles))
        tall = [[""] * (height - len(title)) + title for title in self.titles]
        widths = self.widths  # asked for once: it looks at every cell
        heads = [GAP.join(self._padded(row, widths)) for row in zip(*tall, strict=True)]
        rows = [
            self._padded(row, widths)
            for cells in zip(*self.bodies, strict=True)
            for row in _lines(cells)
        ]
        if paint is not None:
            rows = [[paint(at, cell) for at, cell in enumerate(row)] for row in rows]
        return [line.rstrip() for line in (*heads, *map(GAP.join, rows))]

    def _padded(self, row: Sequence[str], widths: Sequence[int]) -> list[str]:
        parts = zip(row, widths, self.numeric, strict=True)
        blanks = [(cell, " " * (width - width_of(cell)), right) for cell, width, right in parts]
        return [blank + cell if right else cell + blank for cell, blank, right in blanks]


def _columns(table: Table) -> list[list[str]]:
    rows = table.cells()
    return [[_one_line(row[at]) for row in rows] for at in range(len(table.columns))]


def _total(widths: Sequence[int]) -> int:
    return sum(widths) + len(GAP) * (len(widths) - 1)


def _one_line(cell: str) -> str:
    return visible(" ".join(cell.split()) if "\n" in cell or "\t" in cell else cell)


def _at_the_point(cells: Sequence[str]) -> list[str]:
    """Return numbers padded such that their points, seen or not, are in one place."""
    found = [_NUMBER.fullmatch(cell) for cell in cells]
    if not all(match or cell == NOTHING for match, cell in zip(found, cells, strict=True)):
        return list(cells)
    rests = [match[1] if match else "" for match in found]
    widest = max(map(len, rests), default=0)
    return [cell + " " * (widest - len(rest)) for cell, rest in zip(cells, rests, strict=True)]


def _broken(title: str, width: int, piece_of: re.Pattern[str] = _PIECE) -> list[str]:
    """Return a title in lines of at most a width, as far as its pieces allow."""
    lines = [""]
    for piece in filter(None, piece_of.findall(title)):
        if lines[-1] and len(lines[-1] + piece.rstrip()) > width:
            lines.append("")
        lines[-1] += piece
    return [line.rstrip() for line in lines]


def cut(cell: str, width: int) -> str:
    """Return a cell cut to a width, but not inside a number, which would be another number."""
    if width_of(cell) <= width:
        return cell
    kept = cell
    while width_of(kept) > width - 1:
        kept = kept[:-1]
    if cell[len(kept)] in _OF_NUMBERS:
        kept = _END_OF_NUMBER.sub("", kept)
    return f"{kept}…"


def _wrapped(cell: str, width: int) -> str:
    """Return a cell in lines of a width; a longer word is broken as into `lr=` and `0.1`."""
    if width_of(cell) <= width:
        return cell
    lines = wrap(cell, width, break_long_words=False, break_on_hyphens=False)
    pieces = [piece for line in lines for piece in _broken(line, width, _PART)]
    return "\n".join(
        part for piece in pieces for part in wrap(piece, width, break_on_hyphens=False)
    )


def _lines(cells: Sequence[str]) -> Iterable[tuple[str, ...]]:
    """Return the lines of a row, several where a cell is wrapped."""
    return zip_longest(*(cell.split("\n") for cell in cells), fillvalue="")


def _above(table: Table, width: int | None) -> list[str]:
    lines = [visible(line) for line in table.above]
    return lines if width is None else [part for line in lines for part in wrap(line, width)]
