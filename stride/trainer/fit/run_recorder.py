"""Write what happens in a training into its run: status, metrics, weights, results."""

import logging
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, closing, nullcontext, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from torch import Tensor

from stride.config.metrics import RESERVED, ends_epoch
from stride.distributed import is_main
from stride.engine.checkpoint.gathered_weights import commit_weights
from stride.engine.fingerprint import Fingerprint
from stride.engine.signals import holding_sigterm
from stride.engine.state import Latest, TrainState
from stride.errors import DissolvedPack, LostProcess, NonFiniteError, StrideError
from stride.log import LOGGER, OwnWords
from stride.loggers.artifacts import Artifacts, ArtifactWriter, NoArtifacts
from stride.loggers.base import Loggers
from stride.loggers.display.base import Display
from stride.loggers.stream import MetricsStream
from stride.runs.files.atomic import read_record
from stride.runs.layout import RunPaths
from stride.runs.listing.measured import summary_of
from stride.runs.writer_base import Writer
from stride.trainer.fit.stall_warning import StallWarning

_SECONDS_BETWEEN_BITS = 0.5  # of the fingerprint: small reports come by the hundred in a second
_SECONDS_BETWEEN_SHOWN = 0.1  # as fast as an eye follows, and slower than steps report
_SECONDS_BETWEEN_LINES = 60.0  # of the text log, inside a long epoch


