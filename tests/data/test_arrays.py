"""Arrays: every format gives the same dataset, mapped or not; nothing is unpickled."""

import json
import pickle
import struct

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from stride.data import arrays as module
from stride.data.arrays import arrays
from stride.errors import DataError

RNG = np.random.default_rng(0)
INPUTS = RNG.normal(size=(30, 2, 3)).astype(np.float32)
TARGETS = RNG.integers(0, 4, 30)


@pytest.fixture
def files(tmp_path):
    np.save(tmp_path / "inputs.npy", INPUTS)
    np.save(tmp_path / "targets.npy", TARGETS)
    np.savez(tmp_path / "data.npz", inputs=INPUTS, targets=TARGETS)
    np.savez_compressed(tmp_path / "small.npz", inputs=INPUTS, targets=TARGETS)
    tensors = {"targets": torch.tensor(TARGETS), "inputs": torch.tensor(INPUTS)}
    save_file(tensors, tmp_path / "data.safetensors", metadata={"made": "here"})
    return tmp_path


def refused(*args, **options):
    with pytest.raises(DataError) as caught:
        arrays(*args, **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("memory_map", [False, True])
@pytest.mark.parametrize("name", ["", "data.npz", "data.safetensors"])
def test_the_formats_agree(files, name, memory_map):
    data = arrays(str(files / name), memory_map=memory_map)
    assert data.in_memory is not memory_map
    chosen = torch.tensor([29, 0, 7, 7])
    inputs, targets = data.take(chosen)
    assert torch.equal(inputs, torch.tensor(INPUTS)[chosen])
    assert torch.equal(targets, torch.tensor(TARGETS)[chosen])
    picked = data.select(torch.tensor([3, 5, 8])).select(torch.tensor([2, 0]))
    assert torch.equal(picked.take(torch.tensor([1, 0]))[0], torch.tensor(INPUTS)[[3, 8]])
    assert torch.equal(picked[1][0], torch.tensor(INPUTS)[3])


def test_a_compressed_array_is_read_but_not_mapped(files):
    assert torch.equal(arrays(str(files / "small.npz")).tensors[0], torch.tensor(INPUTS))
    assert "numpy.savez" in refused(str(files / "small.npz"), memory_map=True)


def test_arrays_larger_than_memory_are_mapped(files, monkeypatch):
    monkeypatch.setattr(module, "available_memory", lambda: INPUTS.nbytes)
    assert not arrays(str(files)).in_memory
    monkeypatch.setattr(module, "available_memory", lambda: 3 * INPUTS.nbytes // 2)
    assert not arrays(str(files), targets=None).in_memory  # some is left for the training
    monkeypatch.setattr(module, "available_memory", lambda: 10 * INPUTS.nbytes)
    assert arrays(str(files)).in_memory


def test_a_mapped_column_travels_without_its_data(tmp_path):
    np.save(tmp_path / "inputs.npy", np.zeros((10_000, 8), dtype=np.float32))
    data = arrays(str(tmp_path), targets=None, memory_map=True)
    data.take(torch.tensor([1]))
    sent = pickle.dumps(data)
    assert len(sent) < 2000
    assert pickle.loads(sent).take(torch.tensor([1, 2]))[0].shape == (2, 8)


@pytest.mark.parametrize("memory_map", [False, True])
@pytest.mark.parametrize(
    ("stored", "flat", "deep"),
    [
        ("float64", "f", "f"), ("float16", "f", "f"), (">f4", "f", "f"), ("bool", "f", "f"),
        ("uint8", "f", "f"), ("int16", "i", "f"), ("uint16", "i", "f"), ("int32", "i", "f"),
        (">i8", "i", "f"), ("uint64", "i", "f"),
    ],
)  # fmt: skip
def test_stored_types_become_types_for_training(tmp_path, stored, flat, deep, memory_map):
    types = {"f": torch.float32, "i": torch.int64}
    for values, expected in (([[0, 1], [1, 1]], flat), ([[[0], [1]], [[1], [1]]], deep)):
        np.save(tmp_path / "inputs.npy", np.array(values).astype(stored))
        data = arrays(str(tmp_path), targets=None, memory_map=memory_map)
        (read,) = data.take(torch.tensor([0, 1]))
        assert read.dtype == types[expected] and read.tolist() == values


def test_a_key_says_what_whole_numbers_are(tmp_path):
    np.save(tmp_path / "inputs.npy", np.ones((2, 3), dtype=np.int16))
    read = arrays(str(tmp_path), targets=None, input_kind="float")
    assert read.tensors[0].dtype == torch.float32
    np.save(tmp_path / "inputs.npy", np.ones((2, 3, 4), dtype=np.uint8))
    read = arrays(str(tmp_path), targets=None, input_kind="index")
    assert read.tensors[0].dtype == torch.int64
    np.save(tmp_path / "inputs.npy", np.ones((2, 3)))
    message = refused(str(tmp_path), targets=None, input_kind="index")
    assert "does not hold indices" in message and "dataset_kwargs.input_kind" in message


@pytest.mark.parametrize("memory_map", [False, True])
@pytest.mark.parametrize(
    ("stored", "large", "message"),
    [
        ("float64", 1e39, "1e+39 is too large for float32"),
        (">f8", -1e39, "-1e+39 is too large for float32"),
        ("uint64", 2**63, "9223372036854775808 is too large for int64"),
    ],
)
def test_no_number_wraps_around_or_becomes_infinite(tmp_path, stored, large, message, memory_map):
    values = np.zeros((4, 3), dtype=stored)
    values[2, 1] = large
    np.save(tmp_path / "inputs.npy", values)
    with pytest.raises(DataError) as caught:
        arrays(str(tmp_path), targets=None, memory_map=memory_map).take(torch.tensor([0, 3, 2]))
    assert message in str(caught.value) and "sample 2, at [1]" in str(caught.value)


@pytest.mark.parametrize("memory_map", [False, True])
def test_bfloat16_and_fortran_order(tmp_path, memory_map):
    save_file(
        {"inputs": torch.tensor([[1.5], [-2.0]], dtype=torch.bfloat16)}, tmp_path / "a.safetensors"
    )
    data = arrays(str(tmp_path / "a.safetensors"), targets=None, memory_map=memory_map)
    assert data.take(torch.tensor([1, 0]))[0].tolist() == [[-2.0], [1.5]]
    np.save(tmp_path / "f.npy", np.asfortranarray(INPUTS))
    data = arrays(str(tmp_path / "f.npy"), memory_map=memory_map)
    assert torch.equal(data.take(torch.arange(30))[0], torch.tensor(INPUTS))


def test_text_labels_become_codes(tmp_path):
    np.savez(tmp_path / "a.npz", x=np.ones((3, 1)), y=np.array(["b", "a", "b"]))
    data = arrays(str(tmp_path / "a.npz"), "x", "y")
    assert data.tensors[1].tolist() == [1, 0, 1] and data.classes == ("a", "b")
    assert data.inferred == {"classes": ["a", "b"]}
    known = arrays(str(tmp_path / "a.npz"), "x", "y", classes=["c", "b", "a"])
    assert known.tensors[1].tolist() == [1, 2, 1] and known.classes == ("c", "b", "a")
    message = refused(str(tmp_path / "a.npz"), "x", "y", classes=["c", "b"])
    assert "'a' is not in dataset_kwargs.classes" in message and "data row 2" in message
    np.savez(tmp_path / "a.npz", x=np.ones((2, 1)), y=np.array(["b", ""]))
    assert "a label is missing" in refused(str(tmp_path / "a.npz"), "x", "y")


def test_float_targets_are_numbers(tmp_path):
    np.savez(tmp_path / "a.npz", inputs=np.ones((3, 1)), targets=np.array([0.5, 1, 2]))
    assert arrays(str(tmp_path / "a.npz")).tensors[1].dtype == torch.float32


class Bomb:
    def __reduce__(self):
        return (exec, ("raise SystemExit('unpickled')",))


def test_pickled_arrays_are_never_read(tmp_path):
    np.save(tmp_path / "inputs.npy", np.array([Bomb()], dtype=object), allow_pickle=True)
    assert "pickles are never read" in refused(str(tmp_path), targets=None)
    np.savez(tmp_path / "a.npz", inputs=np.array([Bomb()], dtype=object), allow_pickle=True)
    assert "pickles are never read" in refused(str(tmp_path / "a.npz"), targets=None)


def test_wrong_names_and_lengths(files):
    path = str(files / "data.npz")
    assert "did you mean 'inputs'?" in refused(path, inputs="input")
    assert "type targets=null" in refused(path, targets="zzz")
    np.savez(files / "long.npz", inputs=np.ones((3, 2)), targets=np.ones(4))
    assert "differ in length: inputs 3, targets 4" in refused(str(files / "long.npz"))
    np.savez(files / "none.npz", inputs=np.ones((0, 2)), targets=np.ones(0))
    assert "no samples" in refused(str(files / "none.npz"))
    np.savez(files / "nan.npz", inputs=np.ones((2, 2)), targets=np.array([1.0, np.nan]))
    assert "1 targets are NaN or infinite, first in data row 2" in refused(str(files / "nan.npz"))
    np.savez(files / "text.npz", inputs=np.array(["a", "b"]), targets=np.ones(2))
    assert "does not hold numbers" in refused(str(files / "text.npz"))


@pytest.mark.parametrize("name", ["a.npz", "a.npy", "a.safetensors"])
@pytest.mark.parametrize("content", [b"", b"nonsense, and a little more of it"])
def test_damaged_files_are_named(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    assert f"not a .{name[2:]} file" in refused(str(tmp_path / name))


@pytest.mark.parametrize("place", [[-8, 0], [4, 12], [9, 17]])
def test_a_safetensors_file_whose_tensors_are_not_in_their_places(tmp_path, place):
    places = {"inputs": place, "targets": [0, 8]}
    header = {n: {"dtype": "F32", "shape": [2], "data_offsets": p} for n, p in places.items()}
    text = json.dumps(header).encode()
    path = tmp_path / "odd.safetensors"
    path.write_bytes(struct.pack("<Q", len(text)) + text + bytes(12))
    assert "not a .safetensors file: the tensor 'inputs'" in refused(str(path))


def test_a_safetensors_file_that_is_cut_off(files):
    whole = (files / "data.safetensors").read_bytes()
    (files / "cut.safetensors").write_bytes(whole[:-8])
    assert "is cut off" in refused(str(files / "cut.safetensors"))
    header = json.dumps({"inputs": {"dtype": "F8", "shape": [1], "data_offsets": [0, 1]}}).encode()
    (files / "new.safetensors").write_bytes(struct.pack("<Q", len(header)) + header + b"0")
    assert "not a .safetensors file" in refused(str(files / "new.safetensors"))


def test_missing_and_foreign_files(files):
    assert "did you mean 'data.npz'?" in refused(str(files / "dataa.npz"))
    (files / "data.csv").write_text("x\n1\n")
    assert "dataset_name=table" in refused(str(files / "data.csv"))
