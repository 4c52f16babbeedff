"""Plots as the bytes of files."""

import io
import math

import pytest

from stride.errors import DataError
from stride.plots.figure import plot_figure
from stride.plots.formats import FORMATS, file_content, format_of
from stride.plots.plot import Plot, points
from tests.plots.test_terminal import ODD, PLOTS

BEGINNINGS = {".svg": b"<svg", ".html": b"<!DOCTYPE html>", ".png": b"\x89PNG", ".pdf": b"%PDF"}


@pytest.mark.parametrize("kind", FORMATS)
def test_equal_plots_are_equal_files(kind):
    content = file_content([PLOTS["two"]], kind)
    assert content.startswith(BEGINNINGS[kind])
    assert content == file_content([PLOTS["two"]], kind)


@pytest.mark.parametrize("name", [*PLOTS, *ODD])
def test_each_plot_can_be_a_page_and_a_figure(name):
    plot = {**PLOTS, **ODD}[name]
    assert file_content([plot], ".html").startswith(BEGINNINGS[".html"])
    assert plot_figure(plot).axes


def test_odd_plots_can_be_drawn():
    for name in ("huge", "hostile"):
        assert file_content([PLOTS[name]], ".png").startswith(BEGINNINGS[".png"])


def test_the_name_of_the_file_says_its_kind():
    assert format_of("a b/c.SVG") == ".svg"
    with pytest.raises(DataError, match=r"not 'a b\.gif'.*; type 'a b\.svg'"):
        format_of("a b.gif")
    for folder, file in (("", "plot.svg"), ("..", "../plot.svg"), ("/", "/plot.svg")):
        with pytest.raises(DataError, match=f"type {file}"):
            format_of(folder)


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
