"""Copy files of which most may never have been written."""

import os
from pathlib import Path

from stride.runs.files.durable import os_errors_as
from stride.runs.files.safe_open import reading

_CHUNK = 2**20
_NOTHING = bytes(_CHUNK)


def copy_sparse(source: Path, target: Path) -> None:
    """Copy a file of a run; what is 0 in it takes nothing of the disk, and reads as 0.

    Args:
        source: may be written meanwhile: each of its chunks is as it was at some moment.
        target: the new file.

    Raises:
        StrideError: the source cannot be read, or the target written, naming it.
        RunError: the source is not a file of the run's own, as `open_own` says.
    """
    with (
        os_errors_as("cannot copy", source),
        reading(source) as old,
        os_errors_as("cannot write", target),
        open(target, "xb", 0) as new,
    ):
        while chunk := old.read(_CHUNK):
            if chunk == _NOTHING[: len(chunk)]:
                new.seek(len(chunk), os.SEEK_CUR)
            else:
                new.write(chunk)
        new.truncate()
