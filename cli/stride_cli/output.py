"""Write what a command says: data to stdout, words to stderr, and nothing a terminal would obey.

The only place that prints. JSON, CSV, or a table, which is coloured and cut on a terminal only.
"""

import os
import shutil
import sys
from collections.abc import Iterable, Sequence
from typing import Any

from stride.config.nonfinite import encode_numbers
from stride.loggers.screen import Screen
from stride.visible import visible, visible_cell, visible_json

COLOURS = {
    "done": "32",
    "running": "36",
    "waiting": "36",
    "failed": "31",
    "broken": "31",
    "interrupted": "33",
    "stopped": "33",
    "created": "2",
    "queued": "2",
}
GAP = "  "
LEAST = 8  # a column is cut down to this many characters, not further
TITLE = 12  # and a title alone to this many


def say(text: object) -> None:
    """Print a sentence that was asked for, or several lines of them, to stdout."""
    print(visible(str(text), lines=True), flush=True)


def print_text(piece: str) -> None:
    """Print a piece of a text file, wherever in a line it ends."""
    print(visible(piece, lines=True), end="", flush=True)


def tell(text: object) -> None:
    """Print what a person should know beside it, to stderr."""
    print(visible(str(text), lines=True), file=sys.stderr, flush=True)


def print_path(path: object) -> None:
    """Print a path to stdout: as it is for a program, as it may be read on a terminal."""
    if isinstance(sys.stdout, Screen) and not sys.stdout.isatty():
        sys.stdout.write_bytes(os.fsencode(f"{path}\n"))
        sys.stdout.flush()
    else:
        say(path)


def print_json(value: Any) -> None:
    """Print a value as indented JSON; a non-finite number becomes text, as in the run folder."""
    import json

    ascii_only = not (sys.stdout.encoding or "").lower().startswith("utf")
    text = json.dumps(encode_numbers(value), indent=2, ensure_ascii=ascii_only, default=str)
    print(visible_json(text))


def print_csv(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Print rows as CSV under their header, none of their texts a formula."""
    import csv

    writer = csv.writer(sys.stdout, lineterminator="\n")
    for row in (header, *rows):
        writer.writerow(map(_cell, row))


def _cell(value: Any) -> Any:
    return value if value is None or isinstance(value, int | float) else visible_cell(str(value))


def print_table(
    header: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[int] = ()
) -> None:
    """Print aligned columns: cut to the width of a terminal, whole anywhere else.

    Args:
        header: the title of each column.
        rows: the cells, as text; a column named "status" is coloured on a terminal.
        right: the columns whose cells are aligned to the right.
    """
    lines = [[_one_line(cell) for cell in row] for row in [header, *rows]]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    if sys.stdout.isatty():
        bodies = [max(map(len, column)) for column in zip(*lines[1:], strict=True)] or widths
        widths = fit(widths, bodies, shutil.get_terminal_size().columns)
    status = header.index("status") if "status" in header and colourful() else -1
    titles = [_title(title, width) for title, width in zip(lines[0], widths, strict=True)]
    for line in [titles, *lines[1:]]:
        print(_line(line, widths, frozenset(right), status))


def fit(widths: Sequence[int], bodies: Sequence[int], space: int) -> list[int]:
    """Narrow columns until they fit: long titles first, then the last column, then the widest.

    Args:
        widths: of the columns, titles included.
        bodies: of the columns without their titles.
        space: of the terminal.
    """
    widths = list(widths)
    last = len(widths) - 1
    order = sorted(range(last), key=lambda column: -widths[column])
    cuts = [(column, max(bodies[column], TITLE)) for column in order]
    cuts += [(column, LEAST) for column in (last, *order)]
    excess = sum(widths) + len(GAP) * last - space
    for column, least in cuts:
        taken = max(0, min(excess, widths[column] - least))
        widths[column] -= taken
        excess -= taken
    return widths


def _title(title: str, width: int) -> str:
    """Cut a title at its front: the end of a metric's name says more."""
    return title if len(title) <= width else "…" + title[len(title) - width + 1 :]


def _line(cells: Sequence[str], widths: Sequence[int], right: frozenset[int], status: int) -> str:
    texts = []
    for column, (cell, width) in enumerate(zip(cells, widths, strict=True)):
        text = cell if len(cell) <= width else cell[: width - 1] + "…"
        text = text.rjust(width) if column in right else text.ljust(width)
        texts.append(_coloured(text) if column == status else text)
    return GAP.join(texts).rstrip()


def _one_line(cell: str) -> str:
    return visible(" ".join(cell.split()) if "\n" in cell or "\t" in cell else cell)


def colourful() -> bool:
    """Say whether stdout takes colour: a terminal, unless NO_COLOR is set."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")


def _coloured(text: str) -> str:
    code = COLOURS.get(text.split(" ")[0])
    return f"\033[{code}m{text}\033[0m" if code else text
