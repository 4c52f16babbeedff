"""A long permutation is calculated where it is read: every number once, in no more memory."""

from itertools import chain, islice

import numpy as np
import pytest
import torch

from stride.data.batches import permutation as module
from stride.data.batches.permutation import WINDOW, KeyedPermutation, method, permutation
from stride.data.batches.sampler import Order
from stride.data.seeding import generator
from stride.data.split import split_indices, subsample_indices
from stride.distributed import Shard

BILLION = 1_000_000_000


def keyed(length, *key):
    return KeyedPermutation(length, generator(*key))


def test_every_number_comes_once_whatever_the_length():
    for length in [*range(120), 1000, 65_537, 200_003]:
        found = keyed(length, 1)[:]
        assert len(found) == len(keyed(length, 1)) == length
        assert torch.equal(found.sort().values, torch.arange(length))


def test_the_permutation_of_a_key_is_pinned():
    # A change here changes the data stream of every run of many samples.
    assert keyed(12, 0)[:].tolist() == [9, 3, 6, 11, 4, 1, 10, 5, 0, 7, 2, 8]
    assert keyed(BILLION, 0)[BILLION - 3 :].tolist() == [481351751, 969342951, 723859186]


def test_a_slice_is_the_same_however_it_is_read():
    whole, read = keyed(3 * WINDOW, 2)[:], keyed(3 * WINDOW, 2)
    for start, stop in [(0, 5), (5, 9), (WINDOW - 2, WINDOW + 2), (1, 2), (7, 7), (9, 3 * WINDOW)]:
        assert torch.equal(read[start:stop], whole[start:stop])
    assert len(read[3 * WINDOW :]) == len(read[9:3]) == 0


def test_keys_differ_and_places_say_nothing_of_numbers():
    one, other = (keyed(200_000, key)[:].double() for key in (1, 2))
    place = torch.arange(200_000).double()
    for left, right in [(one, other), (one, place), (one[1:], one[:-1])]:
        assert abs(torch.corrcoef(torch.stack([left, right]))[0, 1]) < 0.02
    steps = (one[1:] - one[:-1]).unique()
    assert len(steps) > 100_000


def test_short_ones_are_listed_as_they_ever_were(monkeypatch):
    expected = torch.randperm(50, generator=generator(3))
    assert torch.equal(permutation(50, generator(3)), expected) and method(10_000_000) == "randperm"
    monkeypatch.setattr(module, "LISTED", 49)
    assert isinstance(permutation(50, generator(3)), KeyedPermutation) and method(50) == "feistel"


def windows(orders, position, count):
    """Return what the ranks draw together from a position on, in so many batches."""
    keys = [islice(order.batches(3, position), count) for order in orders]
    return [[*chain(*(key.indices for key in together))] for together in zip(*keys, strict=True)]


def test_a_billion_samples_on_two_ranks_are_resumed_in_the_middle():
    ranks = [Order(BILLION, 64, seed=1, shuffle=True, shard=Shard(r, 2)) for r in range(2)]
    alone = Order(BILLION, 128, seed=1, shuffle=True)
    middle = BILLION // 256 * 128
    before = windows(ranks, middle - 128 * 500, 1000)
    assert before == windows([alone], middle - 128 * 500, 1000)
    assert before[500:] == windows(ranks, middle, 500)
    drawn = torch.tensor([*chain(*before)])
    assert len(drawn.unique()) == len(drawn) == 128_000
    assert drawn.min() >= 0 and BILLION * 0.99 < drawn.max() < BILLION
    assert sum(len(batch) for batch in windows(ranks, BILLION - 100, 9)) == 100


@pytest.mark.slow
def test_a_billion_samples_come_once_each():
    seen = np.zeros(BILLION, dtype=np.bool_)
    order = Order(BILLION, 64, seed=1, shuffle=True).permutation(0)
    for start in range(0, BILLION, WINDOW):
        seen[order[start : start + WINDOW].numpy()] = True
    assert seen.all()


def test_many_samples_are_divided_by_it(monkeypatch):
    monkeypatch.setattr(module, "LISTED", 100)
    parts = split_indices(1000, 0.2, 0.1, 7)
    assert [len(part) for part in parts.values()] == [700, 200, 100]
    assert torch.equal(torch.cat(list(parts.values())).sort().values, torch.arange(1000))
    assert all(torch.equal(part, part.sort().values) for part in parts.values())
    expected = KeyedPermutation(1000, generator(7, 1))[700:900].sort().values
    assert torch.equal(parts["val"], expected)
    small, large = (subsample_indices(1000, rate, 4).tolist() for rate in (0.1, 0.5))
    assert len(small) == 100 and {*small} < {*large}
