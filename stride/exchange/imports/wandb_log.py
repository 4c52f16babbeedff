"""Take the records out of the file that W&B keeps of a run, as far as it is whole.

Source: LevelDB, doc/log_format.md: blocks of 32 KiB hold pieces of records, each with a checksum,
a length and a kind. W&B has a header of its own before them, and CRC-32 for the checksum.
"""

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

from stride.errors import RunError
from stride.exchange.imports.source import Tell
from stride.runs.files.durable import os_errors_as
from stride.runs.files.safe_open import reading

MARK = b":W&B\xe1\xbe"
_HEADER = len(MARK) + 1  # and a version
_BLOCK = 32 * 1024
_PIECE = struct.Struct("<IHB")
_FULL, _FIRST, _MIDDLE, _LAST = 1, 2, 3, 4
LARGEST = 64 * 2**20
"""Bytes of the largest record that is read: a row of numbers has a few thousand."""


def wandb_records(path: Path, tell: Tell) -> Iterator[bytes]:
    """Yield the records of a file of W&B.

    Args:
        path: the file.
        tell: is given in words what was not read.

    Raises:
        RunError: the file cannot be read, or is not one of W&B's.
    """
    begun = b""
    for kind, data in _pieces(path, tell):
        if kind in (_FULL, _FIRST):
            begun = b""
        begun += data
        if len(begun) > LARGEST:
            raise RunError(f"a record is larger than {LARGEST >> 20} MiB", where=str(path))
        if kind in (_FULL, _LAST):
            yield begun
            begun = b""
    if begun:
        tell(f"{path.name}: its last record is cut off")


def _pieces(path: Path, tell: Tell) -> Iterator[tuple[int, bytes]]:
    with os_errors_as("cannot read", path, RunError), reading(path) as file:
        if not file.read(_HEADER).startswith(MARK):
            raise RunError("this is not a file of W&B", where=str(path))
        at = _HEADER
        while True:
            left = _BLOCK - at % _BLOCK
            if left < _PIECE.size:  # too short for a piece: the block is filled up
                file.read(left)
                at += left
                continue
            head = file.read(_PIECE.size)
            if not head.strip(b"\0"):  # the end, or what a file is made longer by beforehand
                return
            if len(head) < _PIECE.size:
                tell(f"{path.name}: its last record is cut off")
                return
            check, size, kind = _PIECE.unpack(head)
            data = file.read(size)
            if len(data) < size:
                tell(f"{path.name}: its last record is cut off")
                return
            if zlib.crc32(data, zlib.crc32(bytes([kind]))) != check:
                tell(f"{path.name}: damaged from byte {at:,} on, what follows is not read")
                return
            at += _PIECE.size + size
            yield kind, data
