"""Check what checkpoints were evaluated to beside the training, and the best weights of that."""

import os

from stride.errors import RunError
from stride.runs.evaluations.read import subject
from stride.runs.files.digest import sha256
from stride.runs.files.safetensors_header import check_tensors
from stride.runs.layout import RunPaths
from stride.runs.records.streams import EvaluationRow
from stride.runs.verify.report import Report
from stride.runs.verify.streams import checked_rows


def check_evaluations(report: Report, paths: RunPaths) -> None:
    """Check that no checkpoint was evaluated twice to the same, and that the best is kept whole."""
    seen: set[tuple[str, str]] = set()
    best = None
    with report.checking(paths.evaluations):
        torn = "its last line is torn; the next evaluation cuts it off"
        for number, row in checked_rows(report, paths.evaluations, EvaluationRow, torn):
            known = (subject(row), row["model_sha256"])
            if known in seen:
                raise RunError(f"line {number}: {row['checkpoint']} is there twice")
            seen.add(known)
            best = row.get("best_sha256") or best
    if best is not None:
        with report.checking(paths.best_evaluated):
            check_tensors(paths.best_evaluated)
            report.counts["files"] += 1
            _check_digest(report, paths, best)


def _check_digest(report: Report, paths: RunPaths, best: str) -> None:
    """Check that the best weights are those of their row, or wait beside their place."""
    if sha256(paths.best_evaluated) == best:
        return
    if os.path.lexists(paths.next_evaluated) and sha256(paths.next_evaluated) == best:
        report.note(paths.next_evaluated, "the next evaluation puts it in the place of the best")
        return
    what = f"damaged: its SHA-256 is not that of the best row in {paths.evaluations.name}"
    report.problem(paths.best_evaluated, what)
