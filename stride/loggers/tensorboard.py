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
from stride.loggers.tensorboard_file import EventFile
from stride.loggers.tensorboard_values import VALUES
from stride.runs.layout import RunPaths


class TensorBoardLogger(Logger):
    """Write each number of a row as a scalar, and artifacts, at their step and time.

    Raises:
        MissingExtra: tensorboard is not installed.
    """

    def __init__(self) -> None:
        if find_spec("tensorboard") is None:
            raise MissingExtra("tensorboard", "tensorboard", where=KEY)

    def open(self, paths: RunPaths, config: Mapping[str, Any]) -> None:
        """Begin a new file of events; those of earlier segments stay beside it."""
        folder = paths.tensorboard
        self._resumed = folder.is_dir() and any(folder.iterdir())
        name = f"events.out.tfevents.{time.time_ns()}.{socket.gethostname()}.{os.getpid()}"
        self._file = EventFile(folder / name, time.time())
        self._file.flush()

    def write(self, row: Row) -> None:
        """Write one event with all numbers of the row."""
        numbers = numbers_of(row).items()
        self._put_values(row, [dict(tag=name, simple_value=number) for name, number in numbers])

    def write_artifact(self, row: Row, path: Path) -> None:
        """Write an image, a text or a histogram, at its own step and time."""
        self._put_values(row, [dict(tag=row["name"], **VALUES[row["kind"]](path.read_bytes()))])

    def _put_values(self, row: Row, values: list[dict[str, Any]]) -> None:
        step = int(row["step"])
        if self._resumed:
            self._resumed = False
            self._file.forget_from(step, time.time())
        self._file.write(step, row.get("time", time.time()), values)
        self._file.flush()

    def close(self) -> None:
        """Close the file."""
        self._file.close()
