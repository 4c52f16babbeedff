"""A training under way is read from what it last wrote, whichever of the two files is newer."""

import json
import time
from math import nan

import pytest

from stride.runs.listing.progress import best_of, progress_of, read_progress
from stride.runs.listing.rows.read import read_row
from stride.runs.process import Process
from stride.runs.writer import RunWriter

RECORD = {"step": 56, "epoch": 2, "time": 5.0, "total_steps": 100, "total_epochs": 5}
RECORD |= {"steps_per_second": 4.0, "memory": 10**9}
MONITOR = {"metric": "loss", "mode": "min"}


def test_the_newer_of_record_and_row_says_where_a_training_is():
    found = progress_of(RECORD, {"step": 60, "epoch": 3, "time": 6.0, "loss": 1.0})
    assert found[:7] == (60, 3, 100, 5, 4.0, 10.0, 10**9) and found.time == 6.0
    older = progress_of(RECORD, {"step": 50, "epoch": 2, "time": 4.0})
    assert (older.step, older.seconds_left, older.device_memory) == (56, 11.0, None)


def test_without_a_record_the_row_tells_and_without_either_nothing():
    found = progress_of({}, {"step": 60, "epoch": 3, "time": 6.0})
    assert found[:7] == (60, 3, None, None, None, None, None)
    assert progress_of({}, {}) is None and progress_of({"step": "x"}, {"step": 3}) is None


@pytest.mark.parametrize(
    ("mode", "value", "expected"),
    [("min", 0.4, 0.4), ("min", 0.6, 0.5), ("max", 0.6, 0.6), ("max", nan, 0.5)],
)
def test_the_best_is_of_the_newest_row_where_that_is_better(mode, value, expected):
    record = {"metrics": {"best": {"step": 40, "loss": 0.5, "other": 1.0}}}
    record["monitor"] = {"metric": "loss", "mode": mode}
    newest = {"step": 60, "loss": value, "other": 2.0, "lr": 0.1}
    other = 2.0 if expected == value else 1.0
    assert best_of(record, newest) == {"loss": expected, "other": other}
    assert best_of({}, newest) == {}


@pytest.fixture
def writer(tmp_path):
    writer = RunWriter.start(tmp_path / "W", config={"a": 1}, provenance={"format_version": 3})
    writer.status("running")
    writer.append(writer.paths.metrics, [{"step": 50, "epoch": 2, "time": time.time(), "lr": 0.1}])
    return writer


def progress(**changes):
    metrics = {"best": {"loss": 0.5}, "last": {"loss": 0.7, "mine": 3.0}, "test": {}}
    return {"segment": 0, **RECORD, "metrics": metrics, "monitor": MONITOR, **changes}


def test_a_beat_writes_it_the_row_has_it_and_the_end_takes_it_away(writer):
    writer.report(progress)
    writer._heart.also()
    row = read_row(writer.paths.path)
    assert row.progress.step == 56 and row.progress.total_epochs == 5
    assert (row.best, row.last) == ({"loss": 0.5}, {"loss": 0.7, "mine": 3.0, "lr": 0.1})
    assert (row.monitor, row.mode) == ("loss", "min")
    assert json.loads(json.dumps(row.to_json()))["progress"]["step"] == 56
    writer.close("done")
    assert not writer.paths.progress.exists()
    assert read_row(writer.paths.path).progress is None


def test_a_killed_run_keeps_what_it_had_and_results_of_an_earlier_end_are_not_its(writer):
    results = {"best": {"loss": 9.0}, "last": {"loss": 9.0}, "monitor": MONITOR}
    writer.commit(writer.paths.results, {"format_version": 3, **results})
    writer.report(progress)
    writer._heart.also()
    segment = json.loads(writer.paths.segment(0).read_text())
    gone = Process.this()._replace(process_start="another").to_json()
    writer.paths.segment(0).write_text(json.dumps(segment | gone))
    row = read_row(writer.paths.path)
    assert (row.state, row.progress.step, row.best["loss"]) == ("interrupted", 56, 0.5)
    writer._heart.stop()


def test_progress_of_another_segment_or_broken_is_none(writer):
    paths = writer.paths
    writer.commit(paths.progress, progress(segment=3))
    assert read_progress(paths, 0) == {}
    paths.progress.write_text("{oops")
    assert read_row(paths.path).progress.step == 50  # by the newest row
    writer.close("failed")
