"""The data stream does not depend on workers or interruptions, nor touch global random state."""

import gc
import multiprocessing
import subprocess
import time
from functools import partial
from typing import NamedTuple

import pytest
import torch
from torch import nn
from torch.utils.data._utils import MP_STATUS_CHECK_INTERVAL

from stride.data.batches.fetcher import sample_transform, takes_pair
from stride.data.build import BatchMaker
from stride.data.normalize import Normalization
from stride.data.options import loader_options
from stride.data.samples import as_source
from stride.data.seeding import advanced_since, read_globals
from stride.distributed import Shard
from stride.errors import DataError

CPU = torch.device("cpu")
ALONE = Shard()


def make(dataset, *, seed=0, transform=None, normalization=None, shard=ALONE, **options):
    maker = BatchMaker(loader_options({"batch_size": 8, **options}, "train"), seed, CPU, shard)
    return maker.make(as_source(dataset, "test"), normalization, transform)


class Hangs:
    """Hang in every sample but those that the batches are tried on."""

    def __init__(self, begun):
        self.begun = begun

    def __len__(self):
        return 20

    def __getitem__(self, index):
        if multiprocessing.parent_process() is not None:
            self.begun.set()
            time.sleep(600)
        return torch.zeros(2), 0


def read(batches, epoch=0, position=0):
    batches.set_epoch(epoch, position)
    return list(batches)


def same(one, other):
    one, other = list(one), list(other)
    assert len(one) == len(other) > 0
    for left, right in zip(one, other, strict=True):
        assert len(left) == len(right)
        assert all(torch.equal(a, b) for a, b in zip(left, right, strict=True))


@pytest.mark.parametrize("name", ["Squares", "Noisy", "Rarely", "Many", "Own"])
def test_workers_and_interruptions_change_nothing(mine, name):
    whole = read(make(getattr(mine, name)()), epoch=2)
    with_workers = make(getattr(mine, name)(), num_workers=2)
    torch.rand(7)
    same(whole, read(with_workers, epoch=2))
    same(whole[2:], read(with_workers, epoch=2, position=16))
    same(whole[3:], read(make(getattr(mine, name)()), epoch=2, position=24))


@pytest.mark.parametrize("name", ["Noisy", "Many", "Own"])
def test_augmentation_differs_by_epoch_and_seed(mine, name):
    data = getattr(mine, name)()
    batches = make(data, shuffle=False)
    first = read(batches, 0)[0][0]
    assert not torch.equal(first, read(batches, 1)[0][0])
    assert not torch.equal(first, read(make(data, shuffle=False, seed=1), 0)[0][0])
    assert torch.equal(first, read(batches, 0)[0][0])


def test_a_samples_augmentation_does_not_depend_on_its_batch(mine):
    small = torch.cat([b[0] for b in read(make(mine.Noisy(), shuffle=False, batch_size=3))])
    large = torch.cat([b[0] for b in read(make(mine.Noisy(), shuffle=False, batch_size=40))])
    assert torch.equal(small, large)


def test_generators_of_the_data_are_left_as_they_were(mine):
    data = mine.Own()
    batches = make(data)
    read(batches, 0)
    before = data.rng.bit_generator.state, data.late.getstate()
    batches.example()
    batches.whole = True
    assert torch.equal(batches.example()[0], read(batches, 0)[0][0])
    read(batches, 1)
    assert before == (data.rng.bit_generator.state, data.late.getstate())


def test_persistent_workers_see_the_epoch(mine):
    plain = make(mine.Noisy())
    kept = make(mine.Noisy(), num_workers=2, persistent_workers=True)
    for epoch in (0, 1, 0):
        same(read(plain, epoch), read(kept, epoch))


def test_workers_leave_the_signals_of_a_group_to_their_parent(mine):
    loader = make(mine.Noisy(), num_workers=1)
    batches = iter(loader)
    first = next(batches)
    (child,) = multiprocessing.active_children()
    for name in ("TERM", "INT", "USR1"):  # by another process, as a launcher does
        subprocess.run(["kill", f"-{name}", str(child.pid)], check=True)
    assert len([first, *batches]) == len(loader)


def test_a_worker_that_hangs_in_a_sample_ends_by_the_word_of_its_parent(mine):
    begun = multiprocessing.get_context("fork").Event()
    iterator = iter(make(Hangs(begun), num_workers=1))
    assert begun.wait(20)
    (child,) = multiprocessing.active_children()
    child.terminate()  # as torch does, and Python when it ends
    child.join(20)
    assert child.exitcode == 0  # anything else is an error to torch
    del iterator