class RunRecorder:
    """The run of a training under way, from its claim to its end.

    As a context it ends the run: `done`, `stopped`, `failed` or `interrupted`, by how the block
    was left, with metrics and weights safe.

    Args:
        writer: the folder's one writer.
        state: step and epoch of what is logged.
        loggers: further sinks of rows, beside metrics.jsonl.
        display: what a person sees meanwhile.
        fingerprint: the bits of the steps.
        latest: is given the newest value of each metric that is written.
        keep_artifacts: how many artifacts of each name stay, None for all.

    Attributes:
        paths: the run's files.
        artifacts: takes images, texts, figures and histograms.
        weights_sha256: digest of the weights written last, empty before.
        speed: steps per second between the newest two reports, 0 before.
    """

    def __init__(
        self,
        writer: Writer,
        state: TrainState,
        loggers: Loggers,
        display: Display,
        fingerprint: Fingerprint | None = None,
        latest: Latest | None = None,
        keep_artifacts: int | None = None,
    ) -> None:
        self._writer = writer
        self._state = state
        self._loggers = loggers
        self._display = display
        self._fingerprint = fingerprint or Fingerprint()
        self._next_bits = self._next_shown = 0.0
        self._next_line = time.monotonic() + _SECONDS_BETWEEN_LINES
        self._latest = Latest() if latest is None else latest
        sinks = [self._to_metrics, self._to_latest, self._to_loggers]
        self._stream = MetricsStream(state, sinks)
        self.paths: RunPaths = writer.paths
        self.log = self._stream.log
        self.artifacts: Artifacts = NoArtifacts()
        if is_main():
            self.artifacts = ArtifactWriter(writer, state, loggers, keep_artifacts)
        self.weights_sha256 = ""
        self.started = time.time()
        self._end = ("done", "")
        self._before: Mapping[str, Any] = {}
        self._held = ExitStack()
        self._warnings = _Shown(display)
        self._summary = summary_of({})
        self._reported = (time.perf_counter(), state.step)
        self.speed = 0.0

    @property
    def name(self) -> str:
        """Return the run's number or name."""
        return self.paths.name

    @property
    def uuid(self) -> str:
        """Return the run's identity, which moves with the folder."""
        return self._writer.uuid

    @property
    def identity(self) -> dict[str, Any]:
        """Return by what a checkpoint knows the run, segment and config that it belongs to."""
        return self._writer.identity

    def __enter__(self) -> Self:
        LOGGER.addHandler(self._warnings)
        self._writer.status("running")
        self._stream.start()
        self._silence = StallWarning(self._stand_still)
        return self

    def _stand_still(self, reason: str) -> None:
        # Whoever writes this run now says how it stands; a disk that is away says nothing.
        with suppress(StrideError):
            self._writer.status("running", reason)

    def show_warnings(self, records: Iterable[logging.LogRecord]) -> None:
        """Show the warnings of STRIDE's own that came before there was something to show them."""
        for record in records:
            if record.name == LOGGER.name and record.levelno >= self._warnings.level:
                self._warnings.handle(record)

    def record(self, values: Mapping[str, float]) -> None:
        """Note the values of the current step and show them; those of an epoch are written here.

        Others are written within half a second, by a thread: a step may report in every
        millisecond, and to look whether the run is still this process's costs as much as the step.
        """
        self._stream.report(values)
        now, whole = time.monotonic(), ends_epoch(values)
        if whole:
            self._stream.flush()
        if now >= self._next_bits:
            self._write_bits()
        if whole or now >= self._next_shown:
            self._next_shown = now + _SECONDS_BETWEEN_SHOWN
            self._show(values, whole or now >= self._next_line)

    def _show(self, values: Mapping[str, float], log: bool) -> None:
        row = {"step": self._state.step, "epoch": self._state.epoch, **values}
        speed = self._steps_per_second()
        self._display.report(row, speed)
        if log and is_main():
            self._next_line = time.monotonic() + _SECONDS_BETWEEN_LINES
            LOGGER.info("%s", self._display.line(row, speed))

    def _steps_per_second(self) -> float:
        (before, step_before), step = self._reported, self._state.step
        if step > step_before:
            self._reported = (time.perf_counter(), step)
            self.speed = (step - step_before) / max(self._reported[0] - before, 1e-9)
        return self.speed

    def _to_metrics(self, rows: Sequence[Mapping[str, Any]]) -> None:
        self._writer.append(self.paths.metrics, rows)

    def _to_latest(self, rows: Iterable[Mapping[str, Any]]) -> None:
        newest: dict[str, Any] = {}
        for row in rows:
            newest |= row
        self._latest.update(item for item in newest.items() if item[0] not in RESERVED)

    def _to_loggers(self, rows: Iterable[Mapping[str, Any]]) -> None:
        for row in rows:
            self._loggers.write(row)

    def append(self, path: Path, row: Mapping[str, Any]) -> None:
        """Append a row to a stream of the run."""
        self._writer.append(path, [row])

    def flush(self) -> None:
        """Write everything logged so far."""
        self._stream.flush()
        self._write_bits()
        self.artifacts.flush()

    def _write_bits(self) -> None:
        self._next_bits = time.monotonic() + _SECONDS_BETWEEN_BITS
        rows = self._fingerprint.take_rows()
        if rows:
            self._writer.append(self.paths.fingerprints, rows)

    def forget(self) -> None:
        """Drop what was logged and not written yet; keep all that follows."""
        self._stream.forget()
        self.artifacts.ignore(False)

    def stream_sizes(self) -> dict[str, int]:
        """Write everything logged so far; return the bytes that each stream has, by file name."""
        self.flush()
        return self._writer.stream_sizes()

    def sync_streams(self) -> None:
        """Make everything written durable; may be called in another thread."""
        self._writer.sync_streams()

    def note(self, text: str) -> None:
        """Show a line to the person and write it to the text log."""
        LOGGER.info(text)
        self._display.note(text)

    def note_in_segment(self, **facts: Mapping[str, Any]) -> None:
        """Write into the segment's record what is known only once it has begun."""
        if is_main():
            path = self.paths.segment(self._writer.segment)
            self._writer.commit(path, {**read_record(path), **facts})

    def commit(self, path: Path, content: bytes | str | Mapping[str, Any]) -> None:
        """Put a whole file of the run in place, atomically."""
        self._writer.commit(path, content)

    def commit_folder(self, path: Path) -> AbstractContextManager[Path]:
        """Fill a temporary folder, which takes its place in the run at the end of the block."""
        return self._writer.commit_folder(path)

    def remove_folder(self, path: Path) -> None:
        """Take a folder of the run out of sight in one move, then delete it."""
        self._writer.remove_folder(path)

    def write_weights(self, weights: Mapping[str, Tensor]) -> None:
        """Write weights.safetensors and note its digest."""
        self.weights_sha256 = commit_weights(self._writer, self.paths.weights, weights)

    def write_results(self, results: Mapping[str, Any]) -> None:
        """Write results.json, and what a listing shows of it into the final status."""
        self._writer.commit(self.paths.results, results)
        self._summary = summary_of(results)

    def hold_sigterm(self) -> None:
        """Let a SIGTERM wait from now on until the run has its last status."""
        self._held.enter_context(holding_sigterm())

    def end_as(self, status: str, reason: str) -> None:
        """Choose how a run ends that ends without an exception."""
        self._end = (status, reason)

    def leave_as(self, before: Mapping[str, Any]) -> None:
        """Let the run end as it had ended before, should an exception end it; {}: as failed."""
        self._before = before

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.hold_sigterm()
        with self._held:
            self._close(error)

    def _close(self, error: BaseException | None) -> None:
        self._silence.stop()
        status, reason = self._end if error is None else outcome(error)
        if error is not None and self._before:
            status, reason, *_ = self._before.values()
            self._summary = {key: self._before[key] for key in ("metrics", "monitor")}
        try:
            with closing(self.artifacts):
                self._stream.close()
            self.flush()
        except Exception as late:
            if error is None:
                status, reason, error = *outcome(late), late
                raise
        finally:
            self._loggers.close()
            LOGGER.removeHandler(self._warnings)
            self._display.end(status, reason)
            self._display.close()
            # What ended the run is to be told, not what came after: a lost run has its
            # successor's word for its status, and a full disk takes no status.
            with suppress(StrideError) if error is not None else nullcontext():
                self._writer.close(status, reason, **self._summary)


class _Shown(logging.Handler):
    """Show warnings to the person at the terminal, beside writing them to the text log."""

    def __init__(self, display: Display) -> None:
        super().__init__(logging.WARNING)
        self.addFilter(OwnWords())
        self._display = display

    def emit(self, record: logging.LogRecord) -> None:
        self._display.note(f"{record.levelname.lower()}: {record.getMessage()}")


def outcome(error: BaseException) -> tuple[str, str]:
    """Return status and reason of a run that an exception ended."""
    if isinstance(error, KeyboardInterrupt):
        return "interrupted", str(error) or "interrupted by the keyboard"
    # As where the lost process is rank 0, which writes no end.
    if isinstance(error, (LostProcess, DissolvedPack)):
        return "interrupted", error.what
    if isinstance(error, NonFiniteError):
        return "failed", f"nonfinite: {error}"
    first_line = (str(error).splitlines() or [""])[0]
    return "failed", f"{type(error).__name__}: {first_line}"
