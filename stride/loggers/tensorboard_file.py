"""A file of events that TensorBoard reads."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any


class EventFile:
    """Write events with TensorBoard's own record format and messages.

    Its usual writers pull in TensorFlow where that is installed, and keep a thread.

    Args:
        path: of the file, which is not there yet; its name has to hold `tfevents`.
        opened: Unix seconds of its first event.
    """

    def __init__(self, path: Path, opened: float) -> None:
        from tensorboard.compat.proto import (  # type: ignore[import-untyped]
            event_pb2,
            summary_pb2,
        )
        from tensorboard.summary.writer.record_writer import (  # type: ignore[import-untyped]
            RecordWriter,
        )

        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("xb")
        self._writer = RecordWriter(self._file)
        self._event, self._session = event_pb2.Event, event_pb2.SessionLog
        self._summary = summary_pb2.Summary
        self._put(wall_time=opened, file_version="brain.Event:2")

    def write(self, step: int, time: float, values: Iterable[Mapping[str, Any]]) -> None:
        """Write one event.

        Args:
            step: at which it was.
            time: of it, in Unix seconds.
            values: the fields of each of its summary's values.
        """
        summary = self._summary(value=[self._summary.Value(**value) for value in values])
        self._put(wall_time=time, step=step, summary=summary)

    def forget_from(self, step: int, time: float) -> None:
        """Have TensorBoard forget what other files of the folder hold from this step on."""
        start = self._session(status=self._session.START)
        self._put(wall_time=time, step=step, session_log=start)

    def _put(self, **fields: Any) -> None:
        self._writer.write(self._event(**fields).SerializeToString())

    def flush(self) -> None:
        """Hand what was written to the system: it stays if the process is killed."""
        self._file.flush()

    def close(self) -> None:
        """Close the file."""
        self._file.close()
