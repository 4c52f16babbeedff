"""Find out whether several processes see the same work_dir, before anything is written there."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from stride.errors import RunError
from stride.runs.files.durable import make_folder, os_errors_as
from stride.runs.layout import WorkDirPaths

LOOK_SECONDS = 10.0
"""How long a network file system may take to show another host's file."""

_LOOK_EVERY = 0.1


class Token:
    """A file in a work_dir, made by one process and looked for by the others.

    Attributes:
        work_dir: where it is to be.
    """

    def __init__(self, work_dir: Path | str) -> None:
        """Choose a name that no other has."""
        self.work_dir = Path(work_dir)
        self._paths = WorkDirPaths(self.work_dir)
        self._file = self._paths.token(os.urandom(8).hex())

    @contextmanager
    def placed(self) -> Iterator[None]:
        """Have the file there during the block; folders made for it stay unless the block fails.

        Raises:
            RunError: the work_dir cannot be written.
        """
        folders = (self._paths.private, *self._paths.private.parents)
        made = [folder for folder in folders if not folder.exists()]
        with os_errors_as("cannot write in this work_dir", self._paths.path, RunError):
            make_folder(self._paths.private)
            self._file.touch()
        try:
            yield
        except BaseException:
            self._remove()
            with suppress(OSError):  # others may use them by now
                for folder in made:
                    folder.rmdir()
            raise
        self._remove()

    def _remove(self) -> None:
        with suppress(OSError):
            self._file.unlink()

    def is_seen(self, seconds: float = LOOK_SECONDS) -> bool:
        """Look for the file until it is there, or so long."""
        deadline = time.monotonic() + seconds
        while not self._file.exists():
            if time.monotonic() > deadline:
                return False
            self._refresh()
            time.sleep(_LOOK_EVERY)
        return True

    def _refresh(self) -> None:
        """Read the folders: a network file system then asks the server for what is in them."""
        for folder in (self._paths.path.parent, self._paths.path, self._paths.private):
            with suppress(OSError):
                os.listdir(folder)
