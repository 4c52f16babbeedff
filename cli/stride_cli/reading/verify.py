"""`stride verify`."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from stride.visible import quoted
from stride_cli.address import find, select
from stride_cli.output import print_json, say, tell
from stride_cli.reading.broken_records import broken_records_as_errors

if TYPE_CHECKING:
    from stride.runs.verify.report import Report

UNITS = {"checkpoints": "checkpoint", "rows": "row", "files": "hashed file"}


def run(places: Sequence[str], *, all_runs: bool, where: str | None, json: bool) -> None:
    """Check runs and print what is found; leave with 1 where any has a problem."""
    if where is not None:
        with select(places, where) as selection:
            folders = [chosen.path for chosen in selection.runs]
    else:
        folders = _all(places) if all_runs else [_one(text) for text in places]
    reports = []
    for folder in folders:
        reports.append(_verified(folder))
        if not json:
            _print(reports[-1])
    if json:
        print_json([report.to_json() for report in reports])
    elif not reports:
        tell(f"no runs in {', '.join(places)}" + ("" if where is None else f" where {where}"))
    if not all(report.ok for report in reports):
        raise typer.Exit(1)


def _verified(folder: Path) -> "Report":
    """Return what is found in a run; whatever cannot be checked hides no other."""
    from stride.errors import UserError
    from stride.runs.verify.report import Report
    from stride.runs.verify.run import verify_run

    try:
        with broken_records_as_errors(str(folder)):
            return verify_run(folder)
    except UserError as error:
        report = Report(folder)
        report.problem(folder, error.what)
        return report


def _all(work_dirs: Sequence[str]) -> list[Path]:
    """Return every run of these work_dirs, the broken ones too."""
    from stride.runs.listing.query import folder_names
    from stride.runs.run_folder import is_run_folder
    from stride.runs.run_names import name_order

    return [
        Path(work_dir, name)
        for work_dir in work_dirs
        for name in sorted(folder_names(Path(work_dir), instead="verify"), key=name_order)
        if is_run_folder(Path(work_dir, name))
    ]


def _one(text: str) -> Path:
    """Return the folder of one run."""
    from stride.errors import RunError
    from stride.runs.listing.places import is_run, is_work_dir

    if not is_run(text) and is_work_dir(Path(text)):
        raise RunError(
            f"{text} is a work_dir, not a run", hint=f"type: stride verify {quoted(text)} --all"
        )
    return find(text)


def _print(report: "Report") -> None:
    """Print one line for a run, and one for each thing that was found in it."""
    counts = ", ".join(_counted(report.counts[key], unit) for key, unit in UNITS.items())
    verdict = "ok" if report.ok else _counted(len(report.problems), "problem")
    say(f"{report.path}: {verdict} ({counts})")
    for file, what in report.problems:
        say(f"  {file}: {what}")
    for note in report.notes:
        say(f"  note: {note}")


def _counted(number: int, unit: str) -> str:
    return f"{number:,} {unit}{'' if number == 1 else 's'}"
