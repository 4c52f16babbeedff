"""Plots in headless Chromium: nothing is refused, and what is drawn are the numbers."""

import math

import pytest

from stride.plots.formats import file_content
from stride.plots.plot import Line, Plot, points
from tests.chromium import BROWSER, Page

pytestmark = pytest.mark.skipif(BROWSER is None, reason="there is no chromium to open the plot in")
Y = [2.3 * math.exp(-at / 50) for at in range(2048)]
LONG = Line("long", range(0, 16384, 8), Y, [y - 0.01 for y in Y], [y + 0.01 for y in Y], cell=8.0)
SHORT = points("short <i>", range(0, 16000, 800), [1 / (1 + at) for at in range(20)], best=19)
PLOTS = [Plot("t", "loss", "step", [LONG, SHORT]), Plot("t", "accuracy", "step", [SHORT])]

# The marks of an axis give its scale; the ends of a path are read by it.
ENDS = """(() => {
  const svg = document.querySelector("svg"), y = (one) => one.getBoundingClientRect();
  const middle = (one) => (y(one).top + y(one).bottom) / 2;
  const marks = [...svg.querySelectorAll("text[text-anchor=end]")];
  const [low, high] = [marks[0], marks.at(-1)];
  const scale = (high.textContent - low.textContent) / (middle(high) - middle(low));
  const value = (pixel) => +low.textContent + (pixel - middle(low)) * scale;
  return [...svg.querySelectorAll("path[stroke-width='20']")].map((path) => {
    const matrix = path.getScreenCTM(), length = path.getTotalLength();
    return [0, length].map((at) => value(path.getPointAtLength(at).matrixTransform(matrix).y));
  });
})()"""


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """Open the page of two plots."""
    folder = tmp_path_factory.mktemp("browser")
    (folder / "plots.html").write_bytes(file_content(PLOTS, ".html"))
    (folder / "plot.svg").write_bytes(file_content(PLOTS[:1], ".svg"))
    with Page(folder / "profile", (folder / "plots.html").as_uri()) as opened:
        yield opened
    assert opened.console == []


def test_curves_are_at_the_height_of_their_numbers(page):
    found = page.value(ENDS)
    expected = [[Y[0], Y[-1]], [1, 1 / 20]]
    for ends, numbers in zip(found, expected, strict=True):
        assert ends == pytest.approx(numbers, abs=0.04)


def test_words_are_those_of_the_plots(page):
    assert page.value("document.querySelectorAll('svg').length") == 2
    best = "document.querySelector('circle title').textContent"
    assert page.value(best) == "short <i>: best 0.05 at step 15200"
    assert "short <i>: 1 at step 0" in page.value("document.querySelector('desc').textContent")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_light_and_dark_are_the_readers(page, scheme):
    wished = [{"name": "prefers-color-scheme", "value": scheme}]
    page.call("Emulation.setEmulatedMedia", features=wished)
    ground = page.value("getComputedStyle(document.querySelector('.ground')).fill")
    assert ground == {"light": "rgb(255, 255, 255)", "dark": "rgb(32, 34, 38)"}[scheme]


def test_labels_do_not_cover_each_other_in_a_narrow_page(page):
    page.call(
        "Emulation.setDeviceMetricsOverride",
        width=420,
        height=900,
        deviceScaleFactor=1,
        mobile=False,
    )
    boxes = page.value(
        "[...document.querySelector('svg').querySelectorAll('text')]"
        ".map((one) => one.getBoundingClientRect()).map((b) => [b.left, b.right, b.top, b.bottom])"
    )
    wide = page.value("document.documentElement.scrollWidth")
    assert wide == 420 and all(left >= 0 and right <= wide for left, right, _, _ in boxes)
    for at, (left, right, top, bottom) in enumerate(boxes):
        for other in boxes[at + 1 :]:
            beside = right <= other[0] or other[1] <= left
            assert beside or bottom <= other[2] + 2 or other[3] <= top + 2


def test_a_file_opens_by_itself(page):
    page.call("Page.navigate", url=page.value("location.href").replace("plots.html", "plot.svg"))
    while page.value("document.readyState + document.documentElement.tagName") != "completesvg":
        pass
    assert page.value("document.documentElement.classList.contains('stride-plot')")
