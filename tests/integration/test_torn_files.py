"""Law 4: a reader at any moment, and after any kill, sees a valid folder."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from stride.runs.files.jsonl import read_lines
from stride.runs.json_schemas import SCHEMAS
from stride.runs.layout import CheckpointPaths, RunPaths
from stride.runs.listing.rows.read import read_row
from stride.runs.provenance.start_state import NEVER_BEGAN
from stride.runs.status import current_state
from stride.runs.writer import RunWriter

WRITE = """
import itertools, json, sys, time
from stride.runs.writer import RunWriter
work_dir, seconds = sys.argv[1], float(sys.argv[2])
writer = RunWriter.start(work_dir, "x", config={"seed": 0}, provenance={}, patch=b"p" * 5000)
print("begun", flush=True)
end = time.monotonic() + seconds
for n in itertools.count():
    writer.status("running", "r" * (n * 37 % 9000))
    metric = "m" * (n * 91 % 999 + 1)
    rows = [{"step": 3 * n + i, "epoch": n, "time": 1.0, metric: n} for i in range(3)]
    writer.append(writer.paths.metrics, rows)
    print(3 * n + 2, flush=True)
    best = {"step": n, **{f"metric{i}": float(i) for i in range(n % 50)}}
    writer.commit("results.json", {"best": best})
    writer.commit("weights.safetensors", bytes([n % 256]) * (n * 7919 % 200_000 + 1))
    with writer.commit_folder(f"checkpoints/a_b_c_epoch_{n % 3}") as folder:
        record = {"format_version": 1, "step": n, "epoch": n, "position": 0, "time": 1.0,
                  "files": {}, "versions": {}}
        text = json.dumps(record)
        (folder / "checkpoint.json").write_text(text[:10])
        (folder / "checkpoint.json").write_text(text)
    if time.monotonic() > end:
        break
writer.close("done")
"""

SCHEMA = {
    path.name.removesuffix(".schema.json"): Draft202012Validator(json.loads(path.read_text()))
    for path in SCHEMAS.iterdir()
}


@pytest.fixture
def begin(popen: Any) -> Any:
    """Return a function that starts a writer of records."""

    def begin(work_dir: Path, seconds: float) -> "subprocess.Popen[str]":
        command = [sys.executable, "-c", WRITE, str(work_dir), str(seconds)]
        child: subprocess.Popen[str] = popen(command, stdout=subprocess.PIPE, text=True)
        assert child.stdout is not None and child.stdout.readline() == "begun\n"
        return child

    return begin


def check(paths: RunPaths) -> int:
    """Assert that every file that can be seen is whole; return how many files that were."""
    seen = 0
    for name, path in (
        ("status", paths.status),
        ("results", paths.results),
        ("provenance", paths.provenance),
        ("segment", paths.segment(0)),
        *(("checkpoint", CheckpointPaths(p).record) for p in _checkpoints(paths)),
    ):
        try:
            content = path.read_text()
        except FileNotFoundError:  # not yet written, or a checkpoint being replaced
            continue
        SCHEMA[name].validate(json.loads(content))
        seen += 1
    rows = read_lines(paths.metrics)
    assert [row["step"] for row in rows] == list(range(len(rows)))
    weights = paths.weights.read_bytes() if paths.weights.exists() else b"\0"
    assert weights and len(set(weights)) == 1
    return seen


def _checkpoints(paths: RunPaths) -> list[Path]:
    if not paths.checkpoints.exists():
        return []
    return [p for p in paths.checkpoints.iterdir() if not p.name.startswith(".")]


def test_a_reader_in_a_loop_sees_only_valid_files(begin: Any, tmp_path: Path) -> None:
    child = begin(tmp_path, 4.0)
    looks = 0
    while child.poll() is None:
        check(RunPaths(tmp_path / "x"))
        looks += 1
    child.communicate()
    assert child.returncode == 0
    assert looks > 20
    assert current_state(RunPaths(tmp_path / "x"))[0] == "done"


@pytest.mark.fault("12 kills of a writer of records: a valid folder that goes on")
def test_a_kill_at_any_moment_leaves_a_valid_folder_that_goes_on(
    begin: Any, tmp_path: Path
) -> None:
    chance = random.Random(0)
    for n in range(12):
        work_dir = tmp_path / str(n)
        child = begin(work_dir, 60.0)
        time.sleep(chance.uniform(0.0, 0.15))
        os.kill(child.pid, signal.SIGKILL)
        told = child.communicate()[0].split()
        paths = RunPaths(work_dir / "x")
        assert check(paths) >= 3
        state, reason = current_state(paths)
        assert state == "interrupted" and "ended without a word" in reason
        # What the writer was told to be written is there: SIGKILL loses no row.
        if told:
            assert len(read_lines(paths.metrics)) > int(told[-1])
        kept = len(read_lines(paths.metrics))
        writer = RunWriter.resume(paths.path)
        writer.append(writer.paths.metrics, [{"step": kept, "epoch": 0, "time": 1.0}])
        writer.close("done")
        check(paths)
        assert len(read_lines(paths.metrics)) == kept + 1
        assert not list(paths.path.rglob(".tmp-*"))


def test_a_process_killed_at_its_start_leaves_a_folder_with_a_state(
    popen: Any, tmp_path: Path
) -> None:
    chance = random.Random(1)
    for n in range(8):
        work_dir = tmp_path / str(n)
        command = [sys.executable, "-c", WRITE, str(work_dir), "60"]
        child = popen(command, stdout=subprocess.DEVNULL)
        while not (work_dir / "x").exists():
            time.sleep(0.0005)
        time.sleep(chance.uniform(0.0, 0.01))
        child.kill()
        child.wait()
        row = read_row(work_dir / "x")
        assert row.state in ("created", "interrupted") or row.reason == NEVER_BEGAN
        check(RunPaths(work_dir / "x"))
