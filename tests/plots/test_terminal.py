"""Plots in a terminal."""

import math

import pytest

from stride.plots.plot import Line, Plot, points
from stride.plots.terminal import terminal_plot
from stride.tables.text import width_of


def plot(*lines, **options):
    return Plot("title", "metric", "epoch", lines, **options)


FALLING = points("run 3", range(1, 21), [1 / epoch for epoch in range(1, 21)], best=19)
BAND = Line("mean", [0, 1, 2], [1, 2, 3], [0, 1, 2], [2, 3, 4], is_band=True)
HOSTILE = points("\x1b[2J日本" * 9, [1, 2, 3], [1, math.nan, math.inf])
MANY = [points(f"lr={at}", [0, 1], [at, at]) for at in range(40)]
PLOTS = {
    "falling": plot(FALLING),
    "two": plot(FALLING, BAND),
    "log": plot(FALLING, BAND, log=True),
    "hostile": plot(HOSTILE, notes=["\x1b[31mnote " * 20]),
    "many": plot(*MANY),
    "none": plot(),
    "empty": plot(points("empty", [], [])),
    "huge": plot(points("huge", [0, 0, 1, 1], [1.7e308, 1.7e308, -1.7e308, -1.7e308])),
}
ODD = {
    "constant": plot(points("a", range(9), [0.1] * 9, best=0)),
    "one": plot(points("a", [7], [0.5], best=0)),
    "nan": plot(points("a", [1, 2], [math.nan, math.inf], best=1), log=True),
    "denormal": plot(points("a", [1, 2], [5e-324, 1e-310]), log=True),
    "not above 0": plot(points("a", [1, 2], [0, -1], best=1), log=True),
    "far": plot(points("a", [0, 1e300], [1, 2])),
    "times": plot(points("a", [0.0, 1e-9], [1, 2]))._replace(along="time"),
    "back": plot(points("a", [5, 1, 9, 2], [1, 2, 3, 4])),
    "words": plot(points("", [1], [1]), notes=["x" * 500, ""]),
}


@pytest.mark.parametrize("unicode", [True, False])
@pytest.mark.parametrize("size", [(80, 24), (200, 50), (40, 12)])
@pytest.mark.parametrize("name", [*PLOTS, *ODD])
def test_a_plot_fits_and_has_no_codes(name, size, unicode):
    text = terminal_plot({**PLOTS, **ODD}[name], *size, colour=False, unicode=unicode)
    lines = text.split("\n")
    assert len(lines) <= size[1] and max(map(width_of, lines)) <= size[0]
    assert text.replace("\n", "").isprintable()
    assert unicode or text.isascii()
