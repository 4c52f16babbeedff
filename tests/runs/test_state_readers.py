"""Every reader of a run finds the same state, whatever its folder says and whoever writes it."""

import json
import os
import subprocess
import sys
import time
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from stride.errors import RunError
from stride.runs.layout import RunPaths
from stride.runs.listing.query import list_runs
from stride.runs.listing.rows.read import read_row
from stride.runs.process import Process
from stride.runs.run import Run
from stride.runs.status import ACTIVE, STATES, current_state, is_written
from stride.runs.verify.run import _look
from stride.runs.work_dir import WorkDir
from stride_cli.under_way import goes_on

WORDS = (*STATES, "flying", "torn", "missing")
PROCESSES = ("alive", "dead", "elsewhere")
HEARTBEATS = {"fresh": 1.0, "stale": 90.0, "future": -90.0, "absent": None}
SEGMENTS = ("the status'", "newer", "none")
BROKEN = "broken"


@pytest.fixture(scope="module")
def dead() -> int:
    """Return the pid of a process that has ended."""
    done = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"], stdout=subprocess.PIPE, check=True
    )
    return int(done.stdout)


def make(path: Path, word: str, process: str, heartbeat: str, segment: str, dead: int) -> RunPaths:
    """Make a folder: what status.json says, who wrote the newest segment, and its heartbeat."""
    paths, now = RunPaths(path), time.time()
    paths.segments.mkdir(parents=True)
    common = {"format_version": 1, "overrides": [], "metrics": {}}
    who: dict[str, Any] = Process.this().to_json()
    status = {"state": word, "reason": "", "uuid": "0" * 32, "created": now - 500, **common}
    status |= {"segment": 0, "host": who["host"], "pid": dead}
    if word != "missing":
        paths.status.write_text("{" if word == "torn" else json.dumps(status))
    who |= {"dead": {"pid": dead}, "elsewhere": {"host": "node17"}}.get(process, {})
    n = 1 if segment == "newer" else 0
    if segment != "none":
        record = {"format_version": 1, "n": n, "token": "0" * 16, "started": now - 400, **who}
        paths.segment(n).write_text(json.dumps(record))
    if (silent := HEARTBEATS[heartbeat]) is not None:
        paths.heartbeat(n).touch()
        os.utime(paths.heartbeat(n), (now - silent,) * 2)
    os.utime(paths.path, (now - 300,) * 2)
    return paths


def expected(word: str, process: str, heartbeat: str, segment: str) -> tuple[str, bool]:
    """Return the state, and whether a process writes the run, as the rule has it."""
    seen = heartbeat == "fresh" if process == "elsewhere" else process == "alive"
    lives = seen and segment != "none"
    if word in ("created", "running"):
        return (word if lives else "interrupted"), lives
    if word == "missing":
        return ("created" if lives else BROKEN), lives
    if word in ("flying", "torn"):
        return BROKEN, lives
    begins = lives and segment == "newer"  # a segment that has recorded nothing yet
    return ("created" if begins else word), begins


def found(paths: RunPaths) -> dict[str, str]:
    """Return the state by each reader that tells one."""
    try:
        state = current_state(paths)[0]
    except RunError:
        state = BROKEN
    listed = list_runs(paths.path.parent)[0].state
    return {
        "read_row": read_row(paths.path).state,
        "list_runs": listed,
        "Run.state": Run(paths.path).state,
        "current_state": state,
    }


def writers(paths: RunPaths) -> dict[str, bool]:
    """Return whether the run is written, by each reader that asks for that."""
    try:
        WorkDir(paths.path.parent).check_name(paths.name, force=True)
        replaceable = True
    except RunError as error:
        replaceable = "is running" not in error.what
    return {
        "is_written": is_written(paths),
        "--force": not replaceable,
        "verify": _look(paths)[1],
    }


@pytest.mark.parametrize("word", WORDS)
def test_every_reader_finds_the_same_state(tmp_path: Path, word: str, dead: int) -> None:
    wrong = {}
    for number, case in enumerate(product(PROCESSES, HEARTBEATS, SEGMENTS)):
        paths = make(tmp_path / f"{number}w" / "3", word, *case, dead=dead)
        state, written = expected(word, *case)
        answers = {k: v for k, v in found(paths).items() if v != state}
        answers |= {k: v for k, v in writers(paths).items() if v != written}
        followed = state in ACTIVE or state == "queued"
        if state != BROKEN and goes_on(paths.path) is not followed:
            answers["logs --follow"] = "is not followed" if followed else "is followed"
        if answers:
            wrong[case] = (state, written), answers
    assert not wrong


@pytest.mark.parametrize(("age", "state"), [(5, "created"), (90, BROKEN), (-90, BROKEN)])
def test_a_folder_without_status_and_segment_is_being_made_while_young(
    tmp_path: Path, age: float, state: str
) -> None:
    paths = RunPaths(tmp_path / "w" / "3")
    paths.path.mkdir(parents=True)
    os.utime(paths.path, (time.time() - age,) * 2)
    assert set(found(paths).values()) == {state}
    assert set(writers(paths).values()) == {state == "created"}
