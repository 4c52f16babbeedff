"""Write an image as PNG: one block of compressed rows between a header and an end."""

import struct
import zlib

SIGNATURE = b"\x89PNG\r\n\x1a\n"
RGB, DEPTH = 2, 8  # how PNG numbers colours without transparency, and bits of each


def png(width: int, height: int, pixels: bytes) -> bytes:
    """Return a PNG file.

    Args:
        width: in pixels.
        height: in pixels.
        pixels: red, green and blue of each, row by row from the top left.
    """
    header = struct.pack(">IIBBBBB", width, height, DEPTH, RGB, 0, 0, 0)
    length = 3 * width
    # Each row begins with the number of its filter; 0 is none.
    rows = (b"\0" + pixels[at : at + length] for at in range(0, length * height, length))
    body = zlib.compress(b"".join(rows))
    chunks = ((b"IHDR", header), (b"IDAT", body), (b"IEND", b""))
    return SIGNATURE + b"".join(_chunk(name, data) for name, data in chunks)


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
