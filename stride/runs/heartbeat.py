"""Show other hosts that the process which writes a run lives."""

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from stride.errors import StrideError
from stride.periodic import PeriodicTask
from stride.runs.files.atomic import own_copy
from stride.runs.files.safe_open import open_own
from stride.runs.status import HEARTBEAT_EVERY


class Heartbeat:
    """Touch a file every few seconds, in the background, until stopped.

    Attributes:
        also: called after each later beat.
    """

    def __init__(
        self, path: Path, is_ours: Callable[[], bool], every: float = HEARTBEAT_EVERY
    ) -> None:
        """Touch the file for the first time.

        Args:
            path: the file.
            is_ours: asked before each later beat: once the run is somebody else's, a beat would
                make that process look alive.
            every: seconds between two beats.
        """
        self._path, self._is_ours = path, is_ours
        self.also: Callable[[], object] = lambda: None
        self._touch()
        self._beats = PeriodicTask(every, self._beat)
        self._beats.start()

    def _beat(self) -> None:
        with suppress(Exception):  # whatever it is, the next beat has to come
            if self._is_ours():
                self._touch()
                self.also()

    def _touch(self) -> None:
        # A disk that is away for a moment must not end the training; a reader sees the silence.
        with suppress(OSError, StrideError):
            own_copy(self._path)  # a beat is none of a copy made by `cp -al`
            descriptor = open_own(self._path, os.O_WRONLY | os.O_CREAT)
            try:
                os.utime(descriptor)
            finally:
                os.close(descriptor)

    def stop(self) -> None:
        """Touch it no more, and wait for a beat that is under way."""
        self._beats.stop()
