import json
import math
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from stride.runs.listing.rows.read import read_row
from stride.runs.process import Process
from stride.runs.run_folder import is_run_folder
from stride.runs.writer import RunWriter

METRICS = {
    "best": {"step": 20, "epoch": 2, "validation/epoch_loss": 0.25},
    "last": {"step": 30, "epoch": 3, "validation/epoch_loss": "NaN"},
}
STATUS = {
    "format_version": 1,
    "state": "done",
    "reason": "max_epochs",
    "uuid": "0" * 32,
    "created": 100.0,
    "started": 101.0,
    "ended": 111.5,
    "overrides": ["seed=1"],
    "metrics": METRICS,
    "monitor": {"metric": "validation/epoch_loss", "mode": "min"},
}


def write_run(path: Path, **changes: Any) -> Path:
    """Write a run folder with a status of these changes; None drops a key."""
    path.mkdir(parents=True, exist_ok=True)
    status = {key: value for key, value in (STATUS | changes).items() if value is not None}
    (path / "status.json").write_text(json.dumps(status))
    return path


def write(path: Path, **record: Any) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps({"format_version": 1, **record}))


def test_the_row_of_an_ended_run_is_made_from_status_alone(tmp_path):
    row = read_row(write_run(tmp_path / "3"))
    assert (row.name, row.path, row.state, row.reason) == (
        "3",
        tmp_path / "3",
        "done",
        "max_epochs",
    )
    assert (row.created, row.started, row.ended, row.duration) == (100.0, 101.0, 111.5, 10.5)
    assert row.best == {"validation/epoch_loss": 0.25}
    assert math.isnan(row.last["validation/epoch_loss"])
    assert (row.monitor, row.mode) == ("validation/epoch_loss", "min")
    assert (row.overrides, row.uuid, row.broken) == (("seed=1",), "0" * 32, None)


def test_what_lies_between_two_segments_is_no_part_of_the_duration(tmp_path):
    for paused, duration in ((4.0, 6.5), (99.0, 0.0)):
        assert read_row(write_run(tmp_path / "3", paused=paused)).duration == duration


def test_a_work_dir_is_no_run_whatever_it_is_called(tmp_path):
    write(tmp_path / "7" / "config.json", seed=0)
    assert is_run_folder(tmp_path / "7")
    (tmp_path / "7" / ".stride").mkdir()
    assert not is_run_folder(tmp_path / "7")


def test_the_row_as_plain_values_is_what_json_holds(tmp_path):
    plain = read_row(write_run(tmp_path / "3", metrics={"best": {"loss": 1}})).to_json()
    assert json.loads(json.dumps(plain)) == plain
    assert plain["path"] == str(tmp_path / "3")


def test_what_status_lacks_is_read_from_the_other_files(tmp_path):
    path = write_run(tmp_path / "3", metrics=None, monitor=None, overrides=None)
    monitor = {"metric": "validation/epoch_loss", "mode": "min"}
    write(path / "results.json", **METRICS, monitor=monitor)
    write(path / "provenance.json", overrides=["seed=1"])
    (path / "metrics.jsonl").write_text('{"step": 29, "epoch": 2, "time": 1.0, "lr": 0.1}\n')
    other = write_run(tmp_path / "other" / "3", metrics={**METRICS, "test": {}})
    assert read_row(path) == read_row(other)._replace(path=path)


def test_without_results_the_newest_metrics_are_the_last(tmp_path):
    path = write_run(tmp_path / "3", metrics=None)
    lines = [{"step": 1, "epoch": 0, "time": 1.0, "loss": 3.0, "lr": 0.1}]
    lines += [{"step": n, "epoch": n, "time": 1.0, "loss": 3.0 / n} for n in range(2, 4)]
    text = "\n".join(map(json.dumps, lines)) + '\n{"step": 4, "loss": 0.'
    (path / "metrics.jsonl").write_text("garbage\n" + text)
    assert read_row(path).last == {"loss": 1.0, "lr": 0.1}


def test_only_the_end_of_a_long_stream_is_read(tmp_path):
    path = write_run(tmp_path / "3", metrics=None)
    first = json.dumps({"old": 1.0})
    rows = "\n".join(json.dumps({"loss": float(n)}) for n in range(20_000))
    (path / "metrics.jsonl").write_text(f"{first}\n{rows}\n")
    assert read_row(path).last == {"loss": 19999.0}


