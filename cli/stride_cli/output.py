"""Write what a command says: data to stdout, words to stderr, and nothing a terminal would obey.

The only place that prints. On a terminal alone a table is coloured and fitted to its width.
"""

import os
import shutil
import sys
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from stride.config.nonfinite import encode_numbers
from stride.loggers.screen import Screen
from stride.visible import visible, visible_cell, visible_json

if TYPE_CHECKING:
    from stride.tables.table import Table

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


class Form(StrEnum):
    """Say as what a command prints its answer."""

    TEXT = "text"
    JSON = "json"
    CSV = "csv"
    MARKDOWN = "md"
    LATEX = "latex"


def form_of(**asked: bool) -> Form:
    """Return the form for which an option of its name is given, text for none.

    Raises:
        UserError: several are.
    """
    given = [name for name, is_given in asked.items() if is_given]
    if len(given) > 1:
        from stride.errors import UserError

        shown = " and ".join(f"--{name}" for name in given)
        raise UserError(f"{shown} exclude each other", hint=f"type: one of them, as --{given[0]}")
    return Form(given[0]) if given else Form.TEXT


def say(text: object) -> None:
    """Print a sentence that was asked for, or several lines of them, to stdout."""
    print(visible(str(text), lines=True), flush=True)


def print_text(piece: str) -> None:
    """Print a piece of a text file, wherever in a line it ends."""
    print(visible(piece, lines=True), end="", flush=True)


def tell(text: object) -> None:
    """Print what a person should know beside it, to stderr."""
    print(visible(str(text), lines=True), file=sys.stderr, flush=True)


def show_progress(text: object) -> None:
    """Show on a terminal how far a command is, in the place of what was shown so last.

    The empty text takes that away: what is printed then begins a line of its own.
    """
    if sys.stderr.isatty():
        width = shutil.get_terminal_size().columns - 1
        line = visible(str(text))[:width]
        print(f"\033[K{line}\r", end="", file=sys.stderr, flush=True)


def print_drawing(text: str) -> None:
    """Print what was drawn for a terminal, with the colours in it, its words already visible."""
    print(text, flush=True)


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


def print_json_rows(values: Iterable[Any]) -> None:
    """Print values as one JSON list, as `print_json` does, each as soon as it is there."""
    import json
    from textwrap import indent

    ascii_only = not (sys.stdout.encoding or "").lower().startswith("utf")
    empty = True
    for value in values:
        text = json.dumps(encode_numbers(value), indent=2, ensure_ascii=ascii_only, default=str)
        print("[" if empty else ",", visible_json(indent(text, "  ")), sep="\n", end="")
        empty = False
    print("[]" if empty else "\n]")


def print_csv(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Print rows as CSV under their header, none of their texts a formula, lists as JSON."""
    import csv

    writer = csv.writer(sys.stdout, lineterminator="\n")
    for row in (header, *rows):
        writer.writerow(map(_cell, row))


def _cell(value: Any) -> Any:
    if value is None or isinstance(value, int | float):
        return value
    if isinstance(value, list | dict):  # what another program reads as well
        import json

        value = json.dumps(encode_numbers(value), ensure_ascii=False, default=str)
    return visible_cell(str(value))


def print_table(table: "Table", form: Form = Form.TEXT) -> None:
    """Print a table: as wide as a terminal, whole anywhere else.

    Args:
        table: a column titled "status" is coloured on a terminal.
        form: what it is printed as; CSV has the plain values.
    """
    if form is Form.CSV:
        print_csv(table.titles, table.rows)
    elif form is Form.MARKDOWN:
        from stride.tables.markdown import markdown

        say(markdown(table))
    elif form is Form.LATEX:
        from stride.tables.latex import latex

        say(latex(table))
    else:
        _print_text(table)


def _print_text(table: "Table") -> None:
    from stride.tables.text import lay_out

    titles = table.titles
    status = titles.index("status") if "status" in titles and colourful() else -1
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    lines = lay_out(table, width, lambda at, cell: _coloured(cell) if at == status else cell)
    print("\n".join(lines))


def colourful() -> bool:
    """Say whether stdout takes colour: a terminal, unless NO_COLOR is set."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")


def has_unicode() -> bool:
    """Say whether stdout takes characters beyond ASCII."""
    return (sys.stdout.encoding or "").lower().startswith("utf")


def _coloured(text: str) -> str:
    code = COLOURS.get(text.split(" ")[0])
    return f"\033[{code}m{text}\033[0m" if code else text
