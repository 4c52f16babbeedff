"""Check what a reconstruction keeps beside its checkpoints: rows, milestones and examples."""

import io
from pathlib import Path

from stride.runs.files.safe_open import reading
from stride.runs.files.safetensors_header import check_tensors
from stride.runs.layout import RunPaths
from stride.runs.records.reconstruction import ReconstructionRecord
from stride.runs.verify.records import read_if_there
from stride.runs.verify.report import Report


def check_reconstruction(report: Report, paths: RunPaths) -> None:
    """Check that what its record lists is there, all tensors are whole, and rows are in order.

    Milestones that no record lists are those of a run that has not ended.
    """
    record = read_if_there(report, paths.reconstruction, ReconstructionRecord)
    files = dict.fromkeys(sorted(paths.milestones.glob("*.safetensors")))
    if record is not None:
        kept = [(paths.milestone(n), paths.milestone_errors(n)) for n in record.milestones]
        files |= dict.fromkeys([path for pair in kept for path in pair])
        files |= dict.fromkeys([paths.final_errors, paths.examples])
        _check_rows(report, paths.errors_csv)
    for path in files:
        with report.checking(path):
            check_tensors(path)


def _check_rows(report: Report, path: Path) -> None:
    """Check that each whole line has all cells, and that epochs grow."""
    with report.checking(path):
        with io.TextIOWrapper(reading(path), "utf-8", errors="replace", newline="") as file:
            lines = [line[:-1].split(",") for line in file if line.endswith("\n")]
        header, *rows = lines or [[]]
        epochs = [int(row[0]) if row and row[0].isdecimal() else -1 for row in rows]
        if header[:1] != ["epoch"] or any(len(row) != len(header) for row in rows):
            report.problem(path, "it is no table of epochs with as many cells in each line")
        elif epochs != sorted({*epochs}):
            report.problem(path, "its epochs do not grow from line to line")
