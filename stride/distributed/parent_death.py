"""End this process with the launcher's agent that started it."""

import ctypes
import os
import signal
import sys
from contextlib import suppress

_PR_SET_PDEATHSIG = 1
_parent = os.getppid()  # while it certainly lives: it has just started this process


def end_with_parent(parent: int | None = None) -> None:
    """Have the system end this process when the one that started it does; on Linux only.

    An agent that is killed cannot end its workers: they would train on beside their successors.
    It is SIGKILL, since a signal that asks for a checkpoint would be answered by all ranks.

    Args:
        parent: the id of the one that started this process, where it was forked, or says so.
    """
    if not sys.platform.startswith("linux"):
        return
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != (
        _parent if parent is None else parent
    ):  # it ended before the system was asked
        os.kill(os.getpid(), signal.SIGKILL)
