"""Read the wire format of protocol buffers: which fields a message has, and their bytes.

Source: protobuf.dev, "Encoding". The tools' own classes for it are not asked for: those of W&B are
internal and have moved between versions, and a run is to be readable where neither is installed.
"""

import struct
from collections.abc import Iterator, Mapping, Sequence

Field = int | bytes
Message = Mapping[int, Sequence[Field]]
"""The values of each field by its number: whole numbers, or bytes of whatever else it is."""

_VARINT, _EIGHT, _BYTES, _FOUR = 0, 1, 2, 5
_SIZES = {_EIGHT: 8, _FOUR: 4}
_LONGEST = 10  # bytes of a varint
_WHOLE = 2**64


def message(data: bytes) -> Message:
    """Return the fields of a message.

    Raises:
        ValueError: the bytes are not one.
    """
    found: dict[int, list[Field]] = {}
    for number, value in _fields(data):
        found.setdefault(number, []).append(value)
    return found


def _fields(data: bytes) -> Iterator[tuple[int, Field]]:
    at, end = 0, len(data)
    while at < end:
        key, at = _varint(data, at)
        number, kind = key >> 3, key & 7
        if kind == _VARINT:
            value, at = _varint(data, at)
            yield number, value
            continue
        if kind == _BYTES:
            size, at = _varint(data, at)
        elif kind in _SIZES:
            size = _SIZES[kind]
        else:
            raise ValueError(f"a field is of the unknown kind {kind}")
        if size > end - at:
            raise ValueError("a field is longer than its message")
        yield number, data[at : at + size]
        at += size


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """Return the number that begins at a place, and where it ends."""
    value = 0
    for shift, byte in enumerate(data[at : at + _LONGEST]):
        value |= (byte & 0x7F) << (7 * shift)
        if byte < 0x80:
            return value % _WHOLE, at + shift + 1
    raise ValueError("a number does not end")


def varints(data: bytes) -> list[int]:
    """Return the numbers of a packed field."""
    found, at = [], 0
    while at < len(data):
        value, at = _varint(data, at)
        found.append(value)
    return found


def whole(found: Message, number: int) -> int:
    """Return the last whole number of a field, with its sign; 0 where there is none."""
    value = found.get(number, (0,))[-1]
    if not isinstance(value, int):
        raise ValueError("a field is not a whole number")
    return signed(value)


def signed(value: int) -> int:
    """Return a number of 64 bits as one that may be negative."""
    return value - _WHOLE if value >= _WHOLE // 2 else value


def blob(found: Message, number: int) -> bytes:
    """Return the last bytes of a field; none where there are none."""
    value = found.get(number, (b"",))[-1]
    if not isinstance(value, bytes):
        raise ValueError("a field is a whole number")
    return value


def blobs(found: Message, number: int) -> list[bytes]:
    """Return all bytes of a repeated field."""
    return [value for value in found.get(number, ()) if isinstance(value, bytes)]


def text(found: Message, number: int) -> str:
    """Return the last text of a field; the empty one where there is none."""
    return blob(found, number).decode("utf-8", "replace")


def part(found: Message, number: int) -> Message:
    """Return the last message in a field; one without fields where there is none."""
    return message(blob(found, number))


def parts(found: Message, number: int) -> list[Message]:
    """Return all messages of a repeated field."""
    return [message(value) for value in blobs(found, number)]


def double(data: bytes) -> float:
    """Return the number of 8 bytes; 0.0 of none, as a field that is left out has."""
    return _float("<d", data) if data else 0.0


def single(data: bytes) -> float:
    """Return exactly the number of 4 bytes."""
    return _float("<f", data)


def _float(form: str, data: bytes) -> float:
    try:
        return float(struct.unpack(form, data)[0])
    except struct.error as error:
        raise ValueError(f"a field is not a float: {error}") from None
