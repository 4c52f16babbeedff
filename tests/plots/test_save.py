"""Plots as files."""

import pytest

from stride.errors import DataError, StrideError
from stride.plots.plot import Plot, points
from stride.plots.save import save_plot

PLOT = Plot("t", "m", "step", [points("a", [1, 2], [1, 2])])


def test_the_name_of_the_file_says_its_kind(tmp_path):
    path = save_plot(PLOT, tmp_path / "a.SVG")
    assert path.read_text().startswith("<svg") and [*tmp_path.iterdir()] == [path]


def test_other_kinds_are_refused(tmp_path):
    with pytest.raises(DataError, match=r"not 'a b\.gif'.*; type '.*/a b\.svg'"):
        save_plot(PLOT, tmp_path / "a b.gif")


def test_a_file_that_cannot_be_written_is_named(tmp_path):
    with pytest.raises(StrideError, match=r"cannot write: No such file.*none/a\.svg"):
        save_plot(PLOT, tmp_path / "none" / "a.svg")
