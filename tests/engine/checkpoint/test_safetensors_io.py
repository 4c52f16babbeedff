"""Tensors in files: every type comes back, the library reads them, damage is found."""

import errno
import hashlib
import json
import os

import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file

from stride.engine.checkpoint.memory import as_bytes
from stride.engine.checkpoint.safetensors_io import DTYPES, read_tensors, shards, write_tensors
from stride.errors import RunError, StrideError


def of_type(dtype, *shape):
    size = torch.empty(shape, dtype=dtype).nbytes
    content = torch.randint(0, 2, (size,), dtype=torch.uint8)
    return content.view(dtype).reshape(shape)


def written(folder, tensors):
    """Write one file; return what `read_tensors` takes."""
    path = folder / "part.safetensors"
    path.unlink(missing_ok=True)
    return {path: write_tensors({path: tensors})[path.name]}


def same(got, tensors):
    assert got.keys() == tensors.keys()
    for name, tensor in tensors.items():
        assert (got[name].dtype, got[name].shape) == (tensor.dtype, tensor.shape), name
        whole = tensor.resolve_conj().resolve_neg().contiguous()
        assert bytes(as_bytes(got[name])) == bytes(as_bytes(whole)), name


EVERYTHING = {
    **{f"type/{name}": of_type(dtype, 3, 2) for name, dtype in DTYPES.items()},
    **{f"number/{name}": of_type(dtype) for name, dtype in DTYPES.items()},
    "nothing": torch.empty(0),
    "nothing/wide": torch.empty(3, 0, 2, dtype=torch.int64),
    "turned": torch.arange(6.0).reshape(2, 3).T,
    "every second": torch.arange(10)[::2],
    "spread": torch.ones(1).expand(4),
    "conjugate": torch.tensor([1 + 2j, 3 - 1j]).conj(),
    "negative": torch.tensor([1 + 2j, 3 - 1j]).conj().imag,
    "negative, in one piece": torch._neg_view(torch.arange(3.0)),
    'müde "name"\n': torch.ones(2, requires_grad=True).detach(),
    "larger than a block": torch.randn(300_001),
}


def test_everything_comes_back(tmp_path):
    same(read_tensors(written(tmp_path, EVERYTHING)), EVERYTHING)


def test_the_library_reads_the_same(tmp_path):
    (path,) = written(tmp_path, EVERYTHING)
    same(load_file(path), EVERYTHING)


def test_files_of_the_library_are_read(tmp_path):
    path = tmp_path / "theirs.safetensors"
    tensors = {name: tensor.resolve_conj().contiguous() for name, tensor in EVERYTHING.items()}
    tensors = {name: tensor for name, tensor in tensors.items() if "negative" not in name}
    save_file({name: tensor.clone() for name, tensor in tensors.items()}, path)
    content = path.read_bytes()
    record = {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}
    same(read_tensors({path: record}), tensors)


def test_numbers_begin_at_a_multiple_of_64_bytes(tmp_path):
    (path,) = written(tmp_path, EVERYTHING)
    assert (8 + int.from_bytes(path.read_bytes()[:8], "little")) % 64 == 0


def test_equal_tensors_make_equal_files_in_whatever_order(tmp_path):
    backwards = dict(reversed(EVERYTHING.items()))
    first = [written(tmp_path, shard) for shard in shards(EVERYTHING, 10**9)]
    assert [written(tmp_path, shard) for shard in shards(backwards, 10**9)] == first


def test_what_is_read_is_memory_of_its_own(tmp_path):
    files = written(tmp_path, {"a": torch.ones(3), "b": torch.ones(2**21)})
    read = read_tensors(files)
    (path,) = files
    path.write_bytes(b"\xff" * path.stat().st_size)
    assert read["a"].add_(1).tolist() == [2.0] * 3
    assert read["b"].unique().tolist() == [1.0]


@given(st.lists(st.integers(0, 40)), st.integers(1, 60))
@example([0, 40], 1)
def test_shards_are_bounded_unless_one_tensor_is_larger(sizes, limit):
    tensors = {str(i): torch.empty(size, dtype=torch.uint8) for i, size in enumerate(sizes)}
    groups = list(shards(tensors, limit))
    assert sorted(name for group in groups for name in group) == sorted(tensors)
    for group in groups:
        assert group
        assert len(group) == 1 or sum(tensor.nbytes for tensor in group.values()) <= limit


@pytest.mark.parametrize("place", [0, 9, 70, -1])
def test_one_changed_bit_anywhere_is_found(tmp_path, place):
    files = written(tmp_path, {"a": torch.ones(300)})
    (path,) = files
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)
    with pytest.raises(RunError, match=r"part\.safetensors is damaged"):
        read_tensors(files)


def header(places, numbers):
    text = json.dumps(places).encode() if isinstance(places, dict) else places
    return len(text).to_bytes(8, "little") + text + numbers


PLACE = {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff" * 8,
        header(b"garbage", b""),
        header(b"[]", b""),
        header({"a": {}}, b""),
        header({"a": 3}, b""),
        header({"a": PLACE | {"dtype": "F99"}}, b"1234"),
        header({"a": PLACE | {"shape": [2**60]}}, b"1234"),
        header({"a": PLACE | {"shape": [2**60], "data_offsets": [0, 2**62]}}, b"1234"),
        header({"a": PLACE | {"shape": [-1]}}, b"1234"),
        header({"a": PLACE, "b": PLACE}, b"1234"),
        header({"a": PLACE}, b"12345"),
        header({"a": PLACE}, b"123"),
    ],
)
def test_a_file_that_is_none_is_told_even_with_the_right_digest(tmp_path, content):
    path = tmp_path / "bad.safetensors"
    path.write_bytes(content)
    record = {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}
    with pytest.raises(RunError, match=r"bad\.safetensors is damaged"):
        read_tensors({path: record})


def test_a_missing_file_is_told(tmp_path):
    record = {"sha256": "0" * 64, "size": 8}
    with pytest.raises(RunError, match=r"gone\.safetensors is missing"):
        read_tensors({tmp_path / "gone.safetensors": record})


def test_a_full_disk_is_told_with_the_files_name(tmp_path, monkeypatch):
    def full(descriptor, data):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(StrideError, match=r"cannot write: No space.*part\.safetensors"):
        written(tmp_path, {"a": torch.ones(3)})
