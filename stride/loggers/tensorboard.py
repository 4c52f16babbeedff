"""Scalars and artifacts for TensorBoard, in the run's own folder."""

import os
import socket
import time
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from stride.errors import MissingExtra
from stride.loggers.base import KEY, Logger, Row, numbers_of
from stride.loggers.tensorboard_values import VALUES
from stride.runs.layout import RunPaths


class TensorBoardLogger(Logger):
    """Write each number of a row as a scalar, and artifacts, at their step and time.

    Events are written with TensorBoard's own record format and messages: its usual writers pull
    in TensorFlow where that is installed, and keep a thread.

    Raises:
        MissingExtra: tensorboard is not installed.
    """

    def __init__(self) -> None:
        if find_spec("tensorboard") is None:
            raise MissingExtra("tensorboard", "tensorboard", where=KEY)

    def open(self, paths: RunPaths, config: Mapping[str, Any]) -> None:
        """Begin a new file of events; those of earlier segments stay beside it."""
        from tensorboard.compat.proto import (  # type: ignore[import-untyped]
            event_pb2,
            summary_pb2,
        )
        from tensorboard.summary.writer.record_writer import (  # type: ignore[import-untyped]
            RecordWriter,
        )

        folder = paths.tensorboard
        self._resumed = folder.is_dir() and any(folder.iterdir())
        folder.mkdir(parents=True, exist_ok=True)
        name = f"events.out.tfevents.{time.time_ns()}.{socket.gethostname()}.{os.getpid()}"
        self._file = (folder / name).open("xb")
        self._writer = RecordWriter(self._file)
        self._event, self._session = event_pb2.Event, event_pb2.SessionLog
        self._summary = summary_pb2.Summary
        self._put(wall_time=time.time(), file_version="brain.Event:2")

    def write(self, row: Row) -> None:
        """Write one event with all numbers of the row."""
        numbers = numbers_of(row).items()
        self._put_values(row, [dict(tag=name, simple_value=number) for name, number in numbers])

    def write_artifact(self, row: Row, path: Path) -> None:
        """Write an image, a text or a histogram, at its own step and time."""
        self._put_values(row, [dict(tag=row["name"], **VALUES[row["kind"]](path.read_bytes()))])

    def _put_values(self, row: Row, values: list[dict[str, Any]]) -> None:
        if self._resumed:
            self._purge(row)
        self._put(
            wall_time=row.get("time", time.time()),
            step=int(row["step"]),
            summary=self._summary(value=[self._summary.Value(**value) for value in values]),
        )

    def _purge(self, row: Row) -> None:
        """Have TensorBoard forget what earlier segments wrote from this step on."""
        self._resumed = False
        start = self._session(status=self._session.START)
        self._put(wall_time=time.time(), step=int(row["step"]), session_log=start)

    def _put(self, **fields: Any) -> None:
        self._writer.write(self._event(**fields).SerializeToString())
        self._file.flush()

    def close(self) -> None:
        """Close the file."""
        self._file.close()
