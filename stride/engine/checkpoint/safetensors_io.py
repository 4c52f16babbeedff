"""Write and read safetensors files at the speed of the disk, each with its SHA-256.

A file is 8 bytes with the header's length, a JSON header of types, shapes and places, and the
numbers; everything little-endian. Several threads share the files.
"""

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import torch
from torch import Tensor

from stride.engine.checkpoint.background import in_threads
from stride.engine.checkpoint.hashed_file import write_hashed
from stride.engine.checkpoint.memory import as_bytes, empty
from stride.errors import RunError
from stride.runs.files.safe_open import reading
from stride.runs.files.safetensors_header import read_header

SHARD_BYTES = 128 * 2**20
_THREADS = 4  # two hash while two wait for the disk
_CHUNK = 2**20
_BUFFER = 2**16
_ALIGNMENT = 64

DTYPES = {
    "BOOL": torch.bool,
    "U8": torch.uint8,
    "I8": torch.int8,
    "F8_E4M3": torch.float8_e4m3fn,
    "F8_E4M3FNUZ": torch.float8_e4m3fnuz,
    "F8_E5M2": torch.float8_e5m2,
    "F8_E5M2FNUZ": torch.float8_e5m2fnuz,
    "U16": torch.uint16,
    "I16": torch.int16,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "U32": torch.uint32,
    "I32": torch.int32,
    "F32": torch.float32,
    "U64": torch.uint64,
    "I64": torch.int64,
    "F64": torch.float64,
    "C64": torch.complex64,
}
"""Every type that a file can hold, by its name there."""

_NAMES = {dtype: name for name, dtype in DTYPES.items()}


def shards(tensors: Mapping[str, Tensor], limit: int) -> Iterator[dict[str, Tensor]]:
    """Yield the tensors in groups of at most so many bytes; a larger tensor is alone in its own.

    The order is one of sizes of types and names, whatever order they are given in: equal tensors
    make equal files, in which each number is aligned.
    """
    group: dict[str, Tensor] = {}
    size = 0
    for name in sorted(tensors, key=lambda name: (-tensors[name].itemsize, name)):
        tensor = tensors[name]
        if group and size + tensor.nbytes > limit:
            yield group
            group, size = {}, 0
        group[name] = tensor
        size += tensor.nbytes
    if group:
        yield group


def write_tensors(files: Mapping[Path, Mapping[str, Tensor]]) -> dict[str, dict[str, Any]]:
    """Write tensors by name into new, durable files; return each file's SHA-256 and size.

    Raises:
        StrideError: a file cannot be written (full disk, no permission), naming it.
    """
    largest_first = sorted(files, key=lambda path: -sum(t.nbytes for t in files[path].values()))
    records = in_threads(lambda path: _write(path, files[path]), largest_first, _THREADS)
    return {path.name: record for path, record in zip(largest_first, records, strict=True)}


def _write(path: Path, tensors: Mapping[str, Tensor]) -> dict[str, Any]:
    return write_hashed(path, _pieces(tensors))


def _pieces(tensors: Mapping[str, Tensor]) -> Iterator[bytes | memoryview]:
    yield header(tensors, {"format": "pt"})
    for tensor in tensors.values():
        # One by one: a copy of what is not contiguous lives no longer than its writing.
        yield as_bytes(tensor.detach().cpu().resolve_conj().resolve_neg().contiguous())


def _chunks(whole: memoryview) -> Iterator[memoryview]:
    return (whole[start : start + _CHUNK] for start in range(0, len(whole), _CHUNK))


def header(tensors: Mapping[str, Tensor], metadata: Mapping[str, str]) -> bytes:
    """Return what a file begins with whose numbers are those of the tensors, in their order."""
    places: dict[str, Any] = {"__metadata__": dict(metadata)}
    end = 0
    for name, tensor in tensors.items():
        start, end = end, end + tensor.nbytes
        shape = list(tensor.shape)
        places[name] = {"dtype": _NAMES[tensor.dtype], "shape": shape, "data_offsets": [start, end]}
    text = json.dumps(places, separators=(",", ":")).encode()
    text += b" " * (-(8 + len(text)) % _ALIGNMENT)
    return len(text).to_bytes(8, "little") + text


def read_tensors(files: Mapping[Path, Mapping[str, Any]]) -> dict[str, Tensor]:
    """Return the tensors of all files by name, in memory of their own.

    Args:
        files: the SHA-256 and the size that each file must have, as `write_tensors` gives them.

    Raises:
        RunError: a file is missing or damaged, naming it.
    """
    largest_first = sorted(files, key=lambda path: -files[path]["size"])
    read = in_threads(lambda path: _read(path, files[path]), largest_first, _THREADS)
    return {name: tensor for tensors in read for name, tensor in tensors.items()}


def _read(path: Path, record: Mapping[str, Any]) -> dict[str, Tensor]:
    """Read one file, hashing what was read before anybody may use it."""
    damaged = RunError(f"the checkpoint's file {path.name} is damaged", where=str(path))
    try:
        with reading(path, _BUFFER) as file:
            if (size := os.fstat(file.fileno()).st_size) != record["size"]:
                raise RunError(f"{size} bytes instead of {record['size']}")
            if hasattr(os, "posix_fadvise"):  # the system then reads further ahead
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_SEQUENTIAL)
            digest = hashlib.sha256()
            tensors = _parse(file, digest.update)
    except FileNotFoundError as error:
        raise RunError(f"the checkpoint's file {path.name} is missing", where=str(path)) from error
    except OSError as error:
        raise RunError(f"cannot read: {error.strerror}", where=str(path)) from error
    except RunError as error:
        raise RunError(f"{damaged.what}: {error.what}", where=str(path)) from error
    if digest.hexdigest() != record["sha256"]:
        raise damaged
    return tensors


def _parse(file: BinaryIO, note: Callable[[Any], None]) -> dict[str, Tensor]:
    """Read a file, telling `note` all bytes.

    Raises:
        RunError: it is not a safetensors file, or has a type that torch lacks.
    """
    header = read_header(file)
    note(header.content)
    tensors = {}
    for name, stored in header.tensors.items():
        if stored.dtype not in DTYPES:
            raise RunError(f"the tensor {name!r} has the type {stored.dtype}, which torch lacks")
        tensors[name] = empty(stored.shape, DTYPES[stored.dtype])
        for chunk in _chunks(as_bytes(tensors[name])):
            if file.readinto(chunk) != len(chunk):  # type: ignore[attr-defined]
                raise RunError("it ends too early")
            note(chunk)
    return tensors
