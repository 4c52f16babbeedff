"""Know a source again: the digest of its files, and the runs of a work_dir that came from it."""

import hashlib
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from stride.errors import RunError
from stride.runs.files.durable import os_errors_as
from stride.runs.files.safe_open import reading
from stride.runs.provenance.imported import import_of
from stride.runs.work_dir import WorkDir

_PIECE = 2**20


def source_digest(files: Sequence[Path]) -> str:
    """Return the SHA-256 of the names and contents of a source's files.

    Raises:
        RunError: one of them cannot be read.
    """
    whole = hashlib.sha256()
    for path in files:
        own = hashlib.sha256()
        with os_errors_as("cannot read", path, RunError), reading(path) as file:
            while piece := file.read(_PIECE):
                own.update(piece)
        whole.update(os.fsencode(path.name) + b"\0" + own.digest())
    return whole.hexdigest()


def imported_before(work_dir: WorkDir) -> dict[str, Path]:
    """Return the runs of a work_dir that were imported, by the digests of their sources."""
    found: dict[str, Path] = {}
    with suppress(RunError):  # there is no work_dir yet
        for name in work_dir.names():
            paths = work_dir.paths.run(name)
            digest = import_of(paths).get("sha256")
            if isinstance(digest, str):
                found.setdefault(digest, paths.path)
    return found
