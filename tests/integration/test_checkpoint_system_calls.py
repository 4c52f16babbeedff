"""Law 2 inside of a checkpoint: SIGKILL at each system call by which it is written.

It is the second checkpoint of a run that keeps one, and better than the first, which is therefore
deleted by the same thread: every moment is there at which too much or too little could be on the
disk. The third and last one deletes the second alike.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stride.engine.checkpoint.checkpoint import (
    Checkpoint,
    newest_good,
    read_state,
)
from stride.runs.layout import TEMPORARY_PREFIX, RunPaths
from tests.integration.deaths import Deaths
from tests.integration.forkserver import Forkserver
from tests.integration.memory_folder import memory_folder

SECTIONS: dict[str, Any] = {
    "training_config": {"max_epochs": 3},
    "checkpoint_config": {"every_steps": None, "keep_last": 1, "keep_best": 1},
}


@pytest.fixture(scope="module")
def deaths(server: Forkserver) -> Iterator[Deaths]:
    with memory_folder() as folder:
        yield Deaths(server, folder, SECTIONS, checkpoint=2)


def check_what_is_left(run: RunPaths) -> None:
    """Assert that each checkpoint which can be seen is whole, those in the index among them."""
    names = run.checkpoint_names()
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
    files = run.checkpoint(run.checkpoint_names()[-1]).path.iterdir()
    assert {file.name for file in files} | {run.checkpoint_index.name} <= opened
    kinds = {name for name, _ in deaths.calls}
    assert kinds >= {"mkdir", "open", "write", "fsync", "rename", "replace", "unlink", "rmdir"}


def test_death_at_any_call_of_a_checkpoint_changes_no_bit(
    deaths: Deaths, request: pytest.FixtureRequest
) -> None:
    for number in range(1, len(deaths.calls) + 1):
        run = deaths.die(f"call {number}", call=number)
        check_what_is_left(run)
        deaths.resume(run)
    words = f"{len(deaths.calls)} deaths at each system call of a checkpoint, all bit-identical"
    request.node.user_properties.append(("faults", words))


def test_death_after_half_of_any_write_changes_no_bit(
    deaths: Deaths, request: pytest.FixtureRequest
) -> None:
    writes = sum(name == "write" for name, _ in deaths.calls)
    for number in range(1, writes + 1):
        run = deaths.die(f"torn {number}", call=number, torn=True)
        check_what_is_left(run)
        deaths.resume(run)
    words = f"{writes} deaths after half of a write, all bit-identical"
    request.node.user_properties.append(("faults", words))


@pytest.mark.fault("deaths at each call that ends the last checkpoint: made good")
def test_death_at_the_end_of_the_last_checkpoint_is_made_good(deaths: Deaths) -> None:
    """No later checkpoint is written, which would put the index right."""
    calls = [name for name, _ in deaths.calls_of("last", checkpoint=3)]
    assert "rmdir" in calls  # the one before it is deleted
    for number in range(calls.index("rename") + 1, len(calls) + 1):
        run = deaths.die(f"last {number}", checkpoint=3, call=number)
        check_what_is_left(run)
        deaths.resume(run)
