"""Write a file whose writer wants a place of its own, so that it appears as a whole."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from stride.runs.files.durable import os_errors_as, sync_folder
from stride.runs.layout import TEMPORARY_PREFIX


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Give a temporary place beside a path, of the same ending, which takes its name at the end.

    After an error nothing is left of it.

    Raises:
        StrideError: it cannot be written.
    """
    temporary = path.parent / f"{TEMPORARY_PREFIX}{os.urandom(6).hex()}-{path.name[-64:]}"
    try:
        with os_errors_as("cannot write", path):
            yield temporary
            with temporary.open("rb+") as file:
                os.fsync(file.fileno())
            os.replace(temporary, path)
            sync_folder(path.parent)
    finally:
        temporary.unlink(missing_ok=True)
