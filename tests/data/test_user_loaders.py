"""A user's own loader is taken as it is."""

import math
from collections import namedtuple

import pytest
import torch
from torch.utils.data import DataLoader, DistributedSampler, TensorDataset

from stride.data.batches.base import Batches, to_device
from stride.data.seeding import advanced_since, read_globals
from stride.data.user_loaders import data_from_loaders, user_batches
from stride.engine.checkpoint.fidelity import same
from stride.errors import DataError

CPU, META = torch.device("cpu"), torch.device("meta")


def dataset(size=20):
    return TensorDataset(torch.rand(size, 3), torch.arange(size) % 4)


def test_on_the_cpu_the_batches_are_the_loaders_own():
    loader = [(torch.rand(2, 3), torch.zeros(2))]
    wrapped = user_batches(loader, CPU)
    assert all(ours is theirs for ours, theirs in zip(wrapped, loader, strict=True))
    assert next(iter(wrapped)) is loader[0]
    assert isinstance(wrapped, Batches)


def test_the_loader_draws_as_it_would_alone():
    loader = DataLoader(dataset(), 4, shuffle=True)
    torch.manual_seed(3)
    alone = [batch[1] for batch in loader]
    torch.manual_seed(3)
    assert all(map(torch.equal, alone, (batch[1] for batch in user_batches(loader, CPU))))


def test_numbers_come_from_the_loader():
    wrapped = user_batches(DataLoader(dataset(), 6), CPU)
    assert (wrapped.batch_size, wrapped.num_samples, len(wrapped)) == (6, 20, 4)
    part = DistributedSampler(dataset(), 2, 0)
    assert user_batches(DataLoader(dataset(), 6, sampler=part), CPU).num_samples == 10
    plain = user_batches([torch.rand(2, 3)], CPU)
    assert (plain.batch_size, plain.num_samples, len(plain)) == (None, None, 1)


Pair = namedtuple("Pair", "a b")


@pytest.mark.parametrize(
    "form", [tuple, list, lambda p: Pair(*p), lambda p: dict(zip("ab", p, strict=True))]
)
def test_batches_are_moved_in_their_form(form):
    batch = form([torch.rand(2), [torch.rand(3), "text"]])
    (found,) = user_batches([batch], META)
    assert type(found) is type(batch)
    parts = list(found.values()) if isinstance(found, dict) else list(found)
    assert parts[0].device == META and parts[1][0].device == META and parts[1][1] == "text"


def test_objects_with_a_to_move_themselves():
    class Graph:
        def to(self, device):
            return device

    assert to_device((Graph(), 3), META) == (META, 3)


def test_the_epoch_reaches_the_sampler():
    sampler = DistributedSampler(dataset(), 1, 0)
    user_batches(DataLoader(dataset(), 4, sampler=sampler), CPU).set_epoch(7)
    assert sampler.epoch == 7


def test_functions_are_called():
    assert len(user_batches(lambda: DataLoader(dataset(), 4), CPU)) == 5
    calls = []

    def batches():
        calls.append(1)
        yield torch.rand(2, 3)
        yield torch.rand(1, 3)

    wrapped = user_batches(batches, CPU)
    assert [len(list(wrapped)) for _ in range(3)] == [2, 2, 2]
    assert len(calls) == 3
    epochs = iter([[1, 2], [3]])
    counted = user_batches(lambda: iter(next(epochs)), CPU)
    assert [[*counted], [*counted]] == [[1, 2], [3]]


@pytest.mark.parametrize(
    ("loader", "message"),
    [
        (iter([1]), "only once"),
        (3, "a int gives no batches"),
        (lambda: None, "a NoneType gives no batches"),
    ],
)
def test_what_gives_no_batches_is_refused(loader, message):
    with pytest.raises(DataError, match=message):
        user_batches(loader, CPU)


def test_no_position_without_a_state():
    wrapped = user_batches([1], CPU)
    assert not wrapped.is_stateful() and not wrapped.seekable
    with pytest.raises(DataError, match="middle of an epoch"):
        wrapped.set_epoch(0, 4)


def read(batches, epoch, position=0):
    """Draw an epoch as the loop does; return the batches' targets and the positions."""
    batches.set_epoch(epoch, position)
    positions = batches.positions(epoch, position)
    return [(batch[1].tolist(), next(positions)) for batch in batches]