def write_segment(path: Path, **changes: Any) -> None:
    record = {"n": 0, "started": time.time(), **Process.this().to_json()}
    write(path / "segments" / "0.json", **record | changes)


def dead_pid() -> int:
    done = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"], stdout=subprocess.PIPE, check=True
    )
    return int(done.stdout)


def test_a_running_run_lasts_until_now(tmp_path):
    path = write_run(tmp_path / "3", state="running", ended=None, reason="")
    write_segment(path)
    row = read_row(path, now=time.time())
    assert (row.state, row.ended) == ("running", None)
    assert read_row(path, now=201.0).duration == 100.0


def test_a_run_whose_process_died_is_interrupted_at_its_last_heartbeat(tmp_path):
    path = write_run(tmp_path / "3", state="running", ended=None)
    write_segment(path, pid=dead_pid())
    (path / "segments" / "0.heartbeat").touch()
    os.utime(path / "segments" / "0.heartbeat", (150.0, 150.0))
    row = read_row(path)
    assert (row.state, row.ended, row.duration) == ("interrupted", 150.0, 49.0)
    assert "ended without a word" in row.reason


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"state": "flying"}, "unknown state 'flying'"),
        ({"metrics": 5}, "make no sense"),
        ({"metrics": {"best": [1]}}, "make no sense"),
        ({"monitor": [1]}, "make no sense"),
        ({"overrides": 3}, "make no sense"),
        ({"started": "noon"}, "'started' is not a time"),
    ],
)
def test_a_status_with_wrong_values_is_a_row_with_its_reason(tmp_path, changes, reason):
    row = read_row(write_run(tmp_path / "3", **changes))
    assert (row.state, row.created) == ("broken", 100.0)
    assert row.broken and reason in row.broken and row.reason == row.broken


@pytest.mark.parametrize("name", ["results.json", "provenance.json", "segments/0.json"])
@pytest.mark.parametrize("content", [b"{", b"[]", b"\xff", b'{"format_version": 9}'])
def test_another_broken_file_that_a_row_needs_is_named(tmp_path, name, content):
    path = write_run(tmp_path / "3", state="running", metrics=None, overrides=None)
    write_segment(path)
    (path / name).write_bytes(content)
    row = read_row(path)
    assert row.state == "broken" and name.rpartition("/")[2] in str(row.broken)


@pytest.mark.parametrize("change", [{"pid": "x"}, {"pid": None}, {"pid": [1]}, {"pid": 2**80}])
def test_a_segment_without_sense_breaks_no_listing(tmp_path, change):
    path = write_run(tmp_path / "3", state="running")
    write_segment(path, **change)
    assert read_row(path).state in ("broken", "interrupted")


def test_without_a_status_a_run_is_young_or_never_began_or_is_broken(tmp_path):
    (tmp_path / "3").mkdir()
    assert read_row(tmp_path / "3").state == "created"
    row = read_row(tmp_path / "3", now=time.time() + 120)
    assert (row.state, row.broken) == ("broken", "it was ended before it began")
    (tmp_path / "3" / "metrics.jsonl").write_text("{}\n")
    row = read_row(tmp_path / "3", now=time.time() + 120)
    assert (row.state, row.broken) == ("broken", "no status.json")


def test_a_status_that_cannot_be_read_says_why(tmp_path):
    (tmp_path / "3" / "status.json").mkdir(parents=True)
    assert read_row(tmp_path / "3").broken == "status.json is a folder, not a file"


def test_a_run_that_was_killed_ended_with_its_last_row_of_metrics(tmp_path: Path) -> None:
    writer = RunWriter.start(tmp_path / "w", config={}, provenance={"format_version": 1})
    writer.status("running")
    writer.append(writer.paths.metrics, [{"step": 1, "epoch": 0, "time": 0.0}])
    later = time.time() + 5
    os.utime(writer.paths.metrics, (later, later))
    writer._heart.stop()
    segment = json.loads(writer.paths.segment(0).read_text())
    segment["pid"] = 2**22 + 1  # nobody's
    writer.paths.segment(0).write_text(json.dumps(segment))
    row = read_row(writer.paths.path)
    assert row.state == "interrupted"
    assert row.ended == pytest.approx(later)
    assert row.duration == pytest.approx(later - row.started)
