"""Read the header of a safetensors file: 8 bytes of length, JSON, then the numbers.

Every reader of tensors in this project goes by this one, so that no file means one thing here and
another there. Stricter than the library in one way: no name comes twice.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from stride.errors import RunError
from stride.runs.files.durable import os_errors_as
from stride.runs.files.safe_open import reading

_LARGEST_HEADER = 100_000_000  # bytes; the format's own limit
_LARGEST = 2**63 - 1  # what an index can be
_BITS = {"F4": 4, "F6_E2M3": 6, "F6_E3M2": 6, "BOOL": 8, "U8": 8, "I8": 8}
_BITS |= dict.fromkeys(("F8_E4M3", "F8_E4M3FNUZ", "F8_E5M2", "F8_E5M2FNUZ", "F8_E8M0"), 8)
_BITS |= {"U16": 16, "I16": 16, "F16": 16, "BF16": 16, "U32": 32, "I32": 32, "F32": 32}
_BITS |= {"U64": 64, "I64": 64, "F64": 64, "C64": 64}


class StoredTensor(NamedTuple):
    """Say what a tensor is and where its numbers are.

    Attributes:
        dtype: by its name in the format.
        shape: its lengths.
        begin: byte of the file at which its numbers begin.
        end: byte behind them.
    """

    dtype: str
    shape: tuple[int, ...]
    begin: int
    end: int


class Header(NamedTuple):
    """Hold what a file begins with.

    Attributes:
        content: the bytes before the numbers.
        tensors: by name, in the order of their numbers.
        metadata: texts by name.
    """

    content: bytes
    tensors: dict[str, StoredTensor]
    metadata: dict[str, str]


def check_tensors(path: Path) -> None:
    """Check that the numbers of every tensor that the header names are in the file, and no others.

    Raises:
        RunError: the file cannot be read, or what is wrong with it.
    """
    with os_errors_as("cannot read", path, RunError), reading(path) as file:
        read_header(file)


def read_header(file: BinaryIO) -> Header:
    """Read the header of a file that is at its start; the numbers are to fill the rest of it.

    Raises:
        RunError: what is wrong with it; names the tensor, and no file.
    """
    size = os.fstat(file.fileno()).st_size
    start = file.read(8)
    length = int.from_bytes(start, "little")
    if size < 8 or length > min(size - 8, _LARGEST_HEADER):
        raise RunError("it is cut off in its header, or no safetensors file")
    content = start + file.read(length)
    described = _parse(content[8:])
    metadata = described.pop("__metadata__", {})
    texts = metadata.values() if isinstance(metadata, dict) else [None]
    if not all(isinstance(text, str) for text in texts):
        raise RunError("its metadata are not texts by name")
    tensors = dict(_in_order(described, len(content), size))
    return Header(content, tensors, metadata)


def _parse(text: bytes) -> dict[str, Any]:
    if not text.startswith(b"{"):  # nor another encoding, which json would find out
        raise RunError("its header is not a JSON object")
    try:
        header: dict[str, Any] = json.loads(text.decode(), object_pairs_hook=_once)
    except (ValueError, RecursionError) as cause:
        raise RunError("its header is not JSON") from cause
    return header


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = dict(pairs)
    if len(names) < len(pairs):
        twice = next(name for i, (name, _) in enumerate(pairs) if name in dict(pairs[:i]))
        raise RunError(f"its header has {twice!r} twice")
    return names


def _in_order(
    described: dict[str, Any], begin: int, size: int
) -> Iterator[tuple[str, StoredTensor]]:
    """Yield the tensors in the order of their numbers, which lie without gaps up to the end."""
    found = [(name, _tensor(name, entry, begin)) for name, entry in described.items()]
    end = begin
    for name, tensor in sorted(found, key=lambda one: (one[1].begin, one[1].end)):
        if tensor.begin != end:
            raise RunError(f"the tensor {name!r} does not begin where the one before it ends")
        end = tensor.end
        if end > size:
            raise RunError(f"the tensor {name!r} is cut off")
        yield name, tensor
    if end != size:
        raise RunError(f"{size - begin} bytes of numbers, where the header tells of {end - begin}")


def _tensor(name: str, entry: Any, start: int) -> StoredTensor:
    try:
        dtype, shape, (begin, end) = entry["dtype"], entry["shape"], entry["data_offsets"]
        numbers = all(type(number) is int and number >= 0 for number in (*shape, begin, end))
        numbers = numbers and type(shape) is list
        bits = _BITS.get(dtype)
    except (TypeError, ValueError, KeyError) as cause:
        raise RunError(f"its header does not describe the tensor {name!r}") from cause
    if not numbers:
        raise RunError(f"the tensor {name!r} has a length or place that is not a number from 0 on")
    if bits is None:
        raise RunError(f"the tensor {name!r} has the unknown type {dtype!r}")
    if 8 * (end - begin) != bits * _count(name, shape):
        raise RunError(f"the tensor {name!r} has another number of bytes than its shape")
    return StoredTensor(dtype, tuple(shape), start + begin, start + end)


def _count(name: str, shape: list[int]) -> int:
    """Return how many numbers a tensor has; one without any has no lengths beyond all bounds."""
    count = 1
    for length in shape:
        count *= max(length, 1)
        if count > _LARGEST:
            raise RunError(f"the tensor {name!r} has a shape that no memory holds")
    return 0 if 0 in shape else count
