"""Write and read queries.csv, which people open in a spreadsheet and save again."""

import csv
import io
import math
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from stride.errors import RunError
from stride.runs.files.durable import os_errors_as
from stride.runs.files.safe_open import read_own
from stride.runs.layout import RunPaths

COLUMNS = ("round", "id", "score", "label")
"""Of queries.csv, as STRIDE writes it; others may stand beside them."""

Label = int | float | str
"""A class by its number or name, or a number."""

_NEEDED = ("round", "id", "label")
_DELIMITERS = ",;\t"
_MEND = "mend the line, or take the file from a copy"


@dataclass(frozen=True, slots=True)
class LabelRequest:
    """Hold one sample whose label is wanted.

    Attributes:
        round: the round that begins with its label.
        id: the sample's position in the training split.
        score: what it was chosen for; None where the strategy gives no score.
        label: what was filled in, if anything.
        line: where in the file it stands.
    """

    round: int
    id: int
    score: float | None
    label: Label | None = None
    line: int = 0


def query_text(round_number: int, ids: Sequence[int], scores: Sequence[float]) -> str:
    """Return the content of queries.csv for a query; the labels are to be filled in.

    Args:
        round_number: the round that begins with the labels.
        ids: the samples, in the order of asking.
        scores: what each was chosen for; one that is not finite stays empty.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for number, score in zip(ids, scores, strict=True):
        shown = repr(float(score)) if math.isfinite(score) else ""
        writer.writerow([round_number, int(number), shown, ""])
    return text.getvalue()


def read_query(paths: RunPaths) -> list[LabelRequest] | None:
    """Return the newest query in the order of its file; None where nothing was ever asked.

    What spreadsheets do to the file does no harm: other line ends, a byte order mark, quotes,
    semicolons or tabs, columns in another order, further columns, blank lines.

    Raises:
        RunError: the file cannot be read as such a table; names the line.
    """
    path = paths.queries
    with os_errors_as("cannot read", path, RunError, passing=FileNotFoundError):
        try:
            content = read_own(path)
        except FileNotFoundError:
            return None
    lines = _lines(_decoded(content, path), path)
    number, header = next(lines, (1, []))
    names = [name.strip().casefold() for name in header]
    _require_columns(names, number, path)
    return _without_repeats([_asked(names, row, line, path) for line, row in lines], path)


def _require_columns(names: Sequence[str], line: int, path: Path) -> None:
    for name in _NEEDED:
        if (times := names.count(name)) != 1:
            what = f"line {line} names no column {name!r}"
            if times:
                what = f"line {line} names the column {name!r} {times} times"
            hint = f"its first line must name {', '.join(COLUMNS)}"
            raise RunError(what, where=str(path), hint=hint)


def _decoded(content: bytes, path: Path) -> str:
    """Return the text; what is marked as UTF-16, as "Unicode text" is, is taken for it."""
    wide = content[:2] in (b"\xff\xfe", b"\xfe\xff")
    try:
        text = content.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as cause:
        line = content[: cause.start].count(b"\n") + 1
        hint = "save it again as CSV in UTF-8"
        raise RunError(f"line {line} is not text in UTF-8", where=str(path), hint=hint) from cause
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _lines(text: str, path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows that are not blank with the numbers of their lines, the header first."""
    head = text.lstrip("\n").partition("\n")[0]
    delimiter = max(_DELIMITERS, key=head.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as cause:
            what = f"line {reader.line_num} is not CSV: {cause}"
            raise RunError(what, where=str(path), hint=_MEND) from cause
        if any(cell.strip() for cell in row):
            yield reader.line_num, row


def _asked(names: Sequence[str], row: Sequence[str], line: int, path: Path) -> LabelRequest:
    cells = {name: cell.strip() for name, cell in zip(names, row, strict=False)}
    if any(cell.strip() for cell in row[len(names) :]):
        what = f"line {line} has {len(row)} cells, and line 1 {len(names)}"
        raise RunError(what, where=str(path), hint=_MEND)
    round_number, number = (_whole(cells, name, line, path) for name in ("round", "id"))
    score = _score(cells.get("score", ""), line, path)
    return LabelRequest(round_number, number, score, as_label(cells.get("label", "")), line)


def _whole(cells: dict[str, str], name: str, line: int, path: Path) -> int:
    """Return a number that counts; some programs write 17 as 17.0."""
    cell = cells.get(name, "")
    with suppress(ValueError, OverflowError):
        value = float(cell)
        if value >= 0 and value == int(value):
            return int(value)
    what = f"line {line}: {cell!r} is not a valid {name}" if cell else f"line {line} has no {name}"
    raise RunError(what, where=str(path), hint=_MEND)


def _score(cell: str, line: int, path: Path) -> float | None:
    if not cell:
        return None
    score = number_in(cell)
    if score is None:
        raise RunError(f"line {line}: {cell!r} is not a score", where=str(path), hint=_MEND)
    return score


def _without_repeats(rows: list[LabelRequest], path: Path) -> list[LabelRequest]:
    seen: dict[int, int] = {}
    for asked in rows:
        if asked.id in seen:
            what = f"sample {asked.id} is there twice, in lines {seen[asked.id]} and {asked.line}"
            raise RunError(what, where=str(path), hint="remove one of them")
        seen[asked.id] = asked.line
    return rows


def as_label(text: str) -> Label | None:
    """Return a label as it was typed: a number where that loses nothing, None for nothing.

    007 and 1e5 stay text, for they may be names of classes.
    """
    text = text.strip()
    for kind in (int, float):
        with suppress(ValueError):
            if str(value := kind(text)) == text and math.isfinite(value):
                return value
    return text or None


def number_in(text: str) -> float | None:
    """Return the finite number that a text is, also with a decimal comma; None for no number."""
    with suppress(ValueError):
        value = float(text.replace(",", "."))
        return value if math.isfinite(value) and "_" not in text else None
    return None