@pytest.mark.parametrize("workers", [0, 2])
def test_what_an_epoch_has_consumed_is_drawn_again(workers):
    def make():
        order = torch.Generator().manual_seed(0)
        loader = DataLoader(dataset(), 6, shuffle=True, generator=order, num_workers=workers)
        return user_batches(loader, CPU)

    whole, stopped, resumed, other = make(), make(), make(), make()
    read(whole, 0), read(stopped, 0)
    expected = read(whole, 1)
    assert [position for _, position in expected] == [6, 12, 18, 20]
    stopped.set_epoch(1)
    positions, running = stopped.positions(1, 0), iter(stopped)
    for _ in range(2):
        next(running), next(positions)
    state = stopped.state_dict()
    before = read_globals()
    resumed.load_state_dict(state)
    assert same(resumed.state_dict(), state) and not advanced_since(before)
    assert resumed.batches_left(1, 12) == 2
    assert read(resumed, 1, 12) == expected[2:]
    assert read(resumed, 2) == read(whole, 2)
    state["start"]["generators"]["loader.generator"] = torch.Generator().get_state()
    other.load_state_dict(state)
    assert other.state_dict()["order"] != state["order"]


def test_an_evaluation_in_between_is_no_part_of_the_epoch():
    whole, watched = (user_batches(DataLoader(dataset(), 6), CPU) for _ in range(2))
    batches = []
    for wrapped in (whole, watched):
        wrapped.set_epoch(0)
        positions, running = wrapped.positions(0, 0), iter(wrapped)
        next(running), next(positions)
        if wrapped is watched:
            batches = [*wrapped]
        next(running), next(positions)
    assert len(batches) == 4
    assert whole.state_dict()["order"] == watched.state_dict()["order"]


def test_positions_are_counted_in_samples_where_they_are_known():
    def ends(loader):
        return [position for _, position in read(user_batches(loader, CPU), 0)]

    assert ends(DataLoader(dataset(), 6, drop_last=True)) == [6, 12, 18]
    assert ends(DataLoader(dataset(), batch_sampler=[[0, 1], [2], [3]])) == [1, 2, 3]
    assert ends([torch.rand(2, 3)] * 2) == [1, 2]
    endless = user_batches(lambda: iter([torch.rand(2, 3)]), CPU)
    assert endless.batches_left(0, 3) == math.inf


class Stateful:
    def __init__(self):
        self.at = 0

    def __iter__(self):
        while self.at < 5:
            self.at += 1
            yield torch.tensor([[float(self.at)]])
        self.at = 0

    def state_dict(self):
        return {"at": self.at}

    def load_state_dict(self, state):
        self.at = state["at"]


def test_a_loaders_state_is_forwarded():
    wrapped = user_batches(Stateful(), CPU)
    wrapped.set_epoch(0, 3)
    wrapped.load_state_dict({"at": 3})
    assert wrapped.example().item() == 4
    assert wrapped.state_dict() == {"at": 3}
    assert [batch.item() for batch in wrapped] == [4, 5]


class Turns:
    """A sampler that begins elsewhere in each iteration, and counts them."""

    def __init__(self):
        self.turns, self.epoch = 0, 0

    def __iter__(self):
        self.turns += 1
        return iter([(self.turns + i) % 20 for i in range(20)])

    def __len__(self):
        return 20

    def set_epoch(self, epoch):
        self.epoch = epoch


def test_numbers_by_which_a_sampler_counts_come_back_on_as_many_ranks():
    first, again, other = (
        user_batches(DataLoader(dataset(), 4, sampler=Turns()), CPU) for _ in range(3)
    )
    read(first, 0)
    state = first.state_dict()
    expected = read(first, 1)
    again.load_state_dict(state)
    assert read(again, 1) == expected
    other.load_others([state])
    assert other.loader.sampler.turns == 0


def test_every_part_of_a_loader_that_follows_the_epoch_is_told():
    data, sampler = dataset(), Turns()
    data.set_epoch = lambda epoch: told.append(epoch)
    told = []
    user_batches(DataLoader(data, 4, sampler=sampler), CPU).set_epoch(7)
    assert (sampler.epoch, told) == (7, [7])


