import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from stride.errors import RunError
from stride.runs.files.atomic import atomic_json
from stride.runs.layout import RunPaths
from stride.runs.process import Process
from stride.runs.status import (
    STALE_AFTER,
    STATES,
    current_state,
    derive,
    is_written,
    newest_segment,
)

HERE = Process.this().to_json()
ELSEWHERE = HERE | {"host": "node17", "boot_id": "other", "pid": 1}
NOW = 1_763_690_000.0


def ended_process() -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"], stdout=subprocess.PIPE, check=True
    )
    return HERE | {"pid": int(done.stdout)}


def running(**more: Any) -> dict[str, Any]:
    return {"format_version": 1, "state": "running", "segment": 0, **more}


@pytest.mark.parametrize("state", sorted(set(STATES) - {"created", "running"}))
def test_a_state_without_a_process_is_taken_at_its_word(state: str) -> None:
    status = {"state": state, "reason": "so"}
    assert derive(status, ended_process(), None, NOW) == (state, "so")


@pytest.mark.parametrize("state", ["created", "running"])
def test_a_living_process_here_runs_whatever_its_heartbeat(state: str) -> None:
    assert derive({"state": state}, HERE, NOW - 10_000, NOW) == (state, "")


@pytest.mark.parametrize("state", ["created", "running"])
def test_a_dead_process_here_is_interrupted_whatever_its_heartbeat(state: str) -> None:
    dead = ended_process()
    state, reason = derive({"state": state}, dead, NOW, NOW)
    assert state == "interrupted"
    assert reason == f"process {dead['pid']} on {HERE['host']} has ended without a word"


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
def test_a_later_process_with_the_same_pid_does_not_count() -> None:
    reused = HERE | {"process_start": "1"}
    assert derive({"state": "running"}, reused, NOW, NOW)[0] == "interrupted"


@pytest.mark.parametrize("silent", [0.0, STALE_AFTER - 1])
def test_another_host_with_a_heartbeat_runs(silent: float) -> None:
    assert derive({"state": "running"}, ELSEWHERE, NOW - silent, NOW) == ("running", "")


def test_another_host_without_a_heartbeat_is_interrupted() -> None:
    state, reason = derive({"state": "running"}, ELSEWHERE, NOW - 90, NOW)
    assert (state, reason) == ("interrupted", "no heartbeat from node17 for 90 s")


def test_a_heartbeat_from_the_future_counts_no_longer_than_one_from_the_past() -> None:
    running = {"state": "running"}
    ahead = NOW + STALE_AFTER
    assert derive(running, ELSEWHERE, ahead - 1, NOW) == ("running", "")
    state, reason = derive(running, ELSEWHERE, NOW + 90, NOW)
    assert state == "interrupted"
    assert reason == "the heartbeat from node17 is 90 s in the future: a clock is wrong"
    assert derive(running, ELSEWHERE | {"started": NOW + 90}, None, NOW)[0] == "interrupted"
    assert derive(running, HERE, NOW + 90, NOW) == ("running", "")  # here it is known to live


@pytest.mark.parametrize("key", ["boot_id", "pid_namespace", "host"])
def test_a_pid_of_another_table_of_processes_is_not_looked_up_here(key: str) -> None:
    """A container with this host's name, or the host before its last start."""
    other = ended_process() | {key: "other"}
    assert derive({"state": "running"}, other, NOW - 1, NOW)[0] == "running"
    assert derive({"state": "running"}, HERE | {key: "other"}, NOW - 90, NOW)[0] == "interrupted"


def test_before_the_first_heartbeat_the_start_counts() -> None:
    assert derive({"state": "running"}, ELSEWHERE | {"started": NOW - 5}, None, NOW)[0] == "running"
    old = ELSEWHERE | {"started": NOW - 90}
    assert derive({"state": "running"}, old, None, NOW)[0] == "interrupted"


def test_before_the_first_segment_the_creation_counts() -> None:
    status = {"state": "created", "created": NOW - 5, "host": "node17"}
    assert derive(status, None, None, NOW) == ("created", "")
    assert derive(status | {"created": NOW - 90}, None, None, NOW)[0] == "interrupted"


@pytest.mark.parametrize("status", [{}, {"state": None}, {"state": "dancing"}, {"state": []}])
def test_an_unknown_state_is_an_error(status: dict[str, Any]) -> None:
    with pytest.raises(RunError, match=r"status.json names an unknown state"):
        derive(status, None, None, NOW)


@pytest.mark.parametrize("pid", [None, "1", 1.5, {}])
def test_a_garbled_segment_counts_as_ended(pid: Any) -> None:
    assert derive({"state": "running"}, HERE | {"pid": pid}, NOW, NOW)[0] == "interrupted"


@pytest.fixture
def run(tmp_path: Path) -> RunPaths:
    paths = RunPaths(tmp_path / "3")
    paths.segments.mkdir(parents=True)
    return paths


def test_the_newest_segment_is_the_largest_number(run: RunPaths) -> None:
    assert newest_segment(run) is None
    for n in (2, 10, 9):
        run.segment(n).touch()
    run.heartbeat(11).touch()
    (run.segments / ".tmp-0a-12.json").touch()
    assert newest_segment(run) == 10
    assert newest_segment(RunPaths(run.path / "missing")) is None


def test_a_folder_tells_its_state(run: RunPaths) -> None:
    atomic_json(run.status, running())
    atomic_json(run.segment(0), {"format_version": 1, **HERE})
    assert current_state(run) == ("running", "")
    assert is_written(run)
    atomic_json(run.segment(1), {"format_version": 1, **ended_process()})
    assert current_state(run)[0] == "interrupted"
    assert not is_written(run)


def test_a_heartbeat_is_a_file_s_time(run: RunPaths) -> None:
    atomic_json(run.status, running())
    atomic_json(run.segment(0), {"format_version": 1, **ELSEWHERE})
    run.heartbeat(0).touch()
    assert current_state(run)[0] == "running"
    os.utime(run.heartbeat(0), (time.time() - 90,) * 2)
    assert current_state(run)[0] == "interrupted"


def test_a_young_folder_without_a_status_is_being_made(run: RunPaths) -> None:
    assert current_state(run) == ("created", "")
    assert is_written(run)
    with pytest.raises(RunError, match=r"no status.json here"):
        current_state(run, time.time() + 90)
    run.status.write_text("{")
    with pytest.raises(RunError, match="is not JSON"):
        current_state(run)
    assert not is_written(run)


def test_a_segment_that_has_said_nothing_yet_is_a_writer(run: RunPaths) -> None:
    atomic_json(run.status, {"format_version": 1, "state": "failed", "segment": 0})
    atomic_json(run.segment(0), {"format_version": 1, **HERE})
    assert not is_written(run)
    atomic_json(run.segment(1), {"format_version": 1, **HERE})
    assert is_written(run)
