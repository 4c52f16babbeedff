"""Samples by their ids: from memory, through loaders with workers, the same in every reading."""

import pytest
import torch
from torch.utils.data import Dataset, IterableDataset

from stride.active.pool.pool_reader import Reader
from stride.data.array_dataset import ArrayDataset
from stride.data.batches.loader import LoaderBatches
from stride.data.batches.memory import MemoryBatches
from stride.data.normalize import Normalization, fit_normalization
from stride.data.samples import SampleDataset, StreamDataset
from stride.errors import DataError

CPU = torch.device("cpu")


class Noisy(Dataset):
    """Adds noise of torch's global generator."""

    def __len__(self) -> int:
        return 20

    def __getitem__(self, index: int):
        return torch.tensor([float(index)]) + torch.rand(1) / 2, index % 2


class Endless(IterableDataset):
    def __iter__(self):
        yield torch.zeros(1)


def reader(source, normalization: Normalization | None = None, **loader) -> Reader:
    loader = {"batch_size": 4, **loader}
    return Reader(source, loader, seed=5, device=CPU, normalization=normalization)


def read(reader: Reader, ids) -> list[float]:
    return torch.cat([batch[0][:, 0] for batch in reader(torch.tensor(ids))]).tolist()


@pytest.fixture
def arrays() -> ArrayDataset:
    return ArrayDataset([torch.arange(20.0)[:, None], torch.arange(20)])


def test_samples_come_in_the_order_of_the_ids_from_memory(arrays: ArrayDataset) -> None:
    made = reader(arrays)
    assert isinstance(made(torch.arange(3)), MemoryBatches)
    assert read(made, [7, 3, 19, 0, 5, 6]) == [7, 3, 19, 0, 5, 6]
    assert [len(batch[0]) for batch in made(torch.arange(6))] == [4, 2]
    assert len(made) == 20


def test_the_first_samples_are_views_of_the_data(arrays: ArrayDataset) -> None:
    first = next(iter(reader(arrays)(torch.arange(20))))[0]
    assert first.data_ptr() == arrays.tensors[0].data_ptr()
    other = next(iter(reader(arrays)(torch.arange(1, 20))))[0]
    assert other.data_ptr() != arrays.tensors[0].data_ptr()


@pytest.mark.parametrize("workers", [0, 2])
def test_a_sample_is_the_same_in_every_reading(workers: int) -> None:
    whole = read(reader(SampleDataset(Noisy())), range(20))
    made = reader(SampleDataset(Noisy()), num_workers=workers)
    assert isinstance(made(torch.arange(3)), LoaderBatches)
    before = torch.get_rng_state()
    for ids in ([4, 9, 2, 17, 1], [1, 17]):
        assert read(made, ids) == [whole[i] for i in ids]
    assert torch.equal(before, torch.get_rng_state())


def test_samples_are_normalised_as_they_are_in_evaluation() -> None:
    statistics = fit_normalization("minmax", iter([torch.tensor([[0.0], [10.0]])]))
    numbers = SampleDataset([torch.tensor([float(i)]) for i in range(10)])
    made = reader(SampleDataset([(x, 0) for x in numbers]), statistics)
    expected = statistics.apply(torch.tensor([[4.0], [2.0]]))[:, 0].tolist()
    assert read(made, [4, 2]) == expected


def test_samples_that_are_kept_in_memory_are_read_once() -> None:
    calls = []

    class Counted(Noisy):
        def __getitem__(self, index: int):
            calls.append(index)
            return torch.tensor([float(index)]), 0

    made = reader(SampleDataset(Counted()), in_memory=True)
    assert sorted(set(calls)) == list(range(20))
    calls.clear()
    assert read(made, [3, 1]) == read(made, [3, 1]) == [3, 1]
    assert calls == []


def test_what_is_for_training_alone_has_no_effect(arrays: ArrayDataset) -> None:
    made = reader(arrays, drop_last=True, shuffle=True, val_loader_kwargs={"batch_size": 3})
    assert [len(batch[0]) for batch in made(torch.arange(5))] == [3, 2]
    forced = reader(arrays, val_loader_kwargs={"drop_last": True, "shuffle": True})
    assert read(forced, [5, 4, 3, 2, 1]) == [5, 4, 3, 2, 1]
    samples = SampleDataset([(torch.tensor([float(i)]), 0) for i in range(20)])
    forced = reader(samples, val_loader_kwargs={"drop_last": True, "shuffle": True})
    assert read(forced, [5, 4, 3, 2, 1]) == [5, 4, 3, 2, 1]


def test_a_stream_has_no_pool() -> None:
    with pytest.raises(DataError, match="a stream has no samples to choose from"):
        reader(StreamDataset(Endless()))
