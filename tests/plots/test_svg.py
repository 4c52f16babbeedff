"""Plots as SVG."""

import math
from xml.etree import ElementTree

import pytest

from stride.plots.plot import Line, Plot, points
from stride.plots.svg import svg
from tests.plots.test_terminal import ODD, PLOTS

SPACE = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize("name", [*PLOTS, *ODD])
def test_it_is_one_element_without_script_or_file(name):
    text = svg({**PLOTS, **ODD}[name])
    root = ElementTree.fromstring(text)
    assert root.tag == f"{SPACE}svg" and root[0].tag == f"{SPACE}title"
    assert "script" not in text and "url(" not in text and " id=" not in text
    assert "nan" not in "".join(text.split("<path")[1:]) and "inf" not in text.split("</desc>")[1]
    assert text.count("http") == 1  # the name of SVG itself


def test_words_of_others_stay_words():
    evil = "</text><script>alert(1)</script>\x1b"
    plot = Plot(evil, evil, "step", [points(evil, [1, 2], [1, 2])], notes=[evil])
    root = ElementTree.fromstring(svg(plot))
    assert not [*root.iter(f"{SPACE}script")]
    assert root[0].text == f"{evil[:-1]}\\x1b: {evil[:-1]}\\x1b"


def test_the_best_is_told_in_words():
    plot = Plot("t", "m", "epoch", [points("a", [1, 2, 3], [3, 0.12345, 2], best=1)])
    root = ElementTree.fromstring(svg(plot))
    (circle,) = root.iter(f"{SPACE}circle")
    assert circle[0].text == "a: best 0.1235 at epoch 2"
    assert "a: 3 at epoch 1, 2 at epoch 3; best 0.1235 at epoch 2." in root[1].text


def test_a_long_curve_is_short():
    count = 4096
    y = [math.sin(at / 100) for at in range(count)]
    low, high = [one - 0.01 for one in y], [one + 0.01 for one in y]
    text = svg(Plot("t", "m", "step", [Line("a", range(0, 8 * count, 8), y, low, high, cell=8)]))
    assert len(text) < 25_000