def test_workers_that_are_kept_end_with_their_batches(mine):
    kept = make(mine.Noisy(), num_workers=1, persistent_workers=True)
    read(kept, 0)
    (worker,) = kept._loader._iterator._workers
    assert worker.is_alive()
    circle = [kept]
    circle.append(circle)
    del kept, circle
    begun = time.monotonic()
    gc.collect()
    # The worker has heard of the end; else it is waited for in vain.
    assert time.monotonic() - begun < MP_STATUS_CHECK_INTERVAL
    assert not worker.is_alive()


def test_a_dataset_that_follows_the_epoch_sees_it_in_workers(mine):
    plain = read(make(mine.Epochal()), 3)
    same(plain, read(make(mine.Epochal(), num_workers=2, persistent_workers=True), 3))
    assert plain[0].min() >= 3000


def test_the_seeds_of_workers_depend_on_seed_and_epoch_alone(mine):
    class Seeds(mine.Squares):
        def __getitem__(self, i):
            return torch.utils.data.get_worker_info().seed

    first = torch.stack(read(make(Seeds(), num_workers=1)))
    batches = make(Seeds(), num_workers=1)
    torch.rand(3)
    second = [torch.stack(read(batches, epoch)) for epoch in (1, 0)]
    assert torch.equal(first, second[1]) and not torch.equal(first, second[0])


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("name", ["Squares", "Noisy", "Many"])
def test_the_global_random_state_is_untouched(mine, name, workers):
    batches = make(getattr(mine, name)(), num_workers=workers, transform=mine.jitter)
    before = read_globals()
    batches.example()
    list(batches)
    assert not advanced_since(before)


def test_state_is_given_back_when_a_sample_fails(mine):
    class Failing(mine.Noisy):
        def __getitem__(self, i):
            super().__getitem__(i)
            raise KeyError(i)

    before = read_globals()
    with pytest.raises(KeyError):
        list(make(Failing()))
    assert not advanced_since(before)


@pytest.mark.parametrize("workers", [0, 2])
def test_a_random_collate_function_is_seeded(mine, workers):
    batches = make(mine.Squares(), collate_fn="mine:mixing", num_workers=workers)
    plain = read(make(mine.Squares(), collate_fn=mine.mixing), 1)
    before = read_globals()
    same(plain, read(batches, 1))
    same(plain[1:], read(batches, 1, 8))
    assert not advanced_since(before)


def test_a_transform_is_seeded_per_sample(mine):
    batches = make(mine.plain_tensors(), transform=mine.jitter, shuffle=False)
    first = read(batches)
    assert not torch.equal(first[0][0], mine.plain_tensors().tensors[0][:8])
    same(
        first, read(make(mine.plain_tensors(), transform=mine.jitter, shuffle=False, num_workers=2))
    )
    other = make(mine.plain_tensors(), transform=mine.jitter, shuffle=False, batch_size=50)
    assert torch.equal(torch.cat([b[0] for b in first]), read(other)[0][0])


def test_the_order_is_that_of_the_fast_path(mine):
    fast = read(make(mine.plain_tensors()), 4)
    same(fast, read(make(mine.plain_tensors(), in_memory=False), 4))
    same(fast, read(make(mine.plain_tensors(), num_workers=1), 4))


@pytest.mark.parametrize("in_memory", [None, False])
def test_users_samplers(mine, in_memory):
    options = {"in_memory": in_memory, "batch_size": 20}
    tail = read(make(mine.plain_tensors(), sampler="mine:Backwards", **options))
    assert [b[0][0, 0].item() for b in tail] == [147, 87, 27]
    one = make(mine.plain_tensors(), sampler=mine.Randomly, **options)
    same(read(one, 1)[1:], read(one, 1, 20))
    pairs = make(mine.plain_tensors(), batch_sampler="mine:Pairs", **options)
    assert len(pairs) == 25 and all(len(b[0]) == 2 for b in pairs)


def test_samples_that_do_not_stack_are_explained():
    class Ragged:
        def __len__(self):
            return 3

        def __getitem__(self, i):
            return torch.zeros(i)

    with pytest.raises(DataError, match="do not stack") as caught:
        list(make(Ragged()))
    assert "collate_fn" in str(caught.value) and "\n" not in str(caught.value)


