"""A folder in memory: a SIGKILL loses no more there than on a disk, which takes long to sync."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

MEMORY = "/dev/shm"  # Linux


@contextmanager
def memory_folder() -> Iterator[Path]:
    """Give an empty folder, in memory where the system has such a place."""
    place = MEMORY if os.access(MEMORY, os.W_OK) else None
    with TemporaryDirectory(prefix="stride-", dir=place) as folder:
        yield Path(folder)
