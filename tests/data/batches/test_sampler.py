"""The order of samples depends on (seed, epoch) alone."""

import random
from itertools import chain

import numpy as np
import pytest
import torch
from torch.utils.data import DistributedSampler

from stride.data.batches.sampler import ORDER, BatchSamplerOrder, Order, SamplerOrder
from stride.data.generators import find_generators
from stride.data.seeding import advanced_since, generator, read_globals
from stride.distributed import Shard
from stride.engine.checkpoint.fidelity import same
from stride.errors import DataError


def keys(order, epoch, position=0):
    return [key.indices for key in order.batches(epoch, position)]


def all_indices(order, epoch, position):
    found = order.shard_indices(order.permutation(epoch), position, order.num_samples)
    return found.tolist()


def test_an_epoch_holds_every_sample_once():
    order = Order(23, 5, seed=1, shuffle=True)
    batches = keys(order, 0)
    assert [len(batch) for batch in batches] == [5, 5, 5, 5, 3]
    assert sorted(chain(*batches)) == list(range(23))
    assert len(order) == 5


def test_epochs_and_seeds_differ_and_repeat():
    order = Order(50, 10, seed=1, shuffle=True)
    assert keys(order, 0) == keys(Order(50, 10, seed=1, shuffle=True), 0)
    assert keys(order, 0) != keys(order, 1)
    assert keys(order, 0) != keys(Order(50, 10, seed=2, shuffle=True), 0)


def test_the_order_does_not_depend_on_the_batch_size():
    flat = [list(chain(*keys(Order(50, size, seed=1, shuffle=True), 3))) for size in (1, 7, 50)]
    assert flat[0] == flat[1] == flat[2]


def test_the_order_of_a_seed_is_pinned():
    # A change here changes the data stream of every existing run.
    assert keys(Order(8, 8, seed=0, shuffle=True), 1) == [[0, 2, 6, 5, 1, 7, 4, 3]]