def test_forms_of_samples_are_kept(mine):
    class Dicts(mine.Squares):
        def __getitem__(self, i):
            inputs, targets = super().__getitem__(i)
            return {"inputs": inputs, "targets": targets, "name": str(i)}

    batch = next(iter(make(Dicts(), transform=mine.jitter, shuffle=False)))
    assert batch["inputs"].shape == (8, 2) and batch["name"][:2] == ["0", "1"]
    assert type(next(iter(make(mine.Squares())))) is tuple


def test_in_memory_reads_samples_once(mine):
    reads = []

    class Slow(mine.Squares):
        def __getitem__(self, i):
            reads.append(i)
            return super().__getitem__(i)

    batches = make(Slow(), in_memory=True)
    slow = read(make(mine.Squares()), 1)
    same(read(batches, 1), slow)
    read(batches, 2)
    assert len(reads) == 40
    with pytest.raises(DataError, match="in_memory"):
        make([{"a": 1}], in_memory=True)


@pytest.mark.parametrize("workers", [0, 2])
def test_a_rank_without_a_share_of_a_batch_is_told_so(mine, workers):
    batches = [
        make(mine.Squares(9), shard=Shard(r, 2), batch_size=2, shuffle=False, num_workers=workers)
        for r in (0, 1)
    ]
    first, second = (list(one.shards()) for one in batches)
    assert [counts for _, counts in first] == [(2, 4), (2, 4), (0, 1)]
    assert [batch[0][:, 0].tolist() for batch, _ in second] == [[2, 3], [6, 7], [8]]
    assert first[2][0] is None and len(list(batches[0])) == 2


@pytest.mark.parametrize("name", ["Noisy", "Rarely"])
def test_ranks_augment_each_sample_as_one_process_does(mine, name):
    whole = read(make(getattr(mine, name)(), batch_size=9), epoch=2, position=9)
    ranks = [
        read(make(getattr(mine, name)(), batch_size=3, shard=Shard(r, 3)), epoch=2, position=9)
        for r in range(3)
    ]
    same(whole, [[torch.cat(p) for p in zip(*b, strict=True)] for b in zip(*ranks, strict=True)])


def test_batches_that_a_dataset_gives_at_once_are_augmented_apart(mine):
    batches = read(make(mine.Many(), shuffle=False, batch_size=4))
    plain = read(make(mine.Squares(), shuffle=False, batch_size=4))
    noise = torch.cat([one[0] - other[0] for one, other in zip(batches, plain, strict=True)])
    assert len(noise[:, 0].unique()) == 40


def test_inputs_are_normalised_once_and_before_they_are_transformed(mine):
    half = Normalization("standard", (0.0, 0.0), (2.0, 2.0))
    for data in (mine.Squares(), as_source(mine.plain_arrays(), "a").normalize(half)):
        batches = make(data, normalization=half, transform=lambda x: x + 1, shuffle=False)
        inputs = read(batches)[0][0][:2]
        expected = [[0, 0], [1, 1]] if isinstance(data, mine.Squares) else [[0, 1], [2, 3]]
        assert torch.equal(inputs, torch.tensor(expected) / 2 + 1)


def test_an_example_is_the_same_in_every_epoch(mine):
    batches = make(mine.Epochal(), shuffle=False)
    batches.set_epoch(3)
    assert batches.example()[1].tolist() == [1.0, 1.0]


class Sample(NamedTuple):
    """A sample with a name for each of its parts."""

    x: torch.Tensor
    y: torch.Tensor
    weight: int


@pytest.mark.parametrize("form", [tuple, list, Sample, dict])
def test_a_pair_is_transformed_in_the_form_it_has(form):
    sample = (torch.zeros(()), torch.ones(()), 7)
    if form is dict:
        sample = dict(zip(("inputs", "targets", "weight"), sample, strict=True))
    else:
        sample = form(*sample) if form is Sample else form(sample)
    changed = sample_transform(None, lambda x, y: (x + 1, y + 2), "transform")(sample)
    assert type(changed) is form
    assert list(changed.values() if form is dict else changed) == [1, 3, 7]


class Both(nn.Module):
    """A module that takes two."""

    def forward(self, x, y):
        return y, x


@pytest.mark.parametrize(
    ("transform", "pair"),
    [
        (lambda x, y: (x, y), True),
        (Both(), True),
        (partial(lambda x, y, z: (x, y), z=1), True),
        (lambda x, size=3: x, False),
        (lambda *parts: parts, False),
        (nn.Identity(), False),
        (None, False),
    ],
)
def test_two_required_arguments_are_input_and_target(transform, pair):
    assert takes_pair(transform) is pair
