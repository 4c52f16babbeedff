"""Keep the artifacts of a training: a thread encodes and writes them, and hands them on."""

import hashlib
import threading
import time
from abc import ABC, abstractmethod
from contextvars import copy_context
from queue import Queue
from typing import Any

from stride.engine.state import TrainState
from stride.log import LOGGER
from stride.loggers.artifact_values import Artifact
from stride.loggers.base import Loggers
from stride.loggers.stream import ended
from stride.runs.artifacts.read import kept_artifacts
from stride.runs.layout import artifact_name
from stride.runs.writer_base import Writer

WAITING = 16
"""Artifacts that wait to be encoded; who logs more waits for the oldest."""


class Artifacts(ABC):
    """Take what a training logs beside its metrics."""

    @abstractmethod
    def add(self, name: str, artifact: Artifact) -> None:
        """Take an artifact of the current step."""

    @abstractmethod
    def ignore(self, ignored: bool) -> None:
        """Drop what is added from now on, or keep it again."""

    @abstractmethod
    def flush(self) -> None:
        """Wait until all that was added is written."""

    @abstractmethod
    def close(self) -> None:
        """Write what is left, and take no more."""


class NoArtifacts(Artifacts):
    """Drop everything: rank 0 writes the run."""

    def add(self, name: str, artifact: Artifact) -> None:
        """Do nothing."""

    def ignore(self, ignored: bool) -> None:
        """Do nothing."""

    def flush(self) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""


class ArtifactWriter(Artifacts):
    """Encode artifacts in the background and write each as a file, then as a row.

    What cannot be encoded is told in the log and left out: no training ends by a picture of it.
    What cannot be written, as on a full disk, is raised to the training at its next flush too.

    Args:
        writer: of the run.
        state: gives step and epoch of an artifact.
        loggers: are handed on what was written.
        keep: how many of each name stay, the newest; None for all.
    """

    def __init__(
        self, writer: Writer, state: TrainState, loggers: Loggers, keep: int | None = None
    ) -> None:
        self._writer, self._state, self._loggers, self._keep = writer, state, loggers, keep
        self._files: dict[str, dict[str, None]] = {}  # of each name, where older ones go
        self._waiting: Queue[tuple[dict[str, Any], Artifact] | None] = Queue(WAITING)
        self._error: Exception | None = None
        self._ignored = self._closed = False
        self._adding = threading.Lock()
        own = copy_context()  # in which the thread speaks for the run
        self._thread = threading.Thread(
            target=own.run, args=(self._work,), name="stride-artifacts", daemon=True
        )

    def add(self, name: str, artifact: Artifact) -> None:
        """Take an artifact of the current step; wait only where too many do.

        Raises:
            RunError: the training has ended, and nobody would take it.
        """
        if self._ignored:
            return
        row = {"step": self._state.step, "epoch": self._state.epoch, "time": time.time()}
        with self._adding:
            if self._closed:
                raise ended(name)
            if self._thread.ident is None:  # most trainings log none
                self._thread.start()
            self._waiting.put((row | {"name": name, "kind": artifact.kind}, artifact))

    def ignore(self, ignored: bool) -> None:
        """Drop what is added from now on, or keep it again."""
        self._ignored = ignored

    def flush(self) -> None:
        """Wait until all that was added is written.

        Raises:
            StrideError: something could not be.
        """
        self._waiting.join()
        if self._error is not None:
            error, self._error = self._error, None
            raise error

    def close(self) -> None:
        """Write what is left, and end the thread.

        Raises:
            StrideError: something could not be written.
        """
        with self._adding:
            begun, self._closed = not self._closed and self._thread.ident is not None, True
        if begun:
            self._waiting.put(None)
        self.flush()

    def _work(self) -> None:
        for row, artifact in iter(self._waiting.get, None):
            try:
                self._write(row, artifact)
            except Exception as error:  # raised to the training at its next flush
                self._error = self._error or error
                LOGGER.warning("%s of step %s is not kept: %s", row["name"], row["step"], error)
            finally:
                del artifact  # whose memory may be a device's
                self._waiting.task_done()
        self._waiting.task_done()

    def _write(self, row: dict[str, Any], artifact: Artifact) -> None:
        try:
            content = artifact.encoded()
        except Exception as error:
            LOGGER.warning("%s of step %s is left out: %s", row["name"], row["step"], error)
            return
        file = artifact_name(row["name"], row["step"], content, artifact.suffix)
        digest = hashlib.sha256(content).hexdigest()
        row = row | {"file": file, "sha256": digest, "size": len(content)}
        paths = self._writer.paths
        self._writer.commit(paths.artifacts / file, content)
        self._writer.append(paths.artifact_rows, [row])
        self._loggers.write_artifact(row, paths.artifacts / file)
        if self._keep is not None:
            self._delete_older(row["name"], file, self._keep)

    def _delete_older(self, name: str, file: str, keep: int) -> None:
        if name not in self._files:  # the run has some from before it was resumed
            rows = kept_artifacts(self._writer.paths)
            self._files[name] = dict.fromkeys(row["file"] for row in rows if row["name"] == name)
        files = self._files[name]
        files[file] = None  # logged twice with the same content it is one file
        for older in [*files][:-keep]:
            del files[older]
            self._writer.remove_file(self._writer.paths.artifacts / older)
