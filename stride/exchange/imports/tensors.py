"""Read single numbers out of TensorFlow's messages for tensors, exactly."""

import struct
from collections.abc import Mapping
from math import prod
from typing import NamedTuple

from stride.exchange.imports.wire import Message, blob, blobs, parts, signed, varints, whole
from stride.exchange.imports.wire import part as part_of

_DTYPE, _SHAPE, _CONTENT, _DIM, _SIZE = 1, 2, 4, 2, 1
_BFLOAT16 = 14


class _Kind(NamedTuple):
    """Say how a type of number is written.

    Attributes:
        form: of its bytes.
        field: which holds the numbers where they are not given as bytes.
        varint: whether they are written as whole numbers there.
    """

    form: str
    field: int
    varint: bool = True


_KINDS: Mapping[int, _Kind] = {
    1: _Kind("<f", 5, varint=False),
    2: _Kind("<d", 6, varint=False),
    3: _Kind("<i", 7),
    4: _Kind("<B", 7),
    5: _Kind("<h", 7),
    6: _Kind("<b", 7),
    9: _Kind("<q", 10),
    _BFLOAT16: _Kind("<H", 13),
    17: _Kind("<H", 7),
    19: _Kind("<e", 13),
    22: _Kind("<I", 16),
    23: _Kind("<Q", 17),
}
"""By the number of the type in types.proto; truth values and texts are no numbers."""


def is_number(tensor: Message) -> bool:
    """Tell whether a tensor is one number."""
    sizes = [whole(dim, _SIZE) for dim in parts(part_of(tensor, _SHAPE), _DIM)]
    return whole(tensor, _DTYPE) in _KINDS and prod(sizes) == 1


def number_of(tensor: Message) -> int | float:
    """Return the number of a tensor that is one, as exactly as the tensor has it.

    Raises:
        ValueError: its bytes are not that of a number.
    """
    dtype = whole(tensor, _DTYPE)
    kind = _KINDS[dtype]
    try:
        found = struct.unpack_from(kind.form, _bytes_of(tensor, kind))[0]
        if dtype == _BFLOAT16:  # the upper half of a float
            found = struct.unpack("<f", struct.pack("<I", found << 16))[0]
    except (struct.error, OverflowError) as error:
        raise ValueError(f"a tensor is not the number that it is said to be: {error}") from None
    return int(found) if isinstance(found, int) else float(found)


def _bytes_of(tensor: Message, kind: _Kind) -> bytes:
    content = blob(tensor, _CONTENT)
    if content:
        return content
    size = struct.calcsize(kind.form)
    if not kind.varint:
        return b"".join(blobs(tensor, kind.field)) or bytes(size)
    packed = [number for data in blobs(tensor, kind.field) for number in varints(data)]
    single = [number for number in tensor.get(kind.field, ()) if isinstance(number, int)]
    number = signed(next(iter([*packed, *single]), 0))
    return number.to_bytes(8, "little", signed=number < 0)[:size]
