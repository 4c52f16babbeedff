"""Tell a person when a training waits long for a batch."""

import threading
import time
from collections.abc import Callable

from stride.data.batches.waiting import Wait, wait_in
from stride.log import LOGGER
from stride.periodic import PeriodicTask

SECONDS = 60.0  # without a batch, after which it is told
LOOK = 1.0  # seconds between two looks


class StallWarning:
    """Warn once when no batch comes, and say when the wait has ended.

    Another thread looks whether the one that made this object still waits for the same batch: a
    step does nothing for it.

    Args:
        tell: is given why the run stands still, and the empty text when it goes on.
    """

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._watched = threading.get_ident()
        self._told: Wait | None = None
        self._looks = PeriodicTask(LOOK, self._look)
        self._looks.start()

    def stop(self) -> None:
        """Look no more; nothing is told after this."""
        self._looks.stop()

    def _look(self) -> None:
        wait = wait_in(self._watched)
        if self._told is not None and wait != self._told:
            LOGGER.info("the wait for a batch has ended")
            self._told = None
            self._tell("")
        elif wait is not None and wait != self._told and _seconds(wait) >= SECONDS:
            LOGGER.warning("%s: %s", what := _reason(), _advice(wait))
            self._told = wait
            self._tell(what)


def _seconds(wait: Wait) -> float:
    return time.monotonic() - wait.since


def _reason() -> str:
    return f"no batch for {SECONDS:.0f} s"


def _advice(wait: Wait) -> str:
    """Say who makes the batch, and what to look at."""
    if wait.workers:
        who = f"the data's workers give none (num_workers={wait.workers})"
        return f"{who}; look at the disk of the data, and at /dev/shm: type `df -h /dev/shm`"
    return "the data is read in this process (num_workers=0); look at the disk of the data"
