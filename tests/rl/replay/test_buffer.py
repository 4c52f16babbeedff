"""What a replay buffer gives back: transitions as they were, whatever ended them."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from stride.engine.checkpoint.checkpoint import read_state, write_state
from stride.engine.state import TrainState
from stride.errors import ComponentError, RunError
from stride.rl.replay.buffer import ReplayBuffer
from stride.rl.replay.priorities import Priorities
from stride.rl.spaces import Spaces
from tests.rl.replay.scripts import CPU, SPACES, Script, drawn, expected, observed

ENDS = ["", "", "", "terminated", "truncated", "both", "lost", "circle"]


@st.composite
def scripts(draw):
    number, length = draw(st.integers(1, 3)), draw(st.integers(1, 25))
    line = st.lists(st.sampled_from(ENDS), min_size=length, max_size=length)
    return Script([draw(line) for _ in range(number)], draw(st.booleans()))


def filled(steps, capacity=1000, **options):
    buffer = ReplayBuffer(capacity, len(steps[0].actions), SPACES, CPU, **options)
    for step in steps:
        buffer.add(step)
    return buffer


def require_as_expected(buffer, steps, n_step, gamma, capacity):
    whole = expected(steps, n_step, gamma)
    kept = range(max(0, len(whole) - capacity), len(whole))
    assert len(buffer) == len(kept)
    found = drawn(buffer)
    assert set(found) <= set(kept)
    for number, row in found.items():
        assert row.pop("weights") == 1.0
        assert row == whole[number]


@settings(max_examples=100, deadline=None)
@given(scripts(), st.integers(1, 4), st.integers(0, 20))
def test_transitions_are_those_of_brute_force_after_ends_of_all_kinds(script, n_step, more):
    steps, number = script.steps, len(script.ends)
    capacity = (n_step + 1) * number + more
    buffer = filled(steps, capacity, n_step=n_step, gamma=0.5)
    require_as_expected(buffer, steps, n_step, 0.5, capacity)


def test_every_transition_is_drawn_and_none_much_more_often():
    buffer = filled(Script([[""] * 50]).steps, 10)
    numbers = buffer.sample(10_000, torch.Generator().manual_seed(0))["indices"]
    counts = torch.bincount(numbers, minlength=50)
    assert counts[:40].sum() == 0
    assert counts[40:].min() > 850 and counts[40:].max() < 1150


def test_sums_of_three_steps_by_hand():
    """Rewards 1, 3, 5, 2, 4, 1 of one environment, which terminates with its fourth step."""
    steps = Script([["", "", "", "terminated", "", "truncated"]]).steps
    assert [step.outcome.rewards[0] for step in steps] == [1, 3, 5, 2, 4, 1]
    found = drawn(filled(steps, n_step=3, gamma=0.5))
    rewards = [found[number]["rewards"] for number in range(6)]
    assert rewards == [1 + 1.5 + 1.25, 3 + 2.5 + 0.5, 5 + 1, 2, 4 + 0.5, 1]
    assert [found[number]["discounts"] for number in range(6)] == [0.125, 0, 0, 0, 0.25, 0.5]
    led_to = [steps[t].outcome.next_observations[0].tolist() for t in (2, 3, 3, 3, 5, 5)]
    assert [found[number]["next_observations"] for number in range(6)] == led_to


@pytest.mark.parametrize("dtype", ["uint8", "float32", "float64", "int64", "bool", "float16"])
def test_observations_keep_type_and_bits(dtype):
    spaces = Spaces((2, 3), dtype, (2,), low=(-1.0, -1.0), high=(1.0, 1.0))
    steps = Script([["", "", ""]]).steps
    buffer = ReplayBuffer(10, 1, spaces, CPU)
    image = (np.arange(6).reshape(1, 2, 3) * 40.7 + 0.1).astype(dtype)
    action = torch.tensor([[0.25, -0.5]])
    for step in steps:
        outcome = type(step.outcome)(image, *list(vars(step.outcome).values())[1:])
        buffer.add(type(step)(image, action, outcome))
    batch = buffer.sample(4, torch.Generator().manual_seed(0))
    assert batch["observations"].numpy().dtype == dtype
    for name in ("observations", "next_observations"):
        assert (batch[name].numpy() == image).all()
    assert batch["actions"].tolist() == [[0.25, -0.5]] * 4


def test_what_an_environment_writes_over_later_stays_as_it_was():
    steps = Script([["", "truncated", ""]]).steps
    want = expected(steps, 1, 0.9)
    buffer = ReplayBuffer(10, 1, SPACES, CPU, gamma=0.9)
    shown, led_to = observed([0]), observed([0])
    for step in steps:
        shown[...], led_to[...] = step.observations, step.outcome.next_observations
        outcome = type(step.outcome)(led_to, *list(vars(step.outcome).values())[1:])
        buffer.add(type(step)(shown, step.actions, outcome))
        shown[...], led_to[...] = -1, -1
    found = drawn(buffer)
    assert [found[number]["next_observations"] for number in range(3)] == [
        row["next_observations"] for row in want
    ]


def test_observations_that_may_not_be_written_to_are_taken():
    step = Script([[""]]).steps[0]
    step.observations.flags.writeable = step.outcome.next_observations.flags.writeable = False
    buffer = ReplayBuffer(10, 1, SPACES, CPU)
    buffer.add(step)
    assert len(buffer) == 1


def test_an_empty_buffer_says_what_to_do():
    with pytest.raises(ComponentError, match=r"empty.*collect steps"):
        ReplayBuffer(10, 1, SPACES, CPU).sample(1, torch.Generator())


@settings(max_examples=30, deadline=None)
@given(scripts(), st.integers(1, 3), st.integers(0, 10), st.floats(0, 1))
def test_a_saved_buffer_goes_on_with_the_same_bits(script, n_step, more, part):
    steps, number = script.steps, len(script.ends)
    capacity = (n_step + 1) * number + more
    cut = max(1, int(part * len(steps)))
    whole = filled(steps, capacity, n_step=n_step)
    first = filled(steps[:cut], capacity, n_step=n_step)
    second = ReplayBuffer(capacity, number, SPACES, CPU, n_step=n_step)
    second.load_state_dict(first.state_dict())
    for step in steps[cut:]:
        second.add(step)
    assert drawn(second) == drawn(whole)


def test_a_buffer_of_another_kind_is_refused():
    state = filled(Script([["", ""]]).steps, 10).state_dict()
    with pytest.raises(RunError, match=r"capacity 10, not 12.*n_step 1, not 2"):
        ReplayBuffer(12, 1, SPACES, CPU, n_step=2).load_state_dict(state)


@pytest.mark.parametrize("length", [0, 4, 9])
def test_a_checkpoint_brings_it_back_from_the_disk(tmp_path, length):
    steps = Script([["", "truncated", ""] * 3] * 2).steps
    options = {"n_step": 2, "prioritized": Priorities()}
    first = ReplayBuffer(10, 2, SPACES, CPU, **options)
    for step in steps[:length]:
        first.add(step)
    write_state(tmp_path, TrainState(buffer=first))

    second = ReplayBuffer(10, 2, SPACES, CPU, **options)
    second.load_state_dict(read_state(tmp_path)["buffer"])
    for buffer in (first, second):
        buffer.add(steps[0])
    assert drawn(second) == drawn(first)


def test_only_what_was_filled_is_saved():
    state = filled(Script([["", "", "terminated"]]).steps, 1_000_000).state_dict()
    assert len(state["actions"]["rows"]) == 3
    assert len(state["observations"]["rows"]["rows"]) == 3