def test_a_loader_whose_order_is_nobody_elses_is_in_doubt():
    kept = DataLoader(dataset(), 4, num_workers=1, persistent_workers=True)
    ready = DataLoader(dataset(), 4, num_workers=1, in_order=False)
    assert "persistent_workers" in user_batches(kept, CPU).doubt
    assert "in_order" in user_batches(ready, CPU).doubt
    for loader in (kept, ready):
        assert not user_batches(loader, CPU).seekable
    assert not user_batches(DataLoader(dataset(), 4, num_workers=1), CPU).doubt


def test_what_the_global_state_decided_is_drawn_again():
    whole, resumed = (user_batches(DataLoader(dataset(), 6, shuffle=True), CPU) for _ in range(2))
    torch.manual_seed(5)
    whole.set_epoch(0)
    positions, running, rest = whole.positions(0, 0), iter(whole), []
    next(running), next(positions)
    state = whole.state_dict()
    rest = [batch[1].tolist() for batch in running]
    torch.manual_seed(6)
    before = read_globals()
    resumed.load_state_dict(state)
    assert not advanced_since(before)
    assert resumed.state_dict()["order"] == state["order"]
    assert [targets for targets, _ in read(resumed, 0, 6)] == rest


def test_an_example_moves_no_generator_of_a_loader():
    generator = torch.Generator().manual_seed(3)
    wrapped = user_batches(DataLoader(dataset(), 4, shuffle=True, generator=generator), CPU)
    before = generator.get_state()
    wrapped.example()
    assert torch.equal(generator.get_state(), before)


def test_data_is_described_and_left_alone():
    train, val = DataLoader(dataset(), 4, shuffle=True), DataLoader(dataset(8), 4)
    before = read_globals()
    data = data_from_loaders(train, lambda: val, device=CPU)
    assert not advanced_since(before)
    info = data.info
    assert (info.input_shape, info.target_shape, info.target_kind) == ((3,), (), "class")
    assert (info.num_classes, info.num_train, info.num_val, info.num_test) == (4, 20, 8, None)
    assert data.test_loader is None and len(data.fingerprint) == 32
    with pytest.raises(DataError, match="no batch"):
        data_from_loaders([], device=CPU)
    with pytest.raises(DataError, match="no loader"):
        data_from_loaders(None, device=CPU)


def test_with_several_ranks_a_loader_has_to_know_of_them(monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    for loader in (DataLoader(dataset(), 4), DataLoader(dataset(), 4, shuffle=True)):
        with pytest.raises(DataError, match="all 2 processes the same samples"):
            user_batches(loader, CPU)
    part = DataLoader(dataset(), 4, sampler=DistributedSampler(dataset(), 2, 0))
    assert [(len(batch[1]), size) for batch, size in user_batches(part, CPU).shards()] == [
        (4, None), (4, None), (2, None),
    ]  # fmt: skip


def test_an_evaluation_counts_no_sample_twice(monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "3")
    padded = DataLoader(dataset(), 4, sampler=DistributedSampler(dataset(), 3, 0))
    assert user_batches(padded, CPU).num_samples == -(
        -len(dataset()) // 3
    )  # training may repeat some
    missing = -len(dataset()) % 3
    assert missing
    for name in ("val_loader", "test_loader"):
        with pytest.raises(DataError, match=rf"repeats {missing} samples.*sampler=range\(rank"):
            user_batches(padded, CPU, name)
    even = DataLoader(dataset(), 4, sampler=range(0, len(dataset()), 3))
    assert user_batches(even, CPU, "val_loader").num_samples == -(-len(dataset()) // 3)


def test_the_smallest_batch_of_a_loader_is_known_where_it_says_its_lengths():
    for length, drop_last, smallest in ((9, False, 1), (9, True, 4), (8, False, 4), (3, False, 3)):
        assert (
            user_batches(DataLoader(dataset(length), 4, drop_last=drop_last), CPU).min_batch_size
            == smallest
        )
    assert user_batches([torch.zeros(2)], CPU).min_batch_size is None
    assert (
        user_batches(DataLoader(dataset(9), batch_sampler=[[0, 1], [2]]), CPU).min_batch_size
        is None
    )
