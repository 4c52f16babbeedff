"""Know a file again by the SHA-256 of its bytes."""

import hashlib
from pathlib import Path

from stride.errors import RunError
from stride.runs.files.durable import told


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file, read in pieces.

    Raises:
        OSError: It cannot be read.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def require_digest(path: Path, expected: str | None) -> None:
    """Refuse a file that is not the one that was written; None is not known, and no reason.

    Raises:
        RunError: It is not, or it cannot be read.
    """
    with told("cannot read", path, RunError):
        if expected is not None and sha256(path) != expected:
            raise RunError(
                f"{path.name} is damaged: its SHA-256 is not the recorded one", where=str(path)
            )
