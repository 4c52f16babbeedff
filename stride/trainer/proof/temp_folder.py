"""Find a temporary folder that has room for the runs of a proof."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from stride.errors import UserError

_STATES = 6  # checkpoints that lie there at one time, at most: of three runs, one more each
_WEIGHTS = 4  # as large as one: the weights, the best ones, and two moments of the optimiser
_REST = 2**24  # bytes of everything else


def bytes_needed(weights: int) -> int:
    """Return how much the runs of a proof take whose weights have so many bytes."""
    return _STATES * _WEIGHTS * weights + _REST


@contextmanager
def temporary_folder(needed: int, work_dir: str) -> Iterator[Path]:
    """Make a folder where there is room, beside the work_dir if need be; remove it at the end.

    Raises:
        UserError: there is no room, telling what is free.
    """
    places = [Path(tempfile.gettempdir()), _nearest_folder(Path(work_dir))]
    free = {place: shutil.disk_usage(place).free for place in places}
    roomy = [p for p in places if free[p] >= needed and os.access(p, os.W_OK)]
    if not roomy:
        told = ", ".join(f"{place} has {_gigabytes(size)}" for place, size in free.items())
        raise UserError(
            f"the check needs {_gigabytes(needed)} for a while, and {told}",
            hint="set TMPDIR to a folder on a disk with room",
        )
    with tempfile.TemporaryDirectory(
        prefix=".stride-check-", dir=roomy[0], ignore_cleanup_errors=True
    ) as folder:
        yield Path(folder)


def _nearest_folder(path: Path) -> Path:
    """Return the folder that a path is to be in, or the nearest above it that is there."""
    return next(folder for folder in path.absolute().parents if folder.is_dir())


def _gigabytes(size: int) -> str:
    return f"{size / 2**30:.2f} GiB"
