"""The fast path gives the batches of the slow one, in blocks, as views where unshuffled."""

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

from stride.data.array_dataset import ArrayDataset
from stride.data.batches.base import Batches
from stride.data.batches.fetcher import FetchArrays, FetchSamples
from stride.data.batches.loader import LoaderBatches
from stride.data.batches.memory import (
    BLOCK_BATCHES,
    BLOCK_NUMBERS,
    MemoryBatches,
    batches_per_block,
)
from stride.data.batches.sampler import Order
from stride.data.seeding import advanced_since, read_globals
from stride.distributed import Shard

CPU = torch.device("cpu")


def columns(length=1000, width=3):
    return torch.rand(length, width), torch.arange(length)


def same(one, other):
    one, other = list(one), list(other)
    assert len(one) == len(other)
    for left, right in zip(one, other, strict=True):
        assert type(left) is type(right) is tuple and len(left) == len(right)
        assert all(
            torch.equal(a, b) and a.dtype == b.dtype for a, b in zip(left, right, strict=True)
        )


@settings(max_examples=40)
@given(
    st.integers(1, 300), st.integers(1, 70), st.booleans(), st.booleans(), st.integers(0, 3),
    st.integers(0, 300),
)  # fmt: skip
@example(300, 1, True, False, 0, 0)  # several blocks
@example(300, 1, True, False, 2, 65)  # begun within one
@example(20, 7, True, False, 1, 15)  # a position within a batch, and a short last one
@example(20, 7, True, True, 1, 15)
@example(20, 7, False, False, 0, 20)  # at the epoch's end
@example(5, 7, True, True, 0, 0)  # not one whole batch
def test_the_paths_agree(length, size, shuffle, drop_last, epoch, position):
    tensors = columns(length)
    order = Order(length, size, seed=3, shuffle=shuffle, drop_last=drop_last)
    source = ArrayDataset(tensors)
    samples = FetchSamples(source, seed=3, finish=None, collate=None)
    paths = [
        MemoryBatches(tensors, order, CPU),
        LoaderBatches(FetchArrays(source), order, CPU, {}),
        LoaderBatches(samples, order, CPU, {}),
    ]
    for path in paths:
        path.set_epoch(epoch, position)
    same(paths[0], paths[1])
    same(paths[0], paths[2])
    assert len({len(path) for path in paths}) == 1


def test_more_than_one_block():
    tensors = columns(40_000, 2)
    order = Order(40_000, 16, seed=0, shuffle=True)
    batches = MemoryBatches(tensors, order, CPU)
    assert len(order) > 2 * batches_per_block(tensors, 16)
    expected = order.permutation(0).split_with_sizes([16] * 2500)
    whole = [(tensors[0][index], tensors[1][index]) for index in expected]
    same(batches, whole)
    batches.set_epoch(0, 2490 * 16)
    same(batches, whole[2490:])


def test_blocks_are_small_enough_for_one_thread():
    for width, size in [(32, 64), (1, 8), (784, 128), (10_000_000, 4)]:
        number = batches_per_block([torch.empty(4, width, device=CPU)], size)
        assert 1 <= number <= BLOCK_BATCHES
        assert number == 1 or number * size * width <= BLOCK_NUMBERS


def test_unshuffled_batches_are_views():
    tensors = columns()
    for inputs, targets in MemoryBatches(tensors, Order(1000, 64, seed=0, shuffle=False), CPU):
        assert inputs.untyped_storage().data_ptr() == tensors[0].untyped_storage().data_ptr()
        assert targets.untyped_storage().data_ptr() == tensors[1].untyped_storage().data_ptr()


def test_a_shuffled_batch_may_be_changed_in_place_while_another_is_in_use():
    tensors = columns()
    before = tensors[0].clone()
    batches = iter(MemoryBatches(tensors, Order(1000, 8, seed=0, shuffle=True), CPU))
    weight = torch.ones(3, 1, requires_grad=True)
    (first, _), (second, _) = next(batches), next(batches)
    loss = (first @ weight).sum()
    second.mul_(0)
    loss.backward()  # autograd would refuse, did the two share a version counter
    first.requires_grad_()
    assert torch.equal(tensors[0], before)


def test_iterating_twice_gives_the_same_and_an_example_disturbs_nothing():
    batches = MemoryBatches(columns(), Order(1000, 64, seed=0, shuffle=True), CPU)
    batches.set_epoch(1, 128)
    first = list(batches)
    assert [part.shape[0] for part in batches.example()] == [2, 2]
    batches.whole = True
    example = batches.example()
    same(first, batches)
    batches.set_epoch(0)
    assert all(torch.equal(*pair) for pair in zip(example, next(iter(batches)), strict=True))


def test_an_iterator_keeps_its_epoch():
    batches = MemoryBatches(columns(), Order(1000, 64, seed=0, shuffle=True), CPU)
    expected = list(batches)
    running = iter(batches)
    batches.set_epoch(5)
    same(expected, running)


def test_the_global_random_state_is_untouched():
    tensors = columns()
    before = read_globals()
    list(MemoryBatches(tensors, Order(1000, 64, seed=0, shuffle=True), CPU))
    assert not advanced_since(before)


def test_it_fulfils_the_protocol():
    assert isinstance(MemoryBatches(columns(), Order(9, 2, seed=0, shuffle=True), CPU), Batches)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_on_cuda_the_batches_are_the_same_and_nothing_waits():
    cuda = torch.device("cuda")
    tensors = columns()
    order = Order(1000, 64, seed=0, shuffle=True)
    there = MemoryBatches([tensor.to(cuda) for tensor in tensors], order, cuda)
    list(there)
    torch.cuda.set_sync_debug_mode("error")
    try:
        found = list(there)
    finally:
        torch.cuda.set_sync_debug_mode("default")
    same([tuple(part.cpu() for part in b) for b in found], MemoryBatches(tensors, order, CPU))


@pytest.mark.parametrize("world", [2, 3])
@pytest.mark.parametrize("position", [0, 12, 49])
def test_ranks_share_each_batch_as_they_do_on_the_slow_path(world, position):
    tensors = columns(50)
    whole = MemoryBatches(tensors, Order(50, 4 * world, seed=3, shuffle=True), CPU)
    whole.set_epoch(1, position)
    parts = []
    for rank in range(world):
        order = Order(50, 4, seed=3, shuffle=True, shard=Shard(rank, world))
        paths = [
            MemoryBatches(tensors, order, CPU),
            LoaderBatches(FetchArrays(ArrayDataset(tensors)), order, CPU, {"num_workers": 0}),
        ]
        for path in paths:
            path.set_epoch(1, position)
        fast, slow = (list(path.shards()) for path in paths)
        assert [size for _, size in fast] == [size for _, size in slow]
        same(*([batch for batch, _ in path if batch is not None] for path in (fast, slow)))
        same(paths[0], paths[1])
        parts.append([batch for batch, _ in fast])
    for batch, *some in zip(whole, *parts, strict=True):
        together = torch.cat([part[1] for part in some if part is not None])
        assert torch.equal(together, batch[1])


def test_one_process_has_the_whole_batch_for_its_share():
    batches = MemoryBatches(columns(10), Order(10, 4, seed=0, shuffle=False), CPU)
    assert [(len(batch[0]), size) for batch, (_, size) in batches.shards()] == [
        (4, 4), (4, 4), (2, 2),
    ]  # fmt: skip
