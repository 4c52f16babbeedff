"""Make stdout and stderr fit to be written to, whatever the command was started with."""

import os
import sys
from typing import TextIO

from stride.loggers.screen import Screen
from stride_cli.errors import tell_json
from stride_cli.output import tell


def open_streams() -> None:
    """Let no write to stdout or stderr fail: of a reader that has gone, or a narrow encoding.

    Streams that somebody has put in the place of the process's own stay as they are.
    """
    _fill_descriptors()
    if sys.stdout is None or sys.stdout is sys.__stdout__:
        sys.stdout = Screen(sys.stdout)
    if sys.stderr is None or sys.stderr is sys.__stderr__:
        sys.stderr = Screen(sys.stderr)


def _fill_descriptors() -> None:
    """Open those that are closed, so that no file of a run is taken for one of them."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number, which is this


def is_lost(stream: TextIO) -> bool:
    """Tell whether a stream takes no more: its reader has gone, or the disk is full."""
    return getattr(stream, "lost", None) is not None


def excuse_stdout() -> None:
    """Let stdout that takes no more be no failure: the result is the run, not what tells of it."""
    if is_lost(sys.stdout):
        sys.stdout = Screen(None)


def final_exit_code(code: int, *, json: bool = False) -> int:
    """Return the exit code of a command: 1 where it did its work and its output has no space.

    A reader that has gone has read enough.
    """
    sys.stdout.flush()
    lost = getattr(sys.stdout, "lost", None)
    if code or not isinstance(lost, OSError) or isinstance(lost, BrokenPipeError):
        return code
    message = f"the output could not be written: {lost.strerror}"
    if json:
        tell_json("output", message)
    else:
        tell(f"stride: error: {message}")
    return 1
