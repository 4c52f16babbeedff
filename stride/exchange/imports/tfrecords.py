"""Take the records out of TensorBoard's files of events, as far as a file is whole.

Source: tensorflow.org, "TFRecord": a length of 8 bytes and its CRC-32C, the data and its CRC-32C,
both masked. CRC-32C: RFC 3720, appendix B.4.
"""

import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from stride.errors import RunError
from stride.exchange.imports.source import Tell
from stride.runs.files.durable import os_errors_as
from stride.runs.files.safe_open import reading

LARGEST = 64 * 2**20
"""Bytes of the largest record that is read: those of numbers have a few hundred."""

_HEAD, _TAIL = struct.Struct("<QI"), struct.Struct("<I")
_POLYNOMIAL = 0x82F63B78


def tfrecords(path: Path, tell: Tell) -> Iterator[bytes]:
    """Yield the records of a file of events.

    Args:
        path: the file.
        tell: is given in words what was not read.

    Raises:
        RunError: the file cannot be read.
    """
    skipped = {"damaged": 0, f"larger than {LARGEST >> 20} MiB": 0}
    bad, large = skipped
    with os_errors_as("cannot read", path, RunError), reading(path) as file:
        for size in _sizes(file, path.name, tell):
            if size > LARGEST:
                skipped[large] += 1
                file.seek(size + _TAIL.size, os.SEEK_CUR)
                continue
            data = file.read(size)
            if file.read(_TAIL.size) == _TAIL.pack(masked_crc(data)):
                yield data
            else:
                skipped[bad] += 1
    for why, number in skipped.items():
        if number:
            tell(f"{path.name}: records that are {why}: {number:,}")


def _sizes(file: BinaryIO, name: str, tell: Tell) -> Iterator[int]:
    """Yield the size of each whole record, whose data is read before the next one is asked for."""
    end = os.fstat(file.fileno()).st_size
    while (at := file.tell()) < end:
        head = file.read(_HEAD.size)
        if len(head) == _HEAD.size:
            size, check = _HEAD.unpack(head)
            if check != masked_crc(head[:8]):
                tell(f"{name}: damaged from byte {at:,} on, what follows is not read")
                return
            if at + _HEAD.size + size + _TAIL.size <= end:
                yield size
                continue
        tell(f"{name}: its last record is cut off")
        return


def masked_crc(data: bytes) -> int:
    """Return the CRC-32C of some bytes, masked as these files have it."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = _TABLE[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def _entry(crc: int) -> int:
    for _ in range(8):
        crc = (crc >> 1) ^ (_POLYNOMIAL if crc & 1 else 0)
    return crc


_TABLE = [_entry(byte) for byte in range(256)]
