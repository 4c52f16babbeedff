"""Know whether the process that took a trial still lives."""

import time
import uuid
from collections.abc import Mapping
from typing import Any, Self

from stride.runs.heartbeat import Heartbeat
from stride.runs.layout import SweepPaths
from stride.runs.process import Process, is_alive, is_here
from stride.runs.status import STALE_AFTER


class WorkerMark:
    """Mark the trials of this worker, and show other hosts that it lives, while it is entered.

    Args:
        paths: of the sweep.
    """

    def __init__(self, paths: SweepPaths) -> None:
        self._paths, self._id = paths, uuid.uuid4().hex

    def to_json(self) -> dict[str, Any]:
        """Return what is written at each trial that this worker takes."""
        return {"id": self._id, **Process.this().to_json()}

    def __enter__(self) -> Self:
        self._paths.workers.mkdir(parents=True, exist_ok=True)
        self._heartbeat = Heartbeat(self._paths.heartbeat(self._id), lambda: True)
        return self

    def __exit__(self, *_: object) -> None:
        self._heartbeat.stop()
        self._paths.heartbeat(self._id).unlink(missing_ok=True)


def is_gone(paths: SweepPaths, worker: Mapping[str, Any] | None) -> bool:
    """Tell whether a worker has ended, by its process on this host, by its heartbeat elsewhere.

    One that came to its end in a process that lives on, as in a notebook, has taken its heartbeat
    away.

    Args:
        paths: of the sweep.
        worker: what it wrote at a trial; nothing where the trial was only begun.
    """
    if not worker:
        return True
    try:
        beat = paths.heartbeat(str(worker.get("id"))).stat().st_mtime
    except OSError:
        return True
    return not is_alive(worker) if is_here(worker) else time.time() - beat > STALE_AFTER
