"""Write what the checkpoints of a run are evaluated to, beside the process that trains it.

The training never writes these files: they have one writer of their own at a time, and a run that
is resumed keeps them.
"""

import math
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from stride.config.nonfinite import decode_numbers
from stride.errors import StrideError
from stride.runs.evaluations.read import evaluation_rows
from stride.runs.files.atomic import atomic_write, own_copy
from stride.runs.files.digest import sha256
from stride.runs.files.durable import make_folder, os_errors_as, sync_folder
from stride.runs.files.jsonl import LineFile
from stride.runs.files.lock import locked
from stride.runs.files.safe_open import require_inside
from stride.runs.layout import RunPaths
from stride.runs.records.streams import EvaluationRow
from stride.runs.status import uuid_of

_HELD = "another process evaluates the checkpoints of this run"


@contextmanager
def sole_evaluator(paths: RunPaths, *, waits: bool = False) -> Iterator[None]:
    """Keep every other process from evaluating this run until the block ends, or it is killed.

    Args:
        paths: of the run.
        waits: whether the end of another one is waited for.

    Raises:
        RunError: another one evaluates it.
    """
    with os_errors_as("cannot write", paths.path):
        os.stat(paths.path)  # the lock would make the folder
        with locked(paths.evaluations_lock, seconds=math.inf if waits else 0.0, held=_HELD):
            yield


class Evaluations:
    """The evaluations of one run, for the one process that adds to them.

    Args:
        paths: of the run, which has a status.

    Attributes:
        rows: all that there are.
    """

    def __init__(self, paths: RunPaths) -> None:
        self._paths, self._uuid = paths, uuid_of(paths)
        self.rows = list(evaluation_rows(paths))
        self._finish_move()

    def is_gone(self) -> bool:
        """Tell whether the run has left its place, or another has taken that."""
        found = uuid_of(self._paths)
        unreadable = found is None and os.path.lexists(self._paths.status)
        return found != self._uuid and not unreadable

    @property
    def best(self) -> Mapping[str, Any] | None:
        """Return the row that was the best of all when it was written last."""
        found = (row for row in reversed(self.rows) if row.get("best_sha256") is not None)
        return next(found, None)

    def add(self, row: EvaluationRow, best: bytes = b"") -> None:
        """Append a row, which a SIGKILL cannot undo.

        Args:
            row: its `best_sha256` is that of the weights, where it has some.
            best: these weights, which take their place after the row. Where a kill comes between
                the two, whoever goes on does that.

        Raises:
            StrideError: it cannot be written.
        """
        with os_errors_as("cannot write", self._paths.evaluations):
            os.stat(self._paths.path)  # a run that has left its place is not made there
        if best:
            self._stage(best)
        self._append(row)
        self._finish_move()

    def _append(self, row: EvaluationRow) -> None:
        own_copy(self._paths.evaluations)
        with LineFile(self._paths.evaluations) as file:
            file.append([row.to_json()])
        self.rows.append(decode_numbers(row.to_json()))

    def _stage(self, weights: bytes) -> None:
        """Put weights beside the place of the best ones."""
        path = self._paths.next_evaluated
        with os_errors_as("cannot write", path):
            make_folder(path.parent)
        require_inside(str(path.parent), str(self._paths.path))
        try:
            atomic_write(path, weights)
        except StrideError as error:
            if not isinstance(error.__cause__, FileNotFoundError):
                raise
            # A training that begins at this moment takes unfinished files of others away.
            atomic_write(path, weights)

    def _finish_move(self) -> None:
        """Move weights to the place of the best ones, where their row was written."""
        path, best = self._paths.next_evaluated, self.best
        if not os.path.lexists(path):
            return
        with os_errors_as("cannot write", path):
            if best is not None and sha256(path) == best["best_sha256"]:
                os.replace(path, self._paths.best_evaluated)
            else:
                os.unlink(path)
            sync_folder(path.parent)
