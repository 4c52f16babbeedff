"""A PNG file has the pixels that it was made of."""

import io
import struct
import zlib

import pytest

from stride_cli.labelling.png import SIGNATURE, png

PIXELS = bytes(range(3 * 4 * 2))


def test_each_part_carries_its_length_and_sum() -> None:
    content = png(4, 2, PIXELS)
    assert content.startswith(SIGNATURE)
    at, names = len(SIGNATURE), []
    while at < len(content):
        (length,) = struct.unpack_from(">I", content, at)
        body = content[at + 4 : at + 8 + length]
        assert struct.unpack_from(">I", content, at + 8 + length)[0] == zlib.crc32(body)
        names.append(body[:4])
        at += 12 + length
    assert names == [b"IHDR", b"IDAT", b"IEND"]


def test_another_program_reads_the_same_pixels() -> None:
    Image = pytest.importorskip("PIL.Image")
    with Image.open(io.BytesIO(png(4, 2, PIXELS))) as image:
        assert (image.mode, image.size, image.tobytes()) == ("RGB", (4, 2), PIXELS)
