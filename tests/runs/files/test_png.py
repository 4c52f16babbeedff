"""A PNG file has the pixels that it was made of."""

import io
import struct
import zlib

import pytest

from stride.runs.files.png import SIGNATURE, png, png_shape

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


@pytest.mark.parametrize(("channels", "mode"), [(1, "L"), (3, "RGB"), (4, "RGBA")])
def test_another_program_reads_the_same_pixels(channels: int, mode: str) -> None:
    Image = pytest.importorskip("PIL.Image")
    pixels = bytes(range(channels * 4 * 2))
    content = png(4, 2, pixels, channels)
    assert png_shape(content) == (2, 4, channels)
    with Image.open(io.BytesIO(content)) as image:
        assert (image.mode, image.size, image.tobytes()) == (mode, (4, 2), pixels)
