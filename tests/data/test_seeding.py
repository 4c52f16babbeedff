"""Seeds are mixed alike everywhere; the global random state comes back as it was."""

import random

import numpy as np
import pytest
import torch

from stride.data.seeding import advanced_since, mix, read_globals, seed_globals, seeded


def test_mixed_seeds_are_pinned():
    # A change here changes the data stream of every existing run.
    assert mix(0) == 16294208416658607535
    assert mix(1, 2, 3) == 7702586659592502839
    assert mix(1, 2, 3) == mix(2, 3, start=mix(1)) != mix(2, 1, 3)
    assert 0 <= mix(-1, 2**70) < 2**64


def test_seeding_reaches_the_three_generators():
    with seeded(5):
        first = random.random(), np.random.rand(), torch.rand(()).item()
    with seeded(5):
        assert first == (random.random(), np.random.rand(), torch.rand(()).item())
    with seeded(6):
        other = random.random(), np.random.rand(), torch.rand(()).item()
    assert all(a != b for a, b in zip(first, other, strict=True))


def test_state_is_given_back_also_after_an_error():
    before = read_globals()
    with pytest.raises(KeyError), seeded(5):
        raise KeyError
    assert not advanced_since(before)


@pytest.mark.parametrize("draw", [random.random, np.random.rand, lambda: torch.rand(())])
def test_a_draw_from_any_generator_is_seen(draw):
    with seeded(1):
        before = read_globals()
        assert not advanced_since(before)
        draw()
        assert advanced_since(before)


def test_a_half_used_normal_pair_is_seen():
    with seeded(1):
        np.random.randn()
        before = read_globals()
        np.random.randn()  # takes the second number of the pair: only a flag changes
        assert advanced_since(before)


def test_accelerator_generators_are_left_alone(monkeypatch):
    given = []
    monkeypatch.setattr(torch.cuda, "manual_seed_all", given.append)
    with seeded(1):
        seed_globals(2)
    assert given == []
