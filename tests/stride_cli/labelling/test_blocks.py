"""An image in a terminal fits into it and keeps its pixels."""

import pytest

from stride.active.labels.rendering import Picture
from stride_cli.labelling.blocks import SIDE, draw_coloured, draw_plain

RED, BLUE, WHITE, BLACK = (255, 0, 0), (0, 0, 255), (255, 255, 255), (0, 0, 0)


def picture(*rows: list[tuple[int, int, int]]) -> Picture:
    pixels = bytes(level for row in rows for pixel in row for level in pixel)
    return Picture(len(rows[0]), len(rows), pixels)


def uniform(width: int, height: int) -> Picture:
    return Picture(width, height, bytes(3 * width * height))


def test_a_character_holds_the_pixel_above_and_the_one_below() -> None:
    text = draw_coloured(picture([RED, WHITE], [BLUE, BLACK]), 2, 1)
    assert text.plain == "▀▀\n"
    styles = [span.style for span in text.spans]
    colours = [(style.color.triplet, style.bgcolor.triplet) for style in styles]  # type: ignore[union-attr]
    assert colours == [(RED, BLUE), (WHITE, BLACK)]


def test_a_last_row_alone_is_over_black() -> None:
    (span,) = draw_coloured(picture([RED]), 1, 5).spans[-1:]
    text = draw_coloured(picture([RED], [RED], [RED]), 1, 2)
    assert text.plain == "▀\n▀\n"
    assert text.spans[-1].style.bgcolor.triplet == BLACK  # type: ignore[union-attr]
    assert span.style.color.triplet == RED  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("width", "height"), [(8, 8), (1, 1), (30, 4), (500, 300), (3, 512), (512, 3)]
)
@pytest.mark.parametrize(("columns", "lines"), [(80, 24), (20, 6)])
def test_an_image_of_any_size_fits(width: int, height: int, columns: int, lines: int) -> None:
    for text in (
        draw_coloured(uniform(width, height), columns, lines).plain,
        draw_plain(uniform(width, height), columns, lines),
    ):
        rows = text.splitlines()
        assert len(rows) <= lines and len({len(row) for row in rows}) == 1
        assert 1 <= len(rows[0]) <= columns


def test_a_small_image_is_enlarged_by_a_whole_factor() -> None:
    rows = draw_coloured(uniform(8, 8), 200, 100).plain.splitlines()
    assert (len(rows[0]), len(rows)) == (SIDE, SIDE // 2)


def test_a_large_image_is_averaged() -> None:
    stripes = picture(*[[WHITE, BLACK] * 4 for _ in range(8)])
    text = draw_coloured(stripes, 4, 2)
    assert {span.style.color.triplet for span in text.spans} == {(127, 127, 127)}  # type: ignore[union-attr]


def test_without_colours_brighter_pixels_are_denser() -> None:
    assert draw_plain(picture([BLACK, (128, 128, 128), WHITE]), 6, 1) == "  ++@@\n"
