"""Files are read once in a process while they are unchanged, and no training changes them."""

import os
import time

import numpy as np
import pytest
import torch

from stride.data.array_dataset import ArrayDataset
from stride.data.datasets import open_dataset, resolve_dataset
from stride.data.files.read_cache import CACHE, FileFacts, ReadCache
from stride.data.fingerprint import fingerprint

SPLITS = ("train", "val", "test")


@pytest.fixture(autouse=True)
def nothing_held():
    """Begin each test with an empty cache."""
    CACHE.clear()


class Reader:
    """Count how often it reads a dataset of some numbers."""

    def __init__(self, size=4, notes=()):
        self.times, self.size, self.notes = 0, size, notes

    def __call__(self):
        self.times += 1
        return ArrayDataset([torch.arange(float(self.size))], notes=self.notes)


def settle(path):
    """Let a file have been written some time ago."""
    then = time.time() - 60
    os.utime(path, (then, then))
    return path


@pytest.fixture
def file(tmp_path):
    (tmp_path / "data").write_text("1")
    return settle(tmp_path / "data")


@pytest.fixture
def arrays(tmp_path):
    """The arguments of a dataset of arrays that is not divided."""
    x = np.arange(24, dtype=np.float32).reshape(12, 2)
    np.savez(tmp_path / "a.npz", inputs=x, targets=np.arange(12) % 3)
    path = str(settle(tmp_path / "a.npz"))
    return {"dataset_name": "arrays", "path": path, "val_fraction": 0.0, "test_fraction": 0.0}


def opened(**kwargs):
    return open_dataset(resolve_dataset(kwargs), SPLITS)


def columns(found):
    return [one for part in (found.parts | found.extra).values() for one in part.tensors]


def test_a_file_is_read_again_when_it_has_changed(file):
    cache, read = ReadCache(lambda: 100), Reader()
    assert cache.read("a", [file], read) is cache.read("a", [file], read)
    assert cache.read("b", [file], read) is not cache.read("a", [file], read)
    assert read.times == 2
    file.write_text("2")  # of the same size
    settle(file)
    cache.read("a", [file], read)
    cache.read("a", [file, file], read)  # a folder has one more
    assert read.times == 4


def test_what_may_change_unseen_is_not_held(file):
    os.utime(file)
    assert not FileFacts.of(file).settled
    cache, read = ReadCache(lambda: 100), Reader()
    cache.read("a", [file], read)
    cache.read("a", [file], read)
    cache.read("a", [file.with_name("none")], read)
    assert read.times == 3


def test_the_least_recently_used_is_dropped(file):
    cache, read = ReadCache(lambda: 40), Reader()  # of 16 bytes
    for name in ("a", "b", "a", "c", "a"):
        cache.read(name, [file], read)
    assert read.times == 3
    cache.read("large", [file], Reader(11))
    cache.read("a", [file], read)
    assert read.times == 3
    cache.read("b", [file], read)
    assert read.times == 4


def test_the_log_is_told_each_time(caplog, file):
    cache, read = ReadCache(lambda: 100), Reader(notes=("3 rows are left out",))
    cache.read("a", [file], read)
    with caplog.at_level("INFO", logger="stride"):
        cache.read("a", [file], read)
    assert caplog.messages == ["3 rows are left out"]


def test_a_dataset_of_the_users_is_made_each_time(mine):
    for _ in range(2):
        opened(dataset_name="mine:Squares")
    assert mine.calls == ["Squares"] * 2


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"val_fraction": 0.25},
        {"extra_splits": {"more": {"split": "all"}}, "val_fraction": 0.25},
        {"subsample_rate": 0.5},
    ],
)
def test_what_is_written_into_a_split_reaches_nothing_else(arrays, more, monkeypatch):
    cold = opened(**arrays | more)
    expected = [one.clone() for one in columns(cold)]
    monkeypatch.delattr("stride.data.arrays.open_arrays")  # nothing is read any more
    found = [cold, opened(**arrays | more)]
    written = [one for each in found for one in columns(each)]
    assert len({one.untyped_storage().data_ptr() for one in written}) == len(written)
    for one in written:
        one.zero_()
    warm = opened(**arrays | more)
    assert all(map(torch.equal, columns(warm), expected))
    assert warm.fingerprint == cold.fingerprint


def test_the_digest_of_what_is_held_is_that_of_its_content(arrays):
    one, other = opened(**arrays), opened(**arrays)
    assert one.fingerprint == other.fingerprint == fingerprint({"": one.parts["train"]})
    divided = opened(**arrays | {"val_fraction": 0.25})
    assert divided.fingerprint == one.fingerprint
    x = np.zeros((12, 2), dtype=np.float32)
    np.savez(arrays["path"], inputs=x, targets=np.arange(12) % 3)
    assert opened(**arrays).fingerprint != one.fingerprint


def test_a_dataset_of_several_files_is_read_again_when_one_of_them_changes(tmp_path):
    def write(name, text):
        (tmp_path / name).write_text(text)
        settle(tmp_path / name)

    write("S_TRAIN.tsv", "1\t0\n1\t1\n")
    write("S_TEST.tsv", "1\t2\n")
    kwargs = {"dataset_name": "ucr", "path": str(tmp_path), "val_share": 0.0}
    first, again = opened(**kwargs), opened(**kwargs)
    assert first.parts["test"].tensors[0].tolist() == [[[2]]]
    assert first.fingerprint == again.fingerprint
    write("S_TEST.tsv", "1\t3\n")
    assert opened(**kwargs).parts["test"].tensors[0].tolist() == [[[3]]]


def test_what_is_generated_is_held_without_files():
    kwargs = {"dataset_name": "sines", "num_train": 4, "num_val": 0, "num_test": 2}
    first, again = opened(**kwargs), opened(**kwargs)
    assert torch.equal(first.parts["train"].tensors[0], again.parts["train"].tensors[0])
    assert "val" not in first.parts and len(CACHE._held) == 2
