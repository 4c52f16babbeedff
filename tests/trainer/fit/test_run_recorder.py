"""A recording ends its run by how its block was left."""

import os
import shutil
import threading
import time
from contextlib import ExitStack
from io import StringIO

import pytest

from stride.data.batches.waiting import TimedIterator
from stride.engine.signals import Interrupted
from stride.engine.state import TrainState
from stride.errors import LostProcess, LostRun, NonFiniteError, StrideError
from stride.log import LOGGER
from stride.loggers.artifact_values import Text
from stride.loggers.base import Loggers
from stride.loggers.display.base import NoDisplay
from stride.loggers.display.plain import PlainDisplay
from stride.runs.listing.rows.read import read_row
from stride.runs.run import Run
from stride.runs.writer import RunWriter
from stride.runs.writer_base import ReadOnlyWriter
from stride.trainer.fit import stall_warning
from stride.trainer.fit.run_recorder import RunRecorder


@pytest.fixture
def recording(tmp_path):
    writer = RunWriter.start(tmp_path / "w", config={"a": 1}, provenance={"format_version": 1})
    return RunRecorder(writer, TrainState(), Loggers([]), NoDisplay())


@pytest.mark.parametrize(
    ("error", "state", "reason"),
    [
        (None, "done", ""),
        (KeyboardInterrupt(), "interrupted", "interrupted by the keyboard"),
        (Interrupted(15), "interrupted", "interrupted by SIGTERM"),
        (NonFiniteError("the loss is not finite"), "failed", "nonfinite: the loss is not finite"),
        (LostProcess("rank 1 is gone"), "interrupted", "rank 1 is gone"),
        (ValueError("first\nsecond"), "failed", "ValueError: first"),
    ],
)
def test_the_end_says_how_it_came(recording, error, state, reason):
    try:
        with recording:
            recording.record({"m": 1.0})
            if error is not None:
                raise error
    except BaseException as raised:
        assert raised is error
    run = Run(recording.paths.path)
    assert (run.status["state"], run.status["reason"]) == (state, reason)
    assert run.metrics()[-1]["m"] == 1.0


def test_runs_side_by_side_share_their_threads(tmp_path):
    before = set(threading.enumerate())
    with ExitStack() as open_runs:
        runs = []
        for _ in range(8):
            writer = RunWriter.start(tmp_path / "w", config={}, provenance={"format_version": 1})
            runs.append(RunRecorder(writer, TrainState(), Loggers([]), NoDisplay()))
            open_runs.enter_context(runs[-1]).log("m", 1.0)
        assert len(set(threading.enumerate()) - before) <= 2  # another run of this process has some
        for run in runs:
            while not Run(run.paths.path).metrics():  # in the background
                time.sleep(0.01)


def test_rank_0_alone_keeps_artifacts(recording, monkeypatch):
    monkeypatch.setenv("RANK", "1")
    writer = ReadOnlyWriter(recording.paths)
    other = RunRecorder(writer, TrainState(), Loggers([]), NoDisplay())
    with other, recording:
        for one in (other, recording):
            one.artifacts.add("a", Text.of("of one", markdown=False))
            one.flush()
            one.forget()
    assert len(Run(recording.paths.path).artifacts()) == 1


def test_a_long_wait_for_a_batch_is_in_the_status_until_it_ends(recording, monkeypatch):
    monkeypatch.setattr(stall_warning, "SECONDS", 0.05)
    monkeypatch.setattr(stall_warning, "LOOK", 0.01)
    path = recording.paths.path

    def batches():
        for reason in ("no batch for 0 s", ""):
            for _ in range(1000):
                if read_row(path)[2:4] == ("running", reason):
                    break
                time.sleep(0.01)
            yield read_row(path).reason

    with recording:
        waits = batches()
        assert next(TimedIterator(waits)) == "no batch for 0 s"
        assert next(waits) == ""
    assert read_row(path)[2:4] == ("done", "")


def test_a_run_that_is_lost_keeps_its_successors_status(recording):
    with pytest.raises(LostRun), recording:
        recording.paths.segment(1).write_text('{"format_version": 1}')
        recording.record({"m": 1.0})
    assert Run(recording.paths.path).status["state"] == "running"


def test_metrics_that_cannot_be_written_fail_the_run(recording, monkeypatch):
    def full(rows):
        raise StrideError("cannot write: no space left", where="metrics.jsonl")

    recording._stream._sinks = [full]
    with pytest.raises(StrideError, match="no space"), recording:
        recording.log("m", 1.0)
    status = Run(recording.paths.path).status
    assert status["state"] == "failed"
    assert "no space left" in status["reason"]


def test_what_a_checkpoint_is_told_of_the_streams_is_written_and_then_durable(
    recording, monkeypatch
):
    synced, fsync, metrics = [], os.fsync, recording.paths.metrics
    with recording:
        recording.log("m", 1.0)
        assert recording.stream_sizes()[metrics.name] == metrics.stat().st_size > 0
        monkeypatch.setattr(os, "fsync", lambda one: (synced.append(os.fstat(one)), fsync(one)))
        recording.sync_streams()
        file = metrics.stat()
        assert [(one.st_ino, one.st_size) for one in synced] == [(file.st_ino, file.st_size)]


def test_warnings_are_shown_while_the_run_goes_on(tmp_path):
    shown = StringIO()
    writer = RunWriter.start(tmp_path / "w", config={"a": 1}, provenance={"format_version": 1})
    with RunRecorder(writer, TrainState(), Loggers([]), PlainDisplay(shown)):
        LOGGER.warning("update %d skipped", 3)
        LOGGER.info("not for the terminal")
    LOGGER.warning("too late")
    assert shown.getvalue() == "warning: update 3 skipped\n"


def test_each_epoch_is_a_line_of_the_log_and_of_a_long_epoch_one_a_minute(
    recording, caplog, monkeypatch
):
    caplog.set_level("INFO", "stride")
    with recording:
        recording.record({"train/loss": 3.0})
        recording.record({"train/epoch_loss": 2.0, "lr": 0.1})
        recording._next_line = recording._next_shown = 0.0
        recording.record({"train/loss": 1.0})
    assert [line.partition("  step 0  ")[2] for line in caplog.messages] == [
        "train loss 2  lr 0.1  0 steps/s",
        "recent loss 1  0 steps/s",
    ]


def test_speed_is_measured_between_different_steps(recording):
    with recording:
        recording._state.step = 10
        first = recording._steps_per_second()
        assert first > 0
        assert recording._steps_per_second() == first


def test_an_end_that_fails_by_itself_fails_the_run(recording):
    def broken(rows):
        raise RuntimeError("no such row")

    recording._stream._sinks = [broken]
    with pytest.raises(RuntimeError, match="no such row"), recording:
        recording.log("m", 1.0)
    assert Run(recording.paths.path).status["state"] == "failed"


def test_a_run_whose_last_status_cannot_be_written_is_not_done(recording):
    with pytest.raises(LostRun, match="its folder is gone"), recording:
        shutil.rmtree(recording.paths.path)


def test_what_ended_the_run_is_told_also_where_no_status_can_be_written(recording):
    with pytest.raises(ValueError, match="boom"), recording:
        shutil.rmtree(recording.paths.path)
        raise ValueError("boom")