@pytest.mark.parametrize("position", [0, 5, 10, 20, 23, 40])
def test_an_epoch_can_begin_at_any_batch(position):
    order = Order(23, 5, seed=1, shuffle=True)
    assert keys(order, 2, position) == keys(order, 2)[-(-position // 5) :]


def test_positions_are_those_after_each_batch():
    order = Order(23, 5, seed=1, shuffle=True)
    assert list(order.positions(0, 10)) == [15, 20, 23] and order.batches_left(0, 10) == 3
    assert list(order.positions(0, 23)) == [] and order.batches_left(0, 23) == 0
    dropping = Order(23, 5, seed=1, shuffle=True, drop_last=True)
    assert list(dropping.positions(0, 15)) == [20] and dropping.batches_left(0, 20) == 0
    for world in (1, 2):
        ragged = Ragged()
        order = BatchSamplerOrder(ragged, 9, seed=1, shard=Shard(0, world))
        sizes = [key.whole for key in order.batches(0, 0)]
        ends = list(order.positions(0, 0))
        assert ends[-1] == sum(sizes) == 9 and len(ends) == order.batches_left(0, 0) == len(sizes)
        assert list(order.positions(0, ends[0])) == ends[1:]
        assert ragged.asked == 1


class Ragged:
    asked = 0

    def __len__(self):
        return 4

    def __iter__(self):
        self.asked += 1
        return iter([[3], [1, 4, 5], [0, 2], [6, 7, 8]])


@pytest.mark.parametrize("kind", [torch.Generator, np.random.default_rng, random.Random])
def test_a_samplers_own_generator_is_seeded_by_the_epoch_and_left_alone(kind):
    class Own:
        def __init__(self):
            self.inner = [kind()]

        def __len__(self):
            return 20

        def __iter__(self):
            rng = self.inner[0]
            if kind is torch.Generator:
                return iter(torch.randperm(20, generator=rng).tolist())
            order = list(range(20))
            rng.shuffle(order)
            return iter(order)

    sampler = Own()
    order = SamplerOrder(sampler, 4, seed=1, drop_last=False)
    first, second = keys(order, 0), keys(order, 1)
    assert first != second and keys(order, 0) == first
    (held,) = find_generators(sampler=sampler)
    held.seed(5)
    before = held.read()
    assert keys(order, 1) == second and same(held.read(), before)
    assert keys(SamplerOrder(Own(), 4, seed=1, drop_last=False), 1) == second
    assert keys(SamplerOrder(Own(), 4, seed=2, drop_last=False), 1) != second


def test_a_generator_on_the_sampler_itself_has_the_epochs_seed():
    # A change here changes the data stream of existing runs.
    sampler = torch.utils.data.RandomSampler(range(8), generator=torch.Generator())
    expected = torch.randperm(8, generator=generator(1, ORDER, 2)).tolist()
    assert keys(SamplerOrder(sampler, 8, seed=1, drop_last=False), 2) == [expected]


def test_a_sampler_that_draws_whole_batches_from_what_it_makes_follows_the_epoch():
    class Late:
        batch_size = 5
        rng = None

        def __len__(self):
            return 4

        def __iter__(self):
            self.rng = self.rng or random.Random()
            order = list(range(20))
            self.rng.shuffle(order)
            return iter([order[i : i + 5] for i in range(0, 20, 5)])

    order = BatchSamplerOrder(Late(), 20, seed=1)
    first, second = keys(order, 0), keys(order, 1)
    assert first != second and keys(order, 0) == first
    assert keys(BatchSamplerOrder(Late(), 20, seed=1), 1) == second


def test_dropping_the_last_batch():
    order = Order(23, 5, seed=1, shuffle=True, drop_last=True)
    assert [len(batch) for batch in keys(order, 0)] == [5, 5, 5, 5]
    assert len(order) == 4 and order.num_samples == 20


def test_the_global_generator_is_not_drawn_from():
    before = read_globals()
    keys(Order(23, 5, seed=1, shuffle=True), 0)
    assert not advanced_since(before)


def test_a_users_sampler_is_seeded_and_secluded(mine):
    order = SamplerOrder(mine.Randomly(range(20)), 4, seed=1, drop_last=False)
    before = read_globals()
    first = keys(order, 0)
    assert not advanced_since(before)
    torch.rand(3)
    assert keys(order, 0) == first != keys(order, 1)
    assert keys(order, 0, 8) == first[2:]


def test_a_sampler_that_follows_the_epoch_is_told_of_it():
    data = range(20)
    order = SamplerOrder(DistributedSampler(data, 1, 0), 20, seed=1, drop_last=False)
    for epoch in (0, 3):
        alone = DistributedSampler(data, 1, 0)
        alone.set_epoch(epoch)
        assert keys(order, epoch) == [list(alone)]


def test_a_sampler_with_its_own_generator_depends_on_the_epoch_alone():
    own = torch.utils.data.RandomSampler(range(20), generator=torch.Generator().manual_seed(9))
    order = SamplerOrder(own, 4, seed=1, drop_last=False)
    first = keys(order, 0)
    assert keys(order, 1) != first == keys(order, 0)


def test_a_batch_sampler_keeps_its_batches(mine):
    order = BatchSamplerOrder(mine.Pairs(range(10)), 10, seed=0)
    assert keys(order, 0) == [[0, 1], [2, 3], [4, 5], [6, 7], [8, 9]]
    assert keys(order, 0, 4) == [[4, 5], [6, 7], [8, 9]]
    assert len(order) == 5 and order.batch_size == 2


def test_a_sampler_without_a_length_is_refused():
    with pytest.raises(DataError, match="has no length"):
        SamplerOrder(iter([1, 2]), 2, seed=0, drop_last=False)


@pytest.mark.parametrize("world", [2, 3, 4])
@pytest.mark.parametrize("position", [0, 9, 24, 26, 30])
def test_the_shares_of_all_ranks_are_the_batches_of_one_process(world, position):
    whole = keys(Order(27, 3 * world, seed=1, shuffle=True), 2, position)
    ranks = [Order(27, 3, seed=1, shuffle=True, shard=Shard(r, world)) for r in range(world)]
    shards = [list(order.batches(2, position)) for order in ranks]
    for batch, *parts in zip(whole, *shards, strict=True):
        assert list(chain(*(part.indices for part in parts))) == batch
        assert {part.whole for part in parts} == {len(batch)}
        sizes = [len(part.indices) for part in parts]
        assert max(sizes) - min(sizes) <= 1
    for order, shard in zip(ranks, shards, strict=True):
        assert all_indices(order, 2, position) == list(chain(*(key.indices for key in shard)))
        assert list(order.counts(position)) == [key.counts for key in shard]
        assert len(order) == len(keys(order, 0)) and order.num_samples == 27


def test_the_last_global_batch_is_dropped():
    orders = [
        Order(23, 5, seed=1, shuffle=False, drop_last=True, shard=Shard(r, 2)) for r in range(2)
    ]
    assert [len(order) for order in orders] == [2, 2] and orders[0].num_samples == 20
    assert [keys(order, 0)[-1] for order in orders] == [[*range(10, 15)], [*range(15, 20)]]


def test_a_users_sampler_is_shared(mine):
    whole = keys(SamplerOrder(mine.Randomly(range(20)), 6, seed=1, drop_last=False), 3)
    parts = [
        keys(SamplerOrder(mine.Randomly(range(20)), 3, seed=1, drop_last=False, shard=shard), 3)
        for shard in (Shard(0, 2), Shard(1, 2))
    ]
    assert [one + other for one, other in zip(*parts, strict=True)] == whole


def test_a_users_batches_are_dealt_out_in_turn(mine):
    ranks = [
        BatchSamplerOrder(mine.Pairs(range(10)), 10, seed=0, shard=Shard(r, 2)) for r in (0, 1)
    ]
    assert keys(ranks[0], 0) == [[0, 1], [4, 5], [8]]
    assert keys(ranks[1], 0) == [[2, 3], [6, 7], [9]]
    assert [key.whole for key in ranks[1].batches(0, 0)] == [4, 4, 2]
    assert [len(order) for order in ranks] == [3, 3]
    assert keys(ranks[1], 0, 4) == [[6, 7], [9]]
    assert keys(ranks[0], 0, 9) == [[]]


@pytest.mark.parametrize("shuffle", [True, False])
def test_chosen_samples_are_an_epoch_by_themselves(shuffle):
    """A labelled set grows: the order takes its samples, and no other, from then on."""
    order = Order(10, 2, seed=1, shuffle=shuffle)
    for ids in ([7, 1, 4], [7, 1, 4, 0, 9]):
        order.choose(torch.tensor(ids))
        assert (order.num_samples, len(order)) == (len(ids), -(-len(ids) // 2))
        drawn = [i for key in order.batches(3, 0) for i in key.indices]
        assert sorted(drawn) == sorted(ids)
        assert all_indices(order, 3, 0) == drawn
        assert shuffle or drawn == ids


@pytest.mark.parametrize(
    ("length", "world", "smallest"),
    [(64, 1, 4), (65, 1, 1), (3, 1, 3), (66, 2, 1), (67, 2, 1), (69, 2, 2), (65, 2, 1), (64, 2, 4)],
)
def test_the_smallest_batch_of_all_shares_is_known(length, world, smallest):
    common = {"batch_size": 4, "seed": 0, "shuffle": True}
    orders = [Order(length, shard=Shard(rank, world), **common) for rank in range(world)]
    sizes = [len(key.indices) for order in orders for key in order.batches(0, 0) if key.indices]
    assert {order.min_batch_size for order in orders} == {min(sizes)} == {smallest}
    assert Order(length + 8, drop_last=True, **common).min_batch_size == 4


@pytest.mark.parametrize("drop_last", [False, True])
@pytest.mark.parametrize("world", [1, 2])
def test_a_limited_epoch_is_the_beginning_of_the_whole_one(world, drop_last):
    shards = [Shard(rank, world) for rank in range(world)]
    whole, some = (
        [Order(23, 5, seed=1, shuffle=True, drop_last=drop_last, shard=one) for one in shards]
        for _ in range(2)
    )
    for order in some:
        order.limit(2)
    for one, other in zip(whole, some, strict=True):
        assert keys(other, 4) == keys(one, 4)[:2] and len(other) == 2
        assert keys(other, 4, 5 * world) == keys(one, 4)[1:2]
        assert list(other.positions(4, 0)) == list(one.positions(4, 0))[:2]
        assert other.batches_left(4, 5 * world) == 1 and other.min_batch_size == 5
        assert all_indices(other, 4, 0) == list(chain(*keys(other, 4)))
        other.limit(99)
        assert keys(other, 4) == keys(one, 4) and other.min_batch_size == one.min_batch_size


def test_a_limited_epoch_has_the_first_of_a_batch_samplers_batches():
    order = BatchSamplerOrder([[0, 1, 2], [3], [4, 5]], 6, seed=1)
    order.limit(2)
    assert keys(order, 0) == [[0, 1, 2], [3]] and len(order) == 2
    assert list(order.positions(0, 0)) == [3, 4] and order.batches_left(0, 3) == 1
    order.limit(None)
    assert keys(order, 0) == [[0, 1, 2], [3], [4, 5]]
