"""Hold what is found wrong in a run folder."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from stride.errors import StrideError

COPY = "restore it from a copy of the run"
"""What to do about a file that nothing in the folder can rebuild."""


class Problem(NamedTuple):
    """Hold what is wrong with one file.

    Attributes:
        file: its path, relative to the run folder.
        what: what is wrong, and what to do.
    """

    file: str
    what: str


@dataclass
class Report:
    """Collect what a check of one run folder finds.

    Attributes:
        path: the run folder.
        problems: what is wrong.
        notes: what is worth a word and needs nothing done.
        counts: how many checkpoints, rows, fingerprints (steps) and files (hashed) were checked.
    """

    path: Path
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(
        default_factory=lambda: dict.fromkeys(("checkpoints", "rows", "fingerprints", "files"), 0)
    )

    @property
    def ok(self) -> bool:
        """Tell whether nothing is wrong."""
        return not self.problems

    def problem(self, path: Path, what: str, todo: str = COPY) -> None:
        """Add what is wrong with a file of the folder, and what to do about it."""
        self.problems.append(Problem(self.relative(path), f"{what}; {todo}"))

    def note(self, path: Path, what: str) -> None:
        """Add what is worth a word about a file of the folder."""
        self.notes.append(f"{self.relative(path)}: {what}")

    def relative(self, path: Path) -> str:
        """Return a path as people read it: relative to the run folder."""
        return Path(os.path.relpath(path, self.path)).as_posix()

    @contextmanager
    def checking(self, path: Path, todo: str = COPY) -> Iterator[None]:
        """Take what the block raises for a problem of this file."""
        try:
            yield
        except StrideError as error:
            self.problem(path, error.what, error.hint or todo)
        except FileNotFoundError:
            self.problem(path, "it is missing", todo)
        except OSError as error:
            self.problem(path, f"cannot be read: {error.strerror or error}", todo)

    def to_json(self) -> dict[str, Any]:
        """Return the report as plain values."""
        problems = [problem._asdict() for problem in self.problems]
        found = {"ok": self.ok, "problems": problems, "notes": self.notes, "counts": self.counts}
        return {"path": str(self.path), **found}
