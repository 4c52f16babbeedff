"""The digest is the content's: equal in every process and place, other for another value."""

import subprocess
import sys

import numpy as np
import pytest
import torch

from stride.data import fingerprint as module
from stride.data.array_dataset import ArrayDataset
from stride.data.arrays import arrays
from stride.data.digits import digits
from stride.data.fingerprint import fingerprint, spread
from stride.data.samples import as_source
from stride.data.seeding import advanced_since, read_globals


def of(*tensors):
    return fingerprint({"": ArrayDataset(tensors)})


def test_it_is_equal_in_another_process():
    code = (
        "from stride.data.digits import digits; from stride.data.fingerprint import fingerprint;"
        "print(fingerprint({'': digits()}))"
    )
    other = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert other.stdout.strip() == fingerprint({"": digits()})


def test_any_value_shape_type_or_label_changes_it():
    data = torch.arange(12.0).view(4, 3)
    changed = data.clone()
    changed[3, 1] += 1e-6
    variants = [of(data), of(changed), of(data.view(3, 4)), of(data.double()), of(data, data)]
    variants.append(fingerprint({"": ArrayDataset([data], classes=("a",))}))
    variants.append(fingerprint({"train": ArrayDataset([data])}))
    assert len(set(variants)) == len(variants)


def test_annotations_count_by_name_and_content():
    def digest(**annotations):
        return fingerprint({"": ArrayDataset([torch.zeros(2)], annotations=annotations)})

    labels = torch.tensor([0, 1])
    made = [digest(), digest(labels=labels), digest(labels=1 - labels), digest(start=labels)]
    assert len({*made}) == 4


def test_mapped_and_loaded_data_are_the_same_data(tmp_path):
    np.save(tmp_path / "inputs.npy", np.random.default_rng(0).normal(size=(100, 3)))
    mapped, loaded = (arrays(str(tmp_path), targets=None, memory_map=m) for m in (True, False))
    assert fingerprint({"": mapped}) == fingerprint({"": loaded})
    (tmp_path / "moved").mkdir()
    (tmp_path / "inputs.npy").rename(tmp_path / "moved" / "inputs.npy")
    moved = arrays(str(tmp_path / "moved"), targets=None, memory_map=True)
    assert fingerprint({"": moved}) == fingerprint({"": loaded})


def test_large_data_is_sampled(monkeypatch):
    monkeypatch.setattr(module, "WHOLE_BYTES", 400)
    monkeypatch.setattr(module, "SPREAD_ROWS", 10)
    data = torch.zeros(1000, 1)
    first = of(data)
    for row in (5, 99, 999):  # in the beginning, and the last of the spread rows
        data[row] = 1
        assert of(data) != first
        data[row] = 0
    data[101] = 1
    assert of(data) == first


def test_a_users_samples_count_and_draw_nothing(mine):
    before = read_globals()
    noisy = fingerprint({"": as_source(mine.Noisy(), "n")})
    assert not advanced_since(before)
    assert noisy == fingerprint({"": as_source(mine.Noisy(), "n")})
    assert noisy != fingerprint({"": as_source(mine.Noisy(scale=2.0), "n")})
    own = mine.Own()
    state = own.rng.bit_generator.state
    drawing = fingerprint({"": as_source(own, "o")})
    assert own.rng.bit_generator.state == state
    own.rng.random()
    assert drawing == fingerprint({"": as_source(own, "o")})
    texts = [fingerprint({"": as_source([{"a": [t, None]}], "t")}) for t in ("x", "y", "x")]
    assert texts[0] == texts[2] != texts[1]


class Lazy:
    """A dataset of any length that holds nothing and notes what it was asked for."""

    def __init__(self, length):
        self.length, self.asked = length, []

    def __len__(self):
        return self.length

    def __getitem__(self, index):
        assert 0 <= index < self.length
        self.asked.append(index)
        return index


@pytest.mark.parametrize("length", [2**24 + 4, 2**24 + 8, 2**24 + 10, 2**31 + 5])
def test_samples_beyond_what_float32_counts_are_picked_within_the_data(length):
    data = Lazy(length)
    fingerprint({"": as_source(data, "lazy")})
    asked = torch.tensor(data.asked)
    assert len(asked.unique()) == 64 and asked[0] == 0 and length - 8 < asked[-1] < length
    gaps = asked.diff().double()
    assert (gaps / gaps.mean() - 1).abs().max() < 1e-4


def test_the_picks_of_all_smaller_data_are_those_of_before():
    assert spread(0, -1, 0).tolist() == []
    for length in (1, 2, 63, 64, 65, 148, 295, 1797, 60_000, 1_048_576, 9_999_999, 2**24 + 1):
        count = min(64, length)
        before = torch.linspace(0, length - 1, count).long()
        assert torch.equal(spread(0, length - 1, count), before)


def test_a_stream_counts_by_its_type(mine):
    assert fingerprint({"": as_source(mine.Stream(), "s")}) == fingerprint(
        {"": as_source(mine.Stream(size=3), "s")}
    )
