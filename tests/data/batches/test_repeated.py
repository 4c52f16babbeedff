"""The first batches of a split, again in every epoch."""

import pytest
import torch
from torch.utils.data import DataLoader, TensorDataset

from stride.data.batches.memory import MemoryBatches
from stride.data.batches.repeated import RepeatedBatches, first_batches
from stride.data.batches.sampler import Order
from stride.data.seeding import read_globals
from stride.data.user_loaders import user_batches
from stride.distributed import Shard
from stride.engine.checkpoint.fidelity import same
from stride.errors import DataError

CPU = torch.device("cpu")


def memory(rank=0, world=1):
    order = Order(23, 5, seed=1, shuffle=True, shard=Shard(rank, world))
    return MemoryBatches([torch.arange(23)], order, CPU)


def numbers(batches):
    return [batch[0].tolist() for batch in batches]


def test_they_are_the_first_of_the_first_epoch_from_any_position():
    source = memory()
    source.set_epoch(3, 10)
    batches = RepeatedBatches(first_batches(source, 2, seed=1), source)
    expected = numbers(memory())[:2]
    for epoch in range(2):
        batches.set_epoch(epoch)
        assert numbers(batches) == expected
    batches.set_epoch(1, 5)
    assert numbers(batches) == expected[1:]
    assert list(batches.positions(1, 5)) == [10] and batches.batches_left(1, 5) == 1
    assert (len(batches), batches.num_samples, batches.min_batch_size) == (2, 10, 5)
    assert source.max_batches is None and len(source) == 5


def test_each_rank_keeps_its_share():
    sources = [memory(rank, 2) for rank in range(2)]
    shares = [RepeatedBatches(first_batches(one, 9, seed=1), one) for one in sources]
    assert [numbers(one) for one in shares] == [numbers(memory(rank, 2)) for rank in range(2)]
    assert [one.num_samples for one in shares] == [23, 23]
    assert [counts.whole for _, counts in shares[0].shards()] == [10, 10, 3]


def test_an_own_loader_draws_them_by_the_seed_and_is_left_as_it_was():
    data = TensorDataset(torch.arange(12))
    drawn = []
    for _ in range(2):
        torch.rand(1)
        before = read_globals()
        source = user_batches(DataLoader(data, 4, shuffle=True), CPU)
        drawn.append(numbers(RepeatedBatches(first_batches(source, 2, seed=7), source)))
        assert same(read_globals(), before)
    assert drawn[0] == drawn[1] and len(drawn[0]) == 2


def test_a_loader_that_fills_the_same_tensor_again_is_copied():
    class Filling:
        def __iter__(self):
            buffer = torch.zeros(2)
            for value in (1.0, 2.0):
                yield (buffer.fill_(value),)

    source = user_batches(Filling(), CPU)
    batches = RepeatedBatches(first_batches(source, 2, seed=1), source)
    assert numbers(batches) == [[1.0, 1.0], [2.0, 2.0]]


def test_none_are_refused():
    source = user_batches([], CPU)
    with pytest.raises(DataError, match="no batch"):
        first_batches(source, 2, seed=1)
