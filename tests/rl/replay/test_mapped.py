"""Buffers in files: what a resumed training draws is what it would have drawn, or it is refused."""

import os
import signal
import subprocess
import sys

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from stride.engine.checkpoint.checkpoint import read_state
from stride.errors import RunError
from stride.rl.replay.buffer import ReplayBuffer
from tests.rl.replay.scripts import CPU, SPACES, Script, drawn

ENDS = (["", "", "truncated", "", "", "", "terminated"], ["", "terminated", "", "", "", "lost", ""])


def long_script(next_step=False):
    return Script([list(line) * 10 for line in ENDS], next_step)


def build(folder, capacity=20, **options):
    return ReplayBuffer(capacity, 2, SPACES, CPU, n_step=2, folder=folder, **options)


def filled(buffer, steps):
    for step in steps:
        buffer.add(step)
    return buffer


def copied(value):
    """Return a state as a checkpoint has it: as it was, whatever its buffer does later."""
    if isinstance(value, dict):
        return {key: copied(one) for key, one in value.items()}
    if isinstance(value, torch.Tensor):
        return value.clone()
    return value.copy() if isinstance(value, np.ndarray) else value


@settings(max_examples=10, deadline=None)
@given(st.integers(1, 60), st.integers(0, 9), st.booleans())
def test_what_came_after_a_checkpoint_changes_nothing_of_what_follows_it(
    tmp_path_factory, cut, later, next_step
):
    folder = tmp_path_factory.mktemp("buffer")
    steps = long_script(next_step).steps
    first = filled(build(folder), steps[:cut])
    state = copied(first.state_dict())
    filled(first, Script([["truncated"] * 10, [""] * 10]).steps[:later])  # no more than the rest
    resumed = build(folder)
    resumed.load_state_dict(state)
    held = filled(build(None), steps[:cut])
    assert drawn(resumed) == drawn(held)
    assert drawn(filled(resumed, steps[cut:])) == drawn(filled(held, steps[cut:]))


def test_a_checkpoint_is_refused_when_its_rows_were_written_over(tmp_path):
    steps = long_script().steps
    first = filled(build(tmp_path), steps[:30])
    state = copied(first.state_dict())
    filled(first, steps[30:41])
    with pytest.raises(RunError, match=r"other rows.*more steps came after it than the buffer"):
        build(tmp_path).load_state_dict(state)


def test_who_goes_on_too_far_from_a_checkpoint_is_warned_once(tmp_path, caplog):
    steps = long_script().steps
    buffer = filled(build(tmp_path), steps[:30])
    buffer.state_dict()
    filled(buffer, steps[30:40])
    assert caplog.messages == []
    filled(buffer, steps[40:50])
    assert [message[:45] for message in caplog.messages] == [
        "the replay buffer's files have gone on too fa"
    ]


def test_a_file_that_was_changed_is_refused(tmp_path):
    first = filled(build(tmp_path), long_script().steps[:5])
    state = copied(first.state_dict())
    with open(tmp_path / "observations.bin", "r+b") as file:
        file.seek(17)
        file.write(b"\x01")
    with pytest.raises(RunError, match=r"observations\.bin"):
        build(tmp_path).load_state_dict(state)


def test_files_of_another_buffer_are_refused(tmp_path):
    state = copied(filled(build(tmp_path / "a"), long_script().steps[:5]).state_dict())
    with pytest.raises(RunError, match="other rows"):
        build(tmp_path / "b").load_state_dict(state)


def test_the_state_holds_no_observation_and_the_disk_only_what_was_written(tmp_path):
    buffer = build(tmp_path, capacity=10_000_000)
    filled(buffer, long_script().steps[:5])
    assert buffer.state_dict()["observations"]["rows"].keys() == {"digests"}
    assert os.stat(tmp_path / "observations.bin").st_blocks * 512 < 2**20


def test_finals_for_which_there_is_no_room_are_kept_in_a_longer_file(tmp_path):
    steps = Script([["terminated"] * 60] * 2).steps
    buffer = filled(build(tmp_path, capacity=50), steps[:40])
    state = copied(buffer.state_dict())
    filled(buffer, steps[40:50])
    resumed = build(tmp_path, capacity=50)
    resumed.load_state_dict(state)
    assert drawn(resumed) == drawn(filled(build(None, capacity=50), steps[:40]))


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match=r"file/buffer"):
        build(tmp_path / "file" / "buffer")


PROGRAM = """
import os, sys
from pathlib import Path
from stride.engine.checkpoint.checkpoint import write_state
from stride.engine.state import TrainState
from tests.rl.replay.test_mapped import build, filled, long_script
folder, steps = Path(sys.argv[1]), long_script().steps
buffer = filled(build(folder / "buffer"), steps[:30])
write_state(folder / "checkpoint", TrainState(buffer=buffer))
filled(buffer, steps[30:37])
os.kill(os.getpid(), 9)
"""


@pytest.mark.slow
def test_a_process_that_is_killed_leaves_what_its_checkpoint_needs(tmp_path):
    (tmp_path / "checkpoint").mkdir()
    command = [sys.executable, "-c", PROGRAM, str(tmp_path)]
    assert subprocess.run(command).returncode == -signal.SIGKILL
    resumed = build(tmp_path / "buffer")
    resumed.load_state_dict(read_state(tmp_path / "checkpoint")["buffer"])
    held = filled(build(None), long_script().steps[:30])
    assert drawn(resumed) == drawn(held)
