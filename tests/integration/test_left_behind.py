"""A killed run in a bad state goes on all the same: what a dead process left is in nobody's way."""

import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from stride.runs.layout import TEMPORARY_PREFIX, CheckpointPaths, RunPaths, WorkDirPaths
from stride.runs.listing.query import list_runs
from stride.runs.process import Process
from stride.runs.status import current_state
from stride.runs.verify.run import verify_run
from tests.integration.forkserver import Forkserver
from tests.integration.memory_folder import memory_folder
from tests.integration.same_runs import problems_of

FUTURE = 86400.0


class Left:
    """A run that was killed in the middle of a checkpoint, and the same run as a whole."""

    def __init__(self, server: Forkserver, folder: Path) -> None:
        self.server, self.folder = server, folder
        self.log = folder / "log"
        whole, killed = folder / "whole", folder / "killed"
        assert server.call("train", str(whole), log=self.log) == 0
        dying = {"checkpoint": 6, "call": 25}
        assert server.call("train_dying", str(killed), dying, log=self.log) == -9
        self.whole, self.killed = whole / "0", killed

    def copy(self, name: str) -> RunPaths:
        """Return a copy of the killed run, in a work_dir of its own."""
        place = self.folder / name
        shutil.copytree(self.killed, place)
        return RunPaths(place / "0")

    def resume(self, run: Path) -> tuple[int, str]:
        """Resume on the command line; return the exit code and the last line."""
        code = self.server.call("command", "resume", str(run), log=self.log)
        return code, self.log.read_text().splitlines()[-1]

    def train(self, work_dir: Path) -> int:
        return self.server.call("train", str(work_dir), log=self.log)


@pytest.fixture(scope="module")
def left(server: Forkserver) -> Iterator[Left]:
    with memory_folder() as folder:
        yield Left(server, folder)


def newest(run: RunPaths) -> CheckpointPaths:
    return run.checkpoint(run.checkpoint_names()[-1])


def change(path: Path, **values: Any) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def halve(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def unfinished(run: RunPaths) -> None:
    for place in (run.path, run.checkpoints, run.segments, run.logs):
        (place / f"{TEMPORARY_PREFIX}0-status.json").write_text("{")
    shutil.copytree(
        newest(run).path, run.checkpoints / f"{TEMPORARY_PREFIX}1-{newest(run).path.name}"
    )


def locked(run: RunPaths) -> None:
    lock = WorkDirPaths(run.path.parent).lock
    lock.write_text("12345\nsome-host\n")
    os.utime(lock, (0, 0))


def beating(run: RunPaths) -> None:
    run.heartbeat(0).touch()


def beating_elsewhere(run: RunPaths) -> None:
    change(run.segment(0), host="another", boot_id="another")
    os.utime(run.heartbeat(0), (time.time() - 3600,) * 2)


def pid_used_again(run: RunPaths) -> None:
    change(run.segment(0), pid=os.getpid(), process_start="1")
    assert Process.this().process_start != "1"


def from_the_future(run: RunPaths) -> None:
    later = time.time() + FUTURE
    change(run.status, created=later, started=later + 1)
    change(run.segment(0), started=later)
    for name in run.checkpoint_names():
        change(run.checkpoint(name).record, time=later)
    for path in [run.path, *run.path.rglob("*")]:
        os.utime(path, (later, later))


def torn_lines(run: RunPaths) -> None:
    for stream in (run.metrics, run.fingerprints):
        with stream.open("a") as file:
            file.write('{"step": 99, "epo')
    with run.metrics_csv.open("a") as file:
        file.write("99,9,0.")


def without_index(run: RunPaths) -> None:
    run.checkpoint_index.unlink()


def garbage_index(run: RunPaths) -> None:
    run.checkpoint_index.write_bytes(b"\0" * 300)


def truncated_index(run: RunPaths) -> None:
    halve(run.checkpoint_index)


def truncated_record(run: RunPaths) -> None:
    halve(newest(run).record)


def truncated_state(run: RunPaths) -> None:
    halve(newest(run).state)


def flipped_bit(run: RunPaths) -> None:
    path = newest(run).part("model")
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def without_any_checkpoint(run: RunPaths) -> None:
    shutil.rmtree(run.checkpoints)


def empty_log(run: RunPaths) -> None:
    shutil.rmtree(run.logs)


BAD: list[Callable[[RunPaths], None]] = [
    unfinished,
    locked,
    beating,
    beating_elsewhere,
    pid_used_again,
    from_the_future,
    torn_lines,
    without_index,
    garbage_index,
    truncated_index,
    truncated_record,
    truncated_state,
    flipped_bit,
    without_any_checkpoint,
    empty_log,
]


@pytest.mark.fault("bad state that a dead process left: resumed, bit-identical")
@pytest.mark.parametrize("spoil", BAD, ids=lambda spoil: spoil.__name__)
def test_it_goes_on_exactly(left: Left, spoil: Callable[[RunPaths], None]) -> None:
    run = left.copy(spoil.__name__)
    spoil(run)
    assert current_state(run)[0] == "interrupted"
    code, line = left.resume(run.path)
    assert code == 0, line
    assert problems_of(run.path, left.whole) == []


def test_a_run_that_was_moved_goes_on_where_it_is(left: Left, tmp_path: Path) -> None:
    run = left.copy("moved")
    there = tmp_path / "elsewhere" / "renamed"
    there.parent.mkdir()
    shutil.move(run.path, there)
    assert left.resume(there)[0] == 0
    assert problems_of(there, left.whole) == []


def test_a_work_dir_may_be_a_symbolic_link(left: Left, tmp_path: Path) -> None:
    run = left.copy("linked")
    link = tmp_path / "link"
    link.symlink_to(run.path.parent)
    assert left.resume(link / "0")[0] == 0
    assert problems_of(run.path, left.whole) == []
    assert left.train(link) == 0
    assert problems_of(run.path.parent / "1", left.whole) == []


def test_a_truncated_status_is_told_and_is_in_no_other_run_s_way(left: Left) -> None:
    run = left.copy("truncated status")
    halve(run.status)
    code, line = left.resume(run.path)
    assert code == 2
    assert line.startswith("stride: error: status.json is not JSON") and str(run.status) in line
    assert [row.state for row in list_runs(run.path.parent)] == ["broken"]
    assert verify_run(run.path).problems[0].file == run.status.name
    assert left.train(run.path.parent) == 0
    assert problems_of(run.path.parent / "1", left.whole) == []


def test_a_run_that_another_host_writes_is_not_taken(left: Left) -> None:
    run = left.copy("elsewhere")
    change(run.segment(0), host="another", boot_id="another")
    run.heartbeat(0).touch()
    code, line = left.resume(run.path)
    assert code == 2 and "a process is writing this run" in line
    assert not run.segment(1).exists()


def test_a_process_that_lives_keeps_its_run(popen, left: Left) -> None:
    run = left.copy("living")
    change(run.segment(0), pid=popen(["sleep", "60"]).pid, process_start="")
    code, line = left.resume(run.path)
    assert code == 2 and "a process is writing this run" in line
