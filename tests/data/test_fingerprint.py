"""The digest is the content's: equal in every process and place, other for another value."""

import subprocess
import sys

import numpy as np
import torch

from stride.data import fingerprint as module
from stride.data.arrays import arrays
from stride.data.columns import ArrayDataset
from stride.data.digits import digits
from stride.data.fingerprint import fingerprint
from stride.data.samples import as_source
from stride.data.seeding import drawn_since, read_globals


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
    assert not drawn_since(before)
    assert noisy == fingerprint({"": as_source(mine.Noisy(), "n")})
    assert noisy != fingerprint({"": as_source(mine.Noisy(scale=2.0), "n")})
    texts = [fingerprint({"": as_source([{"a": [t, None]}], "t")}) for t in ("x", "y", "x")]
    assert texts[0] == texts[2] != texts[1]


def test_a_stream_counts_by_its_type(mine):
    assert fingerprint({"": as_source(mine.Stream(), "s")}) == fingerprint(
        {"": as_source(mine.Stream(size=3), "s")}
    )
