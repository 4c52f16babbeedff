"""Plots of sweeps are there for what there is; what they look like is judged by people."""

import math
import sys

import pytest

from stride.errors import MissingExtra
from stride.sweeps.report.plots.draw import plots, write_plots
from stride.sweeps.report.plots.trials import Drawn
from stride.sweeps.report.report import report
from tests.sweeps.report.made import LR, MIXED, SEARCH, a_trial, make_sweep


def test_there_is_a_picture_of_each_kind_and_words_for_those_who_do_not_see_it(tmp_path):
    found = report(make_sweep(tmp_path, {"search": SEARCH}, MIXED))
    drawn = {one.name: one for one in plots(found)}
    assert [*drawn] == ["history", "parallel", "slices", "curves"]
    assert all(one.png.startswith(b"\x89PNG") and one.words for one in drawn.values())
    assert "the best is trial 1 with 0.4" in drawn["history"].words
    assert all(key in drawn["slices"].words for key in SEARCH)
    paths = write_plots(found)
    assert [path.name for path in paths] == [f"{name}.png" for name in drawn]
    assert [path.read_bytes() for path in paths] == [one.png for one in drawn.values()]  # equal


@pytest.mark.parametrize(
    ("search", "trials", "names"),
    [
        ({LR: SEARCH[LR]}, [{"overrides": {LR: 1e-2}, "value": 0.5}], "history parallel slices"),
        ({LR: SEARCH[LR]}, [{"overrides": {LR: 1e-2}, "value": math.inf}], ""),
        ({LR: SEARCH[LR]}, [{"overrides": {LR: 0.1}, "state": "pruned", "curve": [1.0]}], "curves"),
        ({LR: "float(0.1,0.1)"}, [{"overrides": {LR: 0.1}, "value": 1.0}], "history"),
        ({LR: SEARCH[LR]}, [], ""),
    ],
)
def test_of_what_there_is_not_there_is_no_picture(tmp_path, search, trials, names):
    found = report(make_sweep(tmp_path, {"search": search}, trials))
    assert [one.name for one in plots(found)] == names.split()


def test_the_best_is_drawn_last_and_darkest(tmp_path):
    values = [0.3, 0.1, 0.2]
    trials = [a_trial(10 ** -(2 + n), value=value) for n, value in enumerate(values)]
    low = Drawn(report(make_sweep(tmp_path / "a", {"search": SEARCH}, trials)))
    assert [one.number for one in low.finite] == [0, 2, 1] and low.best_number() == 1
    assert sum(low.colours[1]) < sum(low.colours[2]) < sum(low.colours[0])
    high = Drawn(report(make_sweep(tmp_path / "b", {"search": SEARCH}, trials, mode="max")))
    assert high.best_number() == 0
    assert [high.ending(one) for one in high.begun] == ["done"] * 3


def test_of_many_keys_those_are_drawn_that_matter_most(tmp_path):
    search = {f"model_kwargs.k{n}": "float(0,1)" for n in range(14)}
    trials = [
        {"overrides": {key: (n * (at + 3)) % 11 / 11 for at, key in enumerate(search)}, "value": n}
        for n in range(12)
    ]
    found = report(make_sweep(tmp_path, {"search": search}, trials))
    keys = [*Drawn(found).distributions]
    assert keys == sorted(search, key=lambda key: -found.importances.shares[key])[:12]


def test_without_matplotlib_the_message_says_what_to_type(tmp_path, monkeypatch):
    found = report(make_sweep(tmp_path, {"search": SEARCH}, MIXED))
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(MissingExtra, match=r"pip install .*\[plots\]"):
        write_plots(found)
    assert not found.sweep.paths.report.exists()
