"""Pictures are whole files that show every name; what they look like is judged by people."""

import subprocess
import sys

import pytest
import torch

from stride.active.calibration.calibration_error import reliability
from stride.active.curves.curve import Curve
from stride.active.curves.plots import plot_curves, plot_reliability
from stride.errors import DataError, MissingExtra

SEEDS = [Curve((10, 20, 40), (0.5, 0.7, 0.8)), Curve((10, 20, 40), (0.6, 0.7, 0.9))]


def found():
    rows = torch.tensor([[0.9, 0.1], [0.3, 0.7], [0.55, 0.45], [0.2, 0.8]])
    return reliability(rows, torch.tensor([0, 0, 0, 1]), bins=10)


def test_learning_curves_show_names_metric_and_deviations(tmp_path):
    named = {"UniformSampling": SEEDS[:1], "EntropySampling": SEEDS}
    plot_curves(named, tmp_path / "curves.svg", metric="test accuracy")
    text = (tmp_path / "curves.svg").read_text()
    for word in (*named, "test accuracy", "labelled samples", "standard deviation of 1 to 2 seeds"):
        assert f"<!-- {word}" in text or f"{word} -->" in text, word
    assert text.count('<g id="FillBetweenPolyCollection') == 1  # one curve has no deviation
    plot_curves({"a": SEEDS[:1]}, tmp_path / "one.svg")
    assert "<!-- one seed -->" in (tmp_path / "one.svg").read_text()


def test_a_reliability_diagram_shows_its_errors(tmp_path):
    plot_reliability(found(), tmp_path / "reliability.svg")
    text = (tmp_path / "reliability.svg").read_text()
    assert f"ECE {found().ece:.3f}   MCE {found().mce:.3f}" in text
    assert "<!-- confidence -->" in text


def test_pictures_are_png_and_leave_nothing_else(tmp_path):
    plot_curves({"a": SEEDS}, str(tmp_path / "curves.PNG"))
    plot_reliability(found(), tmp_path / "reliability.png")
    for path in tmp_path.iterdir():
        assert path.read_bytes().startswith(b"\x89PNG")
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("kind", ["png", "svg"])
def test_equal_pictures_are_equal_files(tmp_path, kind):
    for name in ("one", "other"):
        plot_curves({"a": SEEDS, "b": SEEDS[:1]}, tmp_path / f"{name}.{kind}")
    one, other = ((tmp_path / f"{name}.{kind}").read_bytes() for name in ("one", "other"))
    assert one == other


def test_many_lines_differ_by_colour_or_mark(tmp_path):
    names = [f"strategy {number}" for number in range(9)]
    plot_curves({name: SEEDS for name in names}, tmp_path / "many.svg")
    assert all(f"<!-- {name} -->" in (tmp_path / "many.svg").read_text() for name in names)


def test_other_files_and_no_curves_are_refused(tmp_path):
    with pytest.raises(DataError, match=r"\.svg or \.pdf file, not 'a\.gif'.*type .*a\.png"):
        plot_curves({"a": SEEDS}, tmp_path / "a.gif")
    with pytest.raises(DataError, match="there are no curves"):
        plot_curves({}, tmp_path / "a.png")
    assert not list(tmp_path.iterdir())


def test_without_matplotlib_the_message_says_what_to_type(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(MissingExtra, match=r"pip install .*\[plots\]"):
        plot_reliability(found(), tmp_path / "a.png")


def test_neither_pyplot_nor_torch_is_loaded(tmp_path):
    code = f"""
import sys
from stride.active.curves.curve import Curve
from stride.active.curves.plots import plot_curves
assert "matplotlib" not in sys.modules
plot_curves({{"a": [Curve((1, 2), (0.5, 0.6))]}}, {str(tmp_path / "a.png")!r})
assert not {{"matplotlib.pyplot", "torch"}} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
