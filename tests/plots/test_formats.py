"""Plots as the bytes of files."""

import io
import math

import pytest

from stride.errors import DataError
from stride.plots.formats import FORMATS, file_content, format_of
from stride.plots.plot import Plot, points
from tests.plots.test_terminal import PLOTS

BEGINNINGS = {".svg": b"<svg", ".html": b"<!DOCTYPE html>", ".png": b"\x89PNG", ".pdf": b"%PDF"}


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("name", PLOTS)
def test_each_plot_can_be_each_kind_of_file(name, kind):
    content = file_content([PLOTS[name]], kind)
    assert content.startswith(BEGINNINGS[kind])
    assert content == file_content([PLOTS[name]], kind)


def test_the_name_of_the_file_says_its_kind():
    assert format_of("a b/c.SVG") == ".svg"
    with pytest.raises(DataError, match=r"not 'a b\.gif'.*; type 'a b\.svg'"):
        format_of("a b.gif")


def test_a_page_holds_all_plots_and_their_words():
    evil = "</title><script>alert(1)</script>"
    plots = [Plot(evil, name, "step", [points("a", [1, 2], [3, 4])]) for name in ("m", "n")]
    page = file_content(plots, ".html").decode()
    assert page.count("<svg") == 2 and "<script" not in page
    assert "a: 3 at step 1, 4 at step 2." in page


def test_a_png_shows_the_curve_in_its_colour():
    import matplotlib.image

    sine = points("a", range(100), [math.sin(at / 9) for at in range(100)])
    png = file_content([Plot("t", "m", "step", [sine])], ".png")
    pixels = matplotlib.image.imread(io.BytesIO(png))
    blue = (abs(pixels[..., :3] - (0, 114 / 255, 178 / 255)) < 0.05).all(-1)
    assert blue.any(0).mean() > 0.5 and blue.any(1).mean() > 0.5
