"""Hold what checkpoints need against what is free on their disk, and tell of it early."""

import os
import shutil
from pathlib import Path

from stride.errors import StrideError
from stride.log import LOGGER
from stride.tables.words import byte_size

FEW = 3
"""Checkpoints for which there should be room: fewer are told of."""

_HINT = "`stride purge` and `stride prune` free some"


def free_bytes(folder: Path) -> int | None:
    """Return what this user may still write where a folder is or is to be.

    None where the system does not tell; what a quota leaves is not known either.
    """
    place = folder.absolute()
    while not os.path.isdir(place) and place != place.parent:
        place = place.parent
    try:
        found = shutil.disk_usage(place)
    except OSError:
        return None
    return found.free if found.total else None


def require_space(folder: Path, size: int) -> None:
    """Refuse to train where not even one checkpoint would fit.

    Args:
        folder: of the checkpoints, which need not be there yet.
        size: bytes that a checkpoint takes at least.

    Raises:
        StrideError: less is free.
    """
    free = free_bytes(folder)
    if free is not None and free < size:
        what = (
            f"no room for a checkpoint: it takes {byte_size(size)}, and {byte_size(free)} are free"
        )
        raise StrideError(what, where=str(folder), hint=_HINT)


class SpaceWarning:
    """Warn once when the disk has room for a few checkpoints only."""

    def __init__(self) -> None:
        self._told = False

    def look(self, folder: Path, size: int) -> None:
        """Hold the size of the newest checkpoint against what is free."""
        free = None if self._told else free_bytes(folder)
        if free is not None and free < FEW * size:
            self._told = True
            LOGGER.warning(
                "the disk of %s has %s left, and a checkpoint takes %s; a full disk ends the "
                "training, with the last checkpoint kept: %s",
                *(folder, byte_size(free), byte_size(size), _HINT),
            )
