"""Draw an image in a terminal: two pixels in each character, or shades of grey without colours."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.text import Text

    from stride.active.labels.rendering import Picture

Pixel = tuple[int, int, int]

SIDE = 32  # pixels of the terminal to which a small image is enlarged
SHADES = " .:-=+*#%@"


def draw_coloured(picture: "Picture", columns: int, lines: int) -> "Text":
    """Return an image in half blocks that fits into so many columns and lines."""
    from rich.color import Color
    from rich.style import Style
    from rich.text import Text

    rows = _scaled(picture, columns, 2 * lines)
    rows += [[(0, 0, 0)] * len(rows[0])] * (len(rows) % 2)
    text = Text()
    for above, below in zip(rows[::2], rows[1::2], strict=True):
        for upper, lower in zip(above, below, strict=True):
            colours = Color.from_rgb(*upper), Color.from_rgb(*lower)
            text.append("▀", Style(color=colours[0], bgcolor=colours[1]))
        text.append("\n")
    return text


def draw_plain(picture: "Picture", columns: int, lines: int) -> str:
    """Return an image in shades of grey, for a terminal without colours."""
    rows = _scaled(picture, columns // 2, lines)
    return "".join("".join(2 * _shade(pixel) for pixel in row) + "\n" for row in rows)


def _shade(pixel: Pixel) -> str:
    red, green, blue = pixel
    level = (299 * red + 587 * green + 114 * blue) // 1000
    return SHADES[level * len(SHADES) // 256]


def _scaled(picture: "Picture", width: int, height: int) -> list[list[Pixel]]:
    """Return the rows of pixels, enlarged by a whole factor or made smaller, to fit."""
    factor = min(width / picture.width, height / picture.height)
    if factor >= 1:
        times = max(1, min(int(factor), SIDE // max(picture.width, picture.height)))
        grid = [picture.width * times, picture.height * times]
    else:
        grid = [max(1, int(picture.width * factor)), max(1, int(picture.height * factor))]
    across, down = _cuts(picture.width, grid[0]), _cuts(picture.height, grid[1])
    return [[_mean(picture, xs, ys) for xs in across] for ys in down]


def _cuts(length: int, parts: int) -> list[range]:
    """Divide a side into so many parts, each of one pixel at least."""
    starts = [part * length // parts for part in range(parts)]
    ends = [max(start + 1, (part + 1) * length // parts) for part, start in enumerate(starts)]
    return [range(start, end) for start, end in zip(starts, ends, strict=True)]


def _mean(picture: "Picture", xs: range, ys: range) -> Pixel:
    found = list(_pixels(picture, xs, ys))
    red, green, blue = (sum(levels) // len(found) for levels in zip(*found, strict=True))
    return red, green, blue


def _pixels(picture: "Picture", xs: range, ys: range) -> Iterator[bytes]:
    for y in ys:
        for x in xs:
            at = 3 * (y * picture.width + x)
            yield picture.pixels[at : at + 3]
