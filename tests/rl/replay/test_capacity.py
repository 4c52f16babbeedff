"""How much a buffer holds: steps, or bytes that it does not exceed."""

import pytest
import torch

from stride.errors import ComponentError
from stride.rl.replay.buffer import ReplayBuffer
from stride.rl.replay.capacity import read_capacity
from stride.rl.replay.priorities import Priorities
from stride.rl.spaces import Spaces
from tests.rl.replay.scripts import CPU, SPACES, Script, drawn, expected

IMAGES = Spaces((4, 84, 84), "uint8", (), num_actions=4)


def test_a_number_is_steps_whatever_divides_it():
    assert read_capacity(101, 4, SPACES, 1, False, 1).transitions == 101


@pytest.mark.parametrize(
    ("text", "size"), [("2GB", 2e9), ("1.5GiB", 1.5 * 2**30), ("900 MB", 9e8), ("300000kB", 3e8)]
)
def test_bytes_hold_as_many_steps_as_fit(text, size):
    found = read_capacity(text, 8, IMAGES, 1, False, 1).transitions
    assert size / (17 / 16 * 28_224 + 20) * 0.98 < found < size / (17 / 16 * 28_224 + 20)


@pytest.mark.parametrize("prioritized", [None, Priorities()])
def test_a_buffer_of_bytes_has_no_more_of_them(prioritized):
    buffer = ReplayBuffer("1MB", 2, SPACES, CPU, prioritized=prioritized)
    held = sum(t.nbytes for t in tensors(buffer))
    assert 0.95e6 < held <= 1e6


def tensors(value, depth=9):
    """Yield the tensors that an object holds."""
    if isinstance(value, torch.Tensor):
        yield value
    elif depth and isinstance(value, list | dict):
        for one in value.values() if isinstance(value, dict) else value:
            yield from tensors(one, depth - 1)
    elif depth and hasattr(value, "__dict__"):
        yield from tensors(vars(value), depth - 1)


def test_where_episodes_are_short_a_buffer_of_bytes_forgets_sooner_and_gives_what_is_true():
    steps = Script([["terminated"] * 40] * 2).steps
    buffer = ReplayBuffer("2kB", 2, SPACES, CPU, gamma=0.5)
    before = sum(t.nbytes for t in tensors(buffer))
    for step in steps:
        buffer.add(step)
    whole = expected(steps, 1, 0.5)
    found = drawn(buffer)
    assert 0 < len(buffer) < 20
    assert set(found) == set(range(80 - len(buffer), 80))
    assert all({**whole[number], "weights": 1.0} == row for number, row in found.items())
    assert sum(t.nbytes for t in tensors(buffer)) == before <= 2000


def test_where_episodes_are_short_a_buffer_of_steps_has_all_of_them():
    steps = Script([["terminated"] * 200] * 2).steps
    buffer = ReplayBuffer(300, 2, SPACES, CPU, gamma=0.5)
    for step in steps:
        buffer.add(step)
    whole = expected(steps, 1, 0.5)
    assert len(buffer) == 300
    for number, row in drawn(buffer).items():
        assert row == {**whole[number], "weights": 1.0}


@pytest.mark.parametrize("wrong", ["2", "lots", "GB", "-1GB", "1e9B", "2gb"])
def test_other_texts_are_refused(wrong):
    with pytest.raises(ComponentError, match=r"not a size.*2GB"):
        read_capacity(wrong, 1, SPACES, 1, False, 1)


@pytest.mark.parametrize("little", [0, -5, 15, "100B"])
def test_less_than_each_environment_needs_is_refused(little):
    with pytest.raises(ComponentError, match="at least 16 steps"):
        read_capacity(little, 4, SPACES, 3, False, 1)


def test_more_than_rows_can_be_counted_is_refused():
    with pytest.raises(ComponentError, match=r"too much.*at most 536,870,912"):
        read_capacity("1TB", 1, Spaces((), "uint8", (), num_actions=2), 1, False, 2)
