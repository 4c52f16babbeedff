"""Random state: seeded, read, set, left alone."""

import random

import numpy as np
import pytest
import torch

from stride.engine.random import (
    OWN,
    Draws,
    RandomState,
    determinism,
    evaluation_stream,
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


@pytest.mark.parametrize("ahead", [0, 1])
def test_an_evaluation_draws_by_its_place_and_the_steps_go_on(ahead):
    def drawn(*place, seed=3):
        with evaluation_stream(OWN, seed)(*place):
            return draw(), np.random.standard_normal()

    seed_everything(0)
    np.random.standard_normal(ahead)  # of an odd count NumPy holds one more
    before = RandomState().state_dict()
    found = drawn("validation", 7)
    expected = draw(), np.random.standard_normal()
    RandomState().load_state_dict(before)
    assert (draw(), np.random.standard_normal()) == expected
    assert drawn("validation", 7) == found
    others = [drawn("test", 7), drawn("validation", 8), drawn("validation", 7, seed=4)]
    assert len({found, expected, *others}) == 5


def test_an_evaluation_that_fails_gives_the_generators_back():
    seed_everything(0)
    before = RandomState().state_dict()
    with pytest.raises(ValueError, match="broken"), evaluation_stream(OWN, 0)("test", 1):
        draw()
        raise ValueError("broken")
    expected = draw()
    RandomState().load_state_dict(before)
    assert draw() == expected


def test_evaluations_of_older_runs_draw_what_the_steps_would():
    seed_everything(0)
    expected = draw()
    seed_everything(0)
    with evaluation_stream("", 0)("validation", 7):
        assert draw() == expected


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


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_what_an_evaluation_draws_on_a_device_is_its_own_and_is_seen():
    seed_everything(0)
    torch.rand(1, device="cuda")
    before, draws = RandomState().state_dict(), Draws()
    found = []
    for _ in range(2):
        with evaluation_stream(OWN, 0)("test", 1):
            found.append(torch.rand(3, device="cuda").tolist())
    assert found[0] == found[1] and not draws.seen()
    expected = torch.rand(3, device="cuda").tolist()
    assert draws.seen() and expected != found[0]
    RandomState().load_state_dict(before)
    assert torch.rand(3, device="cuda").tolist() == expected


def test_a_look_tells_whether_anything_was_drawn():
    for generator in (random.random, np.random.rand, lambda: torch.rand(1)):
        draws = Draws()
        assert not draws.seen()
        generator()
        assert draws.seen()


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
