"""Streams keep their own order; their draws are seeded and secluded."""

import random

import pytest
import torch
from torch.utils.data import IterableDataset

from stride.data.build import BatchMaker
from stride.data.options import loader_options
from stride.data.samples import as_source
from stride.data.seeding import advanced_since, read_globals
from stride.distributed import Shard
from stride.errors import DataError

ALONE = Shard()


def make(stream, seed=0, shard=ALONE, **options):
    options = loader_options({"batch_size": 3, **options}, "train")
    maker = BatchMaker(options, seed, torch.device("cpu"), shard)
    return maker.make(as_source(stream, "s"), None, None)


def inputs(batches, epoch=0):
    batches.set_epoch(epoch)
    return torch.cat([batch[0] for batch in batches])


@pytest.mark.parametrize("workers", [0, 1])
@pytest.mark.parametrize("name", ["Stream", "OwnStream"])
def test_a_stream_is_reproducible_and_secluded(mine, name, workers):
    before = read_globals()
    kept = {"persistent_workers": True} if workers else {}
    batches = make(getattr(mine, name)(), num_workers=workers, **kept)
    first = inputs(batches)
    assert not advanced_since(before)
    assert first.shape == (20, 1)
    torch.rand(3)
    assert torch.equal(inputs(batches), first)
    assert torch.equal(torch.cat([batch[0] for batch in batches]), first)
    assert not torch.equal(inputs(batches, 1), first)
    other = make(getattr(mine, name)(), 1, num_workers=workers)
    assert not torch.equal(inputs(other), first)


def test_a_stream_has_no_length_and_no_position(mine):
    batches = make(mine.Stream())
    assert batches.num_samples is None and not batches.seekable
    assert not hasattr(batches, "state_dict")
    with pytest.raises(TypeError):
        len(batches)
    with pytest.raises(DataError, match="middle of an epoch"):
        batches.set_epoch(0, 3)
    assert len(list(make(mine.Stream(), drop_last=True))) == 6
    with pytest.raises(DataError, match="no sampler"):
        make(mine.Stream(), sampler="mine:Backwards")


def test_the_position_in_a_stream_is_what_was_consumed(mine):
    batches = make(mine.Stream(), num_workers=1)
    batches.set_epoch(0)
    positions, ends = batches.positions(0, 0), []
    for _ in batches:
        ends.append(next(positions))
    assert ends == [3, 6, 9, 12, 15, 18, 20]


def test_an_example_disturbs_nothing(mine):
    batches = make(mine.Stream())
    first = inputs(batches)
    before = read_globals()
    assert batches.example()[0].shape == (2, 1)
    batches.whole = True
    assert torch.equal(batches.example()[0], first[:3])
    assert not advanced_since(before)
    assert torch.equal(inputs(batches), first)


def test_a_stream_with_a_state_resumes_where_it_was(mine):
    whole = inputs(make(mine.Counting("train")), 2)
    stopped = make(mine.Counting("train"))
    stopped.set_epoch(2)
    running = iter(stopped)
    begun = torch.cat([next(running)[0] for _ in range(3)])
    state = stopped.state_dict()
    resumed = make(mine.Counting("train"))
    resumed.set_epoch(2, 9)
    resumed.load_state_dict(state)
    assert resumed.state_dict()["own"] == state["own"]
    torch.rand(2)
    rest = torch.cat([batch[0] for batch in resumed])
    assert torch.equal(torch.cat([begun, rest]), whole)


@pytest.mark.parametrize("workers", [0, 1])
def test_ranks_draw_the_same_stream_and_keep_their_shares(mine, workers):
    whole = make(mine.Stream(), batch_size=6, num_workers=workers)
    whole.set_epoch(0)
    ranks = [make(mine.Stream(), num_workers=workers, shard=Shard(r, 2)) for r in (0, 1)]
    before = read_globals()
    for batches in ranks:
        batches.set_epoch(0)
    for batch, (one, size), (other, same) in zip(whole, *(r.shards() for r in ranks), strict=True):
        assert (size, same) == ((3, 6), (3, 6)) or (size, same) == ((1, 2), (1, 2))
        assert torch.equal(torch.cat([one[0], other[0]]), batch[0])
    assert torch.equal(torch.cat([b[0] for b in ranks[1]])[:3], next(iter(whole))[0][3:])
    assert not advanced_since(before)


def test_a_stream_may_leave_a_rank_without_samples(mine):
    last = [list(make(mine.Stream(), batch_size=3, shard=Shard(r, 19)).shards()) for r in (0, 18)]
    assert [(one[-1][0] is None, one[-1][1]) for one in last] == [
        (False, (1, 20)),
        (False, (2, 20)),
    ]
    empty = make(mine.Stream(), batch_size=1, shard=Shard(0, 19))
    assert [(batch is None, size) for batch, size in empty.shards()] == [
        (False, (1, 19)), (True, (0, 1)),
    ]  # fmt: skip
    assert len(list(empty)) == 1


class Drawing(IterableDataset):
    """Draws from a generator of its own alone, and says what it is told."""

    def __init__(self):
        self.rng, self.told = random.Random(0), []

    def set_epoch(self, epoch):
        self.told.append(epoch)

    def __iter__(self):
        return (torch.tensor([self.rng.random()]) for _ in range(6))


def test_each_worker_draws_numbers_of_its_own():
    batches = make(Drawing(), num_workers=2)
    first = [batch for batch in batches]
    assert len(torch.cat(first).unique()) == 12
    assert all(map(torch.equal, first, batches))


def test_draws_go_on_from_batch_to_batch_of_an_epoch():
    batches, drawn = make(Drawing()), []
    for epoch in range(3):
        batches.set_epoch(epoch)
        drawn += batches
    assert len(torch.cat(drawn).unique()) == len(torch.cat(drawn)) == 18


def test_an_epoch_begins_anew_wherever_the_one_before_was_left():
    stream = Drawing()
    whole, left = make(Drawing()), make(stream)
    left.set_epoch(0)
    running = iter(left)
    next(running)
    left.set_epoch(1)
    whole.set_epoch(1)
    assert all(map(torch.equal, whole, left))
    assert stream.told == [0, 1]


def test_a_rank_counts_the_samples_of_all():
    batches = make(Drawing(), batch_size=2, shard=Shard(1, 2))
    batches.set_epoch(0)
    positions = batches.positions(0, 0)
    assert [next(positions) for _ in batches] == [4, 6]


def test_a_stream_with_a_state_is_not_moved_by_an_example_and_at_its_end_begins_anew(mine):
    stream = mine.Counting("train")
    batches = make(stream)
    batches.set_epoch(0)
    batches.example()
    assert stream.at == 0
    first = torch.cat([batch[0] for batch in batches])
    ended = batches.state_dict()
    again = make(mine.Counting("train"))
    again.set_epoch(0)
    again.load_state_dict(ended)
    assert torch.equal(torch.cat([batch[0] for batch in again]), first)


def test_a_stream_with_a_state_goes_on_in_an_epoch_only_without_workers(mine):
    assert make(mine.Counting("train")).seekable
    assert not make(mine.Counting("train"), num_workers=1).seekable
