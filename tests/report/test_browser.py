"""A report in headless Chromium: nothing is refused, and its tables sort by mouse and keys."""

import statistics

import pytest

from stride import open_runs
from stride.report.page import write_report
from tests.chromium import BROWSER, Page

COLUMN = "[aria-label='all runs'] th:nth-child(3)"
pytestmark = pytest.mark.skipif(BROWSER is None, reason="there is no chromium to open the page in")


@pytest.fixture(scope="module")
def page(make_runs, tmp_path_factory):
    """Open the report of three runs."""
    folder = tmp_path_factory.mktemp("browser")
    for seed, loss in enumerate((9.5, 10.5, 0.25)):
        make_runs(folder)(seed=seed, loss=loss)
    make_runs(folder)(seed=3, loss=None, state="failed", reason="<script>alert(1)</script>")
    path = write_report(open_runs(folder / "w"), folder / "page.html")
    with Page(folder / "profile", path.as_uri()) as opened:
        yield opened
    assert opened.console == []


def losses(page):
    rows = "[...document.querySelectorAll(\"[aria-label='all runs'] tbody tr\")]"
    return page.value(f"{rows}.map((row) => row.cells[2].dataset.value ?? null)")


def order(page):
    return page.value(f'document.querySelector("{COLUMN}").getAttribute("aria-sort")')


def test_a_column_is_sorted_by_its_numbers_at_each_click(page):
    given = [None, "0.25", "10.5", "9.5"]
    assert losses(page) == given
    for named, expected in (
        ("ascending", ["0.25", "9.5", "10.5", None]),
        ("descending", ["10.5", "9.5", "0.25", None]),
        (None, given),
    ):
        page.click(f"{COLUMN} button")
        assert (order(page), losses(page)) == (named, expected)


def test_keys_sort_as_well(page):
    page.value(f'document.querySelector("{COLUMN} button").focus()')
    page.press("Enter", "\r")
    assert losses(page) == ["0.25", "9.5", "10.5", None]
    page.press(" ", " ")
    assert losses(page) == ["10.5", "9.5", "0.25", None]
    page.press(" ", " ")
    assert order(page) is None


def test_means_are_those_of_the_folder(page):
    cells = "[...document.querySelector(\"[aria-label='test/loss'] tbody tr\").cells]"
    number, mean, deviation = page.value(f"{cells}.map((cell) => cell.textContent)")[1:4]
    values = [19.0, 21.0, 0.5]
    assert (number, mean) == ("3", f"{statistics.mean(values):.0f}")
    assert deviation == f"{statistics.stdev(values):.0f}"


@pytest.mark.parametrize("width", [420, 1280])
def test_it_is_no_wider_than_its_window(page, width):
    page.call(
        "Emulation.setDeviceMetricsOverride",
        width=width,
        height=900,
        deviceScaleFactor=1,
        mobile=False,
    )
    assert page.value("document.documentElement.scrollWidth") <= width
