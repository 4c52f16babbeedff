"""`stride label`."""

import sys
from typing import TYPE_CHECKING

from stride.tables.table import Column, Table, numbers
from stride.visible import quoted
from stride_cli.address import find
from stride_cli.output import print_json, print_table, tell
from stride_cli.running.start import ending_with_folder

if TYPE_CHECKING:
    from pathlib import Path

    from stride.trainers.active.label_session import LabelSession


def run(
    text: str,
    *,
    page: bool,
    resume: bool,
    by: str | None,
    listed: bool,
    json: bool,
    data_root: str | None,
    trust: bool,
) -> None:
    """Take the labels that a run waits for, and resume it once all are there."""
    folder = find(text)
    _require_fitting(page=page, listed=listed, json=json)
    if listed:
        _list(folder, json=json)
        return

    from stride.trainers.active.label_session import LabelSession

    labelling = LabelSession(folder, data_root, trust_code=trust)
    try:
        _take(labelling, by or _user(), page=page)
    finally:
        missing = len(labelling.missing())
        _tell(text, len(labelling.query) - missing, missing)
    if resume and not missing:
        _go_on(folder, data_root, trust)


def _require_fitting(*, page: bool, listed: bool, json: bool) -> None:
    from stride.errors import UserError

    if json and not listed:
        raise UserError("--json prints a list", hint="type: --list --json")
    if page and listed:
        raise UserError("--list takes no labels", hint="leave --page or --list out")


def _list(folder: "Path", *, json: bool) -> None:
    """Print the query, and which labels are missing."""
    from stride.runs.labels.labels_jsonl import missing_labels, read_labels, require_query
    from stride.runs.layout import RunPaths

    paths = RunPaths(folder)
    query, labels, missing = require_query(paths), read_labels(paths), missing_labels(paths)
    if json:
        asked = [{"id": a.id, "score": a.score, "label": labels.get(a.id)} for a in query]
        print_json({"round": query[0].round, "asked": asked, "missing": missing})
        return
    rows = [[a.id, a.score, labels.get(a.id)] for a in query]
    print_table(Table([numbers("id"), numbers("score"), Column("label", str, long=True)], rows))
    tell(f"{len(missing)} of {len(query)} labels are missing")


def _take(labelling: "LabelSession", by: str, *, page: bool) -> None:
    """Take labels on a page, at the terminal, or from lines of another program."""
    if page:
        from stride_cli.labelling.page import serve

        serve(labelling, by)
    elif sys.stdin.isatty():
        from stride_cli.labelling.terminal import ask

        ask(labelling, by)
    else:
        _read_lines(labelling, by)


def _read_lines(labelling: "LabelSession", by: str) -> None:
    """Take a label from each line `id label`; what came before a wrong line is kept."""
    from stride.errors import UserError

    for count, line in enumerate(sys.stdin, 1):
        sample, _, label = line.strip().partition(" ")
        if not sample:
            continue
        if not sample.isdecimal() or not label.strip():
            raise UserError(f"line {count} is not `id label`: {line.strip()!r}", where="stdin")
        try:
            labelling.give(int(sample), label.strip(), by=by)
        except UserError as error:
            error.where = f"line {count} of stdin"
            raise


def _tell(text: str, given: int, missing: int) -> None:
    if missing:
        tell(f"{given} of {given + missing} labels are given and kept")
        tell(f"to resume, type: stride label {quoted(text)}")
    else:
        tell(f"all {given} labels are given")


def _go_on(folder: "Path", data_root: str | None, trust: bool) -> None:
    from stride.trainer import commands

    with ending_with_folder() as ended:
        commands.resume(folder, [], data_root, trust=trust, ended=ended)


def _user() -> str:
    from getpass import getuser

    try:
        return getuser()
    except (OSError, KeyError, ImportError):  # a container may know no name
        return "somebody"
