"""Pictures in one style, equal for equal figures."""

import sys

import pytest

from stride.errors import DataError, MissingExtra
from stride.figures import as_typed, count_along, kind_of, new_figure, picture


@pytest.mark.parametrize("kind", ["png", "svg", "pdf"])
def test_equal_figures_are_equal_bytes(kind):
    def drawn():
        figure = new_figure(3, 2)
        figure.subplots().plot([1, 2], [3, 4])
        return picture(figure, kind)

    assert drawn() == drawn()
    assert drawn().startswith({"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}[kind])


def test_no_epoch_is_half_where_there_is_one():
    axes = new_figure(3, 2).subplots()
    axes.plot([0], [1], "o")
    axes.set_xlim(-0.5, 0.5)
    count_along(axes)
    assert [tick for tick in axes.get_xticks() if abs(tick) <= 0.5] == [0]


def test_dollars_are_no_formula():
    figure = new_figure(3, 2)
    figure.subplots().set_title(as_typed(r"$\nothing{$ \x1b"))
    assert picture(figure)


@pytest.mark.parametrize(("name", "kind"), [("a.png", "png"), ("b/c.SVG", "svg"), ("d.pdf", "pdf")])
def test_the_name_of_a_file_says_its_kind(name, kind):
    assert kind_of(name) == kind


def test_other_names_are_refused():
    with pytest.raises(DataError, match=r"\.svg or \.pdf file, not 'a\.gif'.*type .*a\.png"):
        kind_of("a.gif")


def test_without_matplotlib_the_message_says_what_to_type(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(MissingExtra, match=r"pip install .*\[plots\]"):
        new_figure(3, 2)
