"""Write an image as PNG: one block of compressed rows between a header and an end."""

import struct
import zlib

SIGNATURE = b"\x89PNG\r\n\x1a\n"
DEPTH = 8  # bits of each number
COLOURS = {1: 0, 3: 2, 4: 6}
"""How PNG numbers grey, red-green-blue, and that with transparency, by their channels."""

_HEADER = struct.Struct(">IIBBBBB")


def png(width: int, height: int, pixels: bytes, channels: int = 3) -> bytes:
    """Return a PNG file.

    Args:
        width: in pixels.
        height: in pixels.
        pixels: the channels of each, row by row from the top left.
        channels: 1 grey, 3 red, green and blue, 4 with opacity.
    """
    header = _HEADER.pack(width, height, DEPTH, COLOURS[channels], 0, 0, 0)
    length = channels * width
    # Each row begins with the number of its filter; 0 is none.
    rows = (b"\0" + pixels[at : at + length] for at in range(0, length * height, length))
    body = zlib.compress(b"".join(rows))
    chunks = ((b"IHDR", header), (b"IDAT", body), (b"IEND", b""))
    return SIGNATURE + b"".join(_chunk(name, data) for name, data in chunks)


def png_shape(content: bytes) -> tuple[int, int, int]:
    """Return height, width and channels of a PNG file; one with a palette has 3."""
    width, height, _, colour, *_ = _HEADER.unpack_from(content, len(SIGNATURE) + 8)
    return height, width, {number: count for count, number in COLOURS.items()}.get(colour, 3)


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
