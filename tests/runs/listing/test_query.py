import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from stride.errors import RunError
from stride.runs.listing.query import best_run, latest_run, list_newest, list_runs


def write_run(path: Path, created: float = 100.0, **changes: Any) -> Path:
    path.mkdir(parents=True, exist_ok=True)
    status = {
        "format_version": 1,
        "state": "done",
        "created": created,
        "overrides": [],
        "metrics": {"best": {"validation/epoch_loss": 1.0 / created}},
        "monitor": {"metric": "validation/epoch_loss", "mode": "min"},
    }
    (path / "status.json").write_text(json.dumps(status | changes))
    return path


def names(work_dir: Path, **options: Any) -> list[str]:
    return [row.name for row in list_runs(work_dir, **options)]


def test_the_newest_runs_come_first(tmp_path):
    for name, created in (("0", 10), ("1", 30), ("big-lr", 20), ("9", 5), ("10", 5)):
        write_run(tmp_path / name, created)
    assert names(tmp_path) == ["1", "big-lr", "0", "10", "9"]
    listing = list_newest(tmp_path, limit=2)
    assert ([row.name for row in listing.rows], listing.total) == (["1", "big-lr"], 5)
    assert names(tmp_path, limit=0) == []


def test_what_is_no_run_is_not_listed(tmp_path):
    write_run(tmp_path / "0")
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / ".stride").mkdir()
    write_run(tmp_path / ".tmp-1")
    (tmp_path / "figures").mkdir()
    (tmp_path / "figures" / "loss.png").touch()
    (tmp_path / "nested").mkdir()
    (tmp_path / "nested" / "config.json").write_text("{}")
    (tmp_path / "7" / ".stride").mkdir(parents=True)
    (tmp_path / "dangling").symlink_to("nowhere")
    assert names(tmp_path) == ["0"]


def test_a_run_reached_by_a_link_is_listed(tmp_path):
    write_run(tmp_path / "elsewhere" / "x")
    (tmp_path / "w").mkdir()
    (tmp_path / "w" / "linked").symlink_to(tmp_path / "elsewhere" / "x")
    assert names(tmp_path / "w") == ["linked"]


def test_one_broken_folder_is_listed_and_hides_no_other(tmp_path):
    old = time.time() - 1000
    for number in range(4):
        write_run(tmp_path / str(number), created=10 + number)
    (tmp_path / "1" / "status.json").write_text('{"form')
    (tmp_path / "2" / "status.json").unlink()
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "remains" / "segments").mkdir(parents=True)
    for name in ("1", "2", "remains"):
        os.utime(tmp_path / name, (old, old))
    broken = {row.name: row.broken for row in list_runs(tmp_path)}
    assert broken["0"] is None and broken["3"] is None
    assert "status.json is not JSON" in str(broken["1"])
    assert broken["2"] == broken["remains"] == "it was ended before it began"
    assert broken["loop"] == "a link that leads to itself"
    assert next(row for row in list_runs(tmp_path) if row.name == "loop").created >= old


@pytest.mark.parametrize(
    ("make", "what"),
    [
        (lambda path: None, "no work_dir here"),
        (lambda path: path.touch(), "cannot read this work_dir: Not a directory"),
        (lambda path: write_run(path), "this is a run folder, not a work_dir"),
    ],
)
def test_what_is_no_work_dir_is_refused(tmp_path, make, what):
    make(tmp_path / "w")
    with pytest.raises(RunError, match=what):
        list_runs(tmp_path / "w")


def test_an_empty_work_dir_has_no_runs(tmp_path):
    assert list_newest(tmp_path) == ([], 0)


def test_the_latest_run_is_the_newest_that_can_be_read(tmp_path):
    with pytest.raises(RunError, match="no run here"):
        latest_run(tmp_path)
    write_run(tmp_path / "0", created=10)
    write_run(tmp_path / "1", created=20)
    (write_run(tmp_path / "2") / "status.json").write_text("{")
    assert list_runs(tmp_path)[0].name == "2"
    assert latest_run(tmp_path).name == "1"


def test_the_best_run_has_the_best_value_of_the_monitored_metric(tmp_path):
    for name, loss in (("0", 0.5), ("1", 0.2), ("2", 0.2), ("3", "NaN"), ("4", "-Infinity")):
        metrics = {"best": {"validation/epoch_loss": loss}}
        write_run(tmp_path / name, created=10 + int(name), metrics=metrics)
    write_run(tmp_path / "5", metrics={"best": {"validation/epoch_loss": 0.0}}, state="failed")
    write_run(tmp_path / "6", metrics={}, monitor={})
    assert best_run(list_runs(tmp_path)).name == "1"  # of equals the first


def test_the_best_run_of_a_metric_to_maximise_has_the_largest_value(tmp_path):
    for name, accuracy in (("0", 0.5), ("1", 0.9), ("2", 0.7)):
        write_run(
            tmp_path / name,
            metrics={"best": {"validation/epoch_accuracy": accuracy}},
            monitor={"metric": "validation/epoch_accuracy", "mode": "max"},
        )
    assert best_run(list_runs(tmp_path)).name == "1"


def test_a_mixture_of_metrics_has_no_best_run(tmp_path):
    write_run(tmp_path / "0")
    monitor = {"metric": "f1", "mode": "max"}
    write_run(tmp_path / "1", metrics={"best": {"f1": 0.5}}, monitor=monitor)
    with pytest.raises(RunError, match=r"different metrics: f1 \(max\), validation/epoch_loss"):
        best_run(list_runs(tmp_path))
    with pytest.raises(RunError, match="no finished run"):
        best_run([])


def test_listing_loads_nothing_that_is_slow():
    heavy = {"torch", "numpy", "pydantic", "rich", "pandas", "subprocess", "asyncio", "tempfile"}
    script = "import sys, stride.runs.listing.query, stride.runs.listing.database;"
    script += f"print(sorted({heavy!r} & sys.modules.keys()))"
    assert subprocess.check_output([sys.executable, "-c", script], text=True).strip() == "[]"
