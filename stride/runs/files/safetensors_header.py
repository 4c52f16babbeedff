"""Read the header of a safetensors file: 8 bytes of length, JSON, then the numbers."""

import json
import math
from pathlib import Path
from typing import Any, BinaryIO

from stride.errors import RunError
from stride.runs.files.durable import told

_HEADER_LIMIT = 100 * 2**20  # bytes; the format's own limit
_SIZES = {"BOOL": 1, "U8": 1, "I8": 1, "F8_E4M3": 1, "F8_E5M2": 1, "U16": 2, "I16": 2, "F16": 2}
_SIZES |= {"BF16": 2, "U32": 4, "I32": 4, "F32": 4, "U64": 8, "I64": 8, "F64": 8}


def check_tensors(path: Path) -> None:
    """Check that the numbers of every tensor that the header names are in the file, and no others.

    Raises:
        RunError: The file cannot be read, or what is wrong with it.
    """
    with told("cannot read", path, RunError), path.open("rb") as file:
        header, size = _header(file, path.stat().st_size)
    header.pop("__metadata__", None)
    end = 0
    for begin, stop, name in sorted(_place(name, entry) for name, entry in header.items()):
        if begin != end:
            raise RunError(f"the tensor {name} does not begin where the one before it ends")
        end = stop
    if end != size:
        raise RunError(f"{size} bytes of numbers, where the header tells of {end}")


def _header(file: BinaryIO, size: int) -> tuple[dict[str, Any], int]:
    """Return the header and the number of bytes behind it."""
    length = int.from_bytes(file.read(8), "little")
    if size < 8 or length > min(size - 8, _HEADER_LIMIT):
        raise RunError("it is cut off in its header, or no safetensors file")
    try:
        header = json.loads(file.read(length))
    except (ValueError, RecursionError) as cause:
        raise RunError("its header is no JSON") from cause
    if not isinstance(header, dict):
        raise RunError("its header is no JSON object")
    return header, size - 8 - length


def _place(name: str, entry: Any) -> tuple[int, int, str]:
    """Return where the numbers of a tensor begin and end."""
    try:
        begin, end = entry["data_offsets"]
        count = math.prod(entry["shape"])
        size = _SIZES.get(entry["dtype"], 0)  # a newer type: its size is not checked
        wrong = not 0 <= begin <= end or (size and end - begin != size * count)
    except (TypeError, ValueError, KeyError) as cause:
        raise RunError(f"its header does not describe the tensor {name}") from cause
    if wrong:
        raise RunError(f"the tensor {name} has another number of bytes than its shape")
    return begin, end, name
