"""Write the text log of a run: one file per rank, from before its folder exists to its end."""

import logging
import os
import platform
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from logging.handlers import MemoryHandler
from pathlib import Path
from types import TracebackType
from typing import TextIO

from stride.distributed import job_id, local_rank, rank, world_size
from stride.errors import StrideError
from stride.log import LOGGER, OwnWords
from stride.runs.files.atomic import own_copy
from stride.runs.files.safe_open import open_own
from stride.visible import visible

_HELD_RECORDS = 10_000

_depth: list[str] = []  # the level of the block in which warnings are logged, of one at most


class TextLog:
    """Write log records, warnings and uncaught exceptions of a run to its text log.

    Records of every logger of the process are taken. What is logged before the run has a folder
    is held, and written first once `open` names the file.

    Args:
        level: the lowest level that is written, as in `logging`.
    """

    def __init__(self, level: str) -> None:
        self._file: logging.Handler | None = None
        self._held = MemoryHandler(_HELD_RECORDS, flushLevel=logging.CRITICAL + 1)
        self._held.setLevel(level)
        self._level = level
        self._surroundings = ExitStack()
        self._own = OwnWords()

    def __enter__(self) -> "TextLog":
        self._surroundings.enter_context(logging_warnings(self._level))
        self._own = OwnWords()
        self._held.addFilter(self._own)
        logging.getLogger().addHandler(self._held)
        return self

    def open(self, path: Path) -> list[logging.LogRecord]:
        """Write to a file from now on, beginning with what was held, which is returned."""
        held = [*self._held.buffer]
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = _LogFile(path)
        self._file.setFormatter(_Lines(_format()))
        self._file.setLevel(self._level)
        self._file.addFilter(self._own)
        if world_size() == 1:
            self._file.handle(_head())
        self._held.setTarget(self._file)
        logging.getLogger().addHandler(self._file)
        logging.getLogger().removeHandler(self._held)
        self._held.flush()
        return held

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if isinstance(error, KeyboardInterrupt):  # of a signal too: nothing went wrong
            LOGGER.warning("%s", str(error) or "interrupted by the keyboard")
        elif error is not None:
            LOGGER.error("the run ended by an exception", exc_info=error)
        root = logging.getLogger()
        for handler in (self._held, self._file):
            if handler is not None:
                root.removeHandler(handler)
                with suppress(OSError):  # a full disk must not hide why the run ended
                    handler.close()
        self._surroundings.close()


@contextmanager
def logging_warnings(level: str) -> Iterator[None]:
    """Log warnings and what threads raise in the block, and all of STRIDE's from a level on.

    A block inside of another changes nothing, so that several logs may end in any order.
    """
    if _depth:
        yield
        return
    _depth.append(level)
    level_before, shown, hook = LOGGER.level, warnings.showwarning, threading.excepthook
    noted_warning, noted_thread = partial(_note_warning, shown), partial(_note_thread, hook)
    LOGGER.setLevel(level)
    warnings.showwarning, threading.excepthook = noted_warning, noted_thread
    try:
        yield
    finally:
        _depth.clear()
        LOGGER.setLevel(level_before)
        # Somebody may have replaced the function after us: then it stays.
        if warnings.showwarning is noted_warning:
            warnings.showwarning = shown
        if threading.excepthook is noted_thread:
            threading.excepthook = hook


def _note_warning(
    show: Callable[..., object],
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    LOGGER.warning("%s: %s (%s:%s)", category.__name__, message, filename, lineno)
    with suppress(OSError, ValueError):  # a stream that is closed takes none
        show(message, category, filename, lineno, file, line)


def _note_thread(hook: Callable[..., object], args: threading.ExceptHookArgs) -> None:
    name = args.thread.name if args.thread else "?"
    error = (args.exc_type, args.exc_value or args.exc_type(), args.exc_traceback)
    LOGGER.error("uncaught exception in thread %s", name, exc_info=error)
    hook(args)


class _LogFile(logging.StreamHandler[TextIO]):
    """Append to a text log; a hard-linked copy of it, as after `cp -al`, stays as it is."""

    def __init__(self, path: Path) -> None:
        own_copy(path)
        self._path, self._is_short = path, False
        super().__init__(self._opened())

    def _opened(self) -> TextIO:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        return os.fdopen(
            open_own(self._path, flags), "a", encoding="utf-8", errors="backslashreplace"
        )

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record."""
        with suppress(OSError, StrideError):  # then the file at hand is written on
            if os.fstat(self.stream.fileno()).st_nlink > 1 and own_copy(self._path):
                before = self.setStream(self._opened())
                if before is not None:
                    before.close()
        super().emit(record)

    def close(self) -> None:
        """Close the file."""
        self.stream.close()
        super().close()

    def handleError(self, record: logging.LogRecord) -> None:
        """Warn once why nothing is written; logging would print a traceback for each record."""
        error = sys.exception()
        if not isinstance(error, OSError):
            super().handleError(record)
        elif not self._is_short:
            self._is_short = True
            LOGGER.warning("%s: the log is not complete: %s", self._path, error.strerror)


class _Lines(logging.Formatter):
    """Format records with control characters escaped."""

    default_msec_format = "%s.%03d"

    def format(self, record: logging.LogRecord) -> str:
        """Return the record's lines, a traceback's too."""
        return visible(super().format(record), lines=True)


def _format() -> str:
    """Return how a line is written; with several processes each says of which one it is."""
    place = f"{_place()} " if world_size() > 1 else ""
    return f"%(asctime)s %(levelname)s {place}%(name)s: %(message)s"


def _head() -> logging.LogRecord:
    """Return what is said once at the top, where there is one process."""
    return LOGGER.makeRecord(LOGGER.name, logging.INFO, __file__, 0, _place(), (), None)


def _place() -> str:
    return f"job {job_id()} host {platform.node()} rank {rank()} local_rank {local_rank()}"
