"""Pictures in one style, equal for equal figures."""

import sys

import pytest

from stride.errors import DataError, MissingExtra
from stride.figures import kind_of, new_figure, picture


@pytest.mark.parametrize("kind", ["png", "svg", "pdf"])
def test_equal_figures_are_equal_bytes(kind):
    def drawn():
        figure = new_figure(3, 2)
        figure.subplots().plot([1, 2], [3, 4])
        return picture(figure, kind)

    assert drawn() == drawn()
    assert drawn().startswith({"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}[kind])


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
