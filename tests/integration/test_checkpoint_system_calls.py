"""Law 2 inside of a checkpoint: SIGKILL at each system call by which it is written.

It is the second checkpoint of a run that keeps one, so that the first is deleted by the same
thread: every moment is there at which too much or too little could be on the disk.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stride.engine.checkpoint import Checkpoint, checkpoint_names, newest_good, read_state
from stride.runs.layout import TEMPORARY_PREFIX, RunPaths
from tests.integration.forkserver import Forkserver
from tests.integration.memory_folder import memory_folder
from tests.integration.same_runs import problems_of

SECOND: dict[str, Any] = {"checkpoint": 2}
SECTIONS: dict[str, Any] = {
    "training_config": {"max_epochs": 3},
    "checkpoint_config": {"every_steps": None, "keep_last": 1, "keep_best": 1},
}


class Deaths:
    """Train, die at a call of the second checkpoint's, and resume."""

    def __init__(self, server: Forkserver, folder: Path) -> None:
        self.server, self.folder, self.whole = server, folder, folder / "whole" / "0"
        calls = folder / "calls.json"
        assert self.train("whole", calls=str(calls)) == 0, self.log()
        self.calls: list[list[str]] = json.loads(calls.read_text())

    def log(self) -> str:
        return (self.folder / "log").read_text()

    def train(self, name: str, **deadly: Any) -> int:
        log = self.folder / "log"
        place = str(self.folder / name)
        return self.server.call("train_dying", place, SECOND | deadly, log=log, **SECTIONS)

    def die(self, name: str, **deadly: Any) -> RunPaths:
        """Die there; return the run after a look at what is left."""
        assert self.train(name, **deadly) == -9, self.log()
        run = RunPaths(self.folder / name / "0")
        check_what_is_left(run)
        return run

    def resume(self, run: RunPaths) -> None:
        """Go on to the end, and compare with the run that was never stopped."""
        work_dir, log = str(run.path.parent), self.folder / "log"
        assert self.server.call("train", work_dir, "0", log=log, **SECTIONS) == 0, self.log()
        assert problems_of(run.path, self.whole) == []


@pytest.fixture(scope="module")
def deaths() -> Iterator[Deaths]:
    with memory_folder() as folder, Forkserver() as server:
        yield Deaths(server, folder)


def check_what_is_left(run: RunPaths) -> None:
    """Assert that each checkpoint which can be seen is whole, those in the index among them."""
    names = checkpoint_names(run)
    assert names
    for name in names:
        read_state(run.checkpoint(name).path)
    index = json.loads(run.checkpoint_index.read_text())
    assert {index["best"], index["last"]} <= set(names)
    found = newest_good(run)
    assert isinstance(found, Checkpoint) and found.name == names[-1]


def test_no_write_of_a_checkpoint_goes_unseen(deaths: Deaths) -> None:
    opened = {Path(path).name for name, path in deaths.calls if name == "open"}
    opened |= {name.split("-", 2)[-1] for name in opened if name.startswith(TEMPORARY_PREFIX)}
    run = RunPaths(deaths.whole)
    files = run.checkpoint(checkpoint_names(run)[-1]).path.iterdir()
    assert {file.name for file in files} | {run.checkpoint_index.name} <= opened
    kinds = {name for name, _ in deaths.calls}
    assert kinds >= {"mkdir", "open", "write", "fsync", "rename", "replace", "unlink", "rmdir"}


def test_death_at_any_call_of_a_checkpoint_changes_no_bit(
    deaths: Deaths, request: pytest.FixtureRequest
) -> None:
    for number in range(1, len(deaths.calls) + 1):
        deaths.resume(deaths.die(f"call {number}", call=number))
    words = f"{len(deaths.calls)} deaths at each system call of a checkpoint, all bit-identical"
    request.node.user_properties.append(("faults", words))


def test_death_after_half_of_any_write_changes_no_bit(
    deaths: Deaths, request: pytest.FixtureRequest
) -> None:
    writes = sum(name == "write" for name, _ in deaths.calls)
    for number in range(1, writes + 1):
        deaths.resume(deaths.die(f"torn {number}", call=number, torn=True))
    words = f"{writes} deaths after half of a write, all bit-identical"
    request.node.user_properties.append(("faults", words))
