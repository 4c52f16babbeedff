"""Say what was verified of the runs of a report, and what was not."""

from collections.abc import Iterator
from typing import Any

from stride.errors import StrideError
from stride.pages.page import escaped, panel
from stride.report.contents import Contents
from stride.runs.files.atomic import read_record
from stride.runs.layout import RunPaths
from stride.runs.listing.rows.row import RunRow
from stride.runs.verify.run import verify_records
from stride.tables.table import Column, Table
from stride.visible import quoted

_DONE = "Checked for this page: the records of each run and its starts, against their schemas."
_NOT = "Not checked: hashes of weights and checkpoints, and the streams. To check them:"


def verified(contents: Contents) -> Iterator[str]:
    """Yield what was found in the records, and how reproductions compare."""
    yield f"<p>{_DONE}</p>"
    problems = [line for row in contents.rows for line in _problems(contents, row)]
    if problems:
        columns = [Column(title, str, wraps=True) for title in ("run", "file", "problem")]
        yield panel(Table(columns, problems), "problems", sortable=True)
    else:
        yield "<p>No problem was found.</p>"
    yield from _reproductions(contents)
    yield f'<p class="soft">{_NOT}</p><pre tabindex="0">{escaped(_command(contents))}</pre>'


def _problems(contents: Contents, row: RunRow) -> Iterator[list[str]]:
    try:
        found = verify_records(row.path).problems
    except StrideError as error:
        yield [contents.name(row), "", error.what]
        return
    for file, what in found:
        yield [contents.name(row), file, what]


def _reproductions(contents: Contents) -> Iterator[str]:
    found = [(row, _record(row)) for row in contents.rows]
    lines = [[contents.name(row), *_compared(record)] for row, record in found if record]
    if lines:
        columns = [Column(title, str, wraps=True) for title in ("run", "reproduces", "result")]
        yield "<h3>Reproductions</h3>"
        yield panel(Table(columns, lines), "reproductions", sortable=True)


def _record(row: RunRow) -> dict[str, Any]:
    """Return how a reproduction compares with its original; nothing where that is not recorded."""
    try:
        return read_record(RunPaths(row.path).reproduction)
    except StrideError:
        return {}


def _compared(record: dict[str, Any]) -> list[str]:
    steps = f"over {record.get('steps')} steps, weights {record.get('weights')}"
    if record.get("identical") is True:
        return [str(record.get("original")), f"bit-identical {steps}"]
    first = record.get("first_divergent_step")
    since = f", first at step {first}" if first is not None else ""
    return [str(record.get("original")), f"differs{since}, {steps}"]


def _command(contents: Contents) -> str:
    return f"stride verify {' '.join(map(quoted, contents.work_dirs))} --all"
