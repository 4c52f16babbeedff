"""Random state: seeded, read, set, left alone."""

import random

import numpy as np
import pytest
import torch

from stride.engine.random import (
    RandomState,
    determinism,
    rank_seed,
    seed_everything,
    untouched,
)


def draw():
    return random.random(), float(np.random.rand()), float(torch.rand(()))


def test_a_seed_gives_the_same_numbers_everywhere():
    seed_everything(2**40)
    first = draw()
    seed_everything(2**40)
    assert draw() == first
    seed_everything(1)
    assert draw() != first


def test_a_state_read_and_set_goes_on_where_it_was():
    seed_everything(0)
    draw()
    state = RandomState().state_dict()
    expected = draw()
    RandomState().load_state_dict(state)
    assert draw() == expected


def test_the_half_of_a_pair_that_numpy_holds_comes_back():
    seed_everything(0)
    np.random.standard_normal()
    state, expected = RandomState().state_dict(), np.random.standard_normal()
    RandomState().load_state_dict(state)
    assert np.random.standard_normal() == expected


def test_ranks_draw_by_themselves_and_one_that_is_new_does_too(monkeypatch):
    assert rank_seed(7) == 7
    states = []
    for number in range(2):
        monkeypatch.setenv("RANK", str(number))
        seed_everything(rank_seed(7))
        states.append(RandomState().state_dict())
    drawn = []
    for number in range(4):
        monkeypatch.setenv("RANK", str(number))
        RandomState().load_others(states)
        drawn.append(draw())
    for number in range(2):
        RandomState().load_state_dict(states[number])
        assert drawn[number] == draw()
    for values in zip(*drawn, strict=True):
        assert len(set(values)) == 4


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_states_of_devices_that_are_gone_are_passed_over():
    torch.cuda.manual_seed_all(3)
    state = RandomState().state_dict()
    expected = torch.rand(3, device="cuda").tolist()
    RandomState().load_state_dict({**state, "cuda": [*state["cuda"], *state["cuda"]]})
    assert torch.rand(3, device="cuda").tolist() == expected


def test_a_block_leaves_no_trace():
    seed_everything(0)
    expected = draw()
    seed_everything(0)
    with untouched():
        draw()
    assert draw() == expected


def test_determinism_ends_with_its_block():
    with determinism(True):
        assert torch.are_deterministic_algorithms_enabled()
    assert not torch.are_deterministic_algorithms_enabled()


def test_determinism_gives_back_the_mode_that_only_warns():
    torch.use_deterministic_algorithms(True, warn_only=True)
    try:
        with determinism(True):
            assert not torch.is_deterministic_algorithms_warn_only_enabled()
        assert torch.is_deterministic_algorithms_warn_only_enabled()
    finally:
        torch.use_deterministic_algorithms(False)
