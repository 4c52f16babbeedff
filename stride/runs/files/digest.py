"""Know a file again by the SHA-256 of its bytes."""

import hashlib
import os
import sys
from pathlib import Path

from stride.errors import RunError
from stride.runs.files.durable import os_errors_as
from stride.runs.files.safe_open import reading, require_size


def sha256(path: Path, limit: int = sys.maxsize) -> str:
    """Return the SHA-256 of a file of a run, read in pieces.

    Raises:
        RunError: it is not a file of the run's own, or larger than the limit, in bytes.
        OSError: it cannot be read.
    """
    with reading(path) as file:
        require_size(path, os.fstat(file.fileno()).st_size, limit)
        return hashlib.file_digest(file, "sha256").hexdigest()


def require_digest(path: Path, expected: str | None) -> None:
    """Refuse a file that is not the one that was written; None is not known, and no reason.

    Raises:
        RunError: it is not, or it cannot be read.
    """
    with os_errors_as("cannot read", path, RunError):
        if expected is not None and sha256(path) != expected:
            raise RunError(
                f"{path.name} is damaged: its SHA-256 is not the recorded one", where=str(path)
            )
