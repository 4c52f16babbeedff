"""Learning curves as runs recorded them."""

import math

from stride.runs.layout import RunPaths
from stride.sweeps.report.plots.learning_curves import learning_curves, read_curve
from stride.sweeps.report.plots.trials import Drawn
from stride.sweeps.report.report import report
from tests.sweeps.report.made import METRIC, make_sweep

LR = "optimizer_kwargs.lr"
SEARCH = {"search": {LR: "float(1e-5,1e-1,log)"}}


def test_a_curve_has_the_rows_that_measured_the_metric(tmp_path):
    lines = [
        '{"step": 5, "epoch": 0, "train/loss": 1.0}',
        f'{{"step": 10, "epoch": 1, "{METRIC}": 0.5}}',
        f'{{"step": 20, "epoch": 2, "{METRIC}": "NaN"}}',
        f'{{"step": 30, "epoch": 3, "{METRIC}": 0.2}}',
        '{"step": 40, "ep',
    ]
    (tmp_path / "0").mkdir()
    (tmp_path / "0" / "metrics.jsonl").write_text("\n".join(lines))
    curve = read_curve(RunPaths(tmp_path / "0"), METRIC)
    assert (curve.epochs, curve.steps) == ([1, 2, 3], [10, 20, 30])
    assert curve.values[::2] == [0.5, 0.2] and math.isnan(curve.values[1])
    assert read_curve(RunPaths(tmp_path / "gone"), METRIC).values == []


def test_the_figure_counts_the_trials_by_how_they_ended(tmp_path):
    trials = [
        {"overrides": {LR: 1e-2}, "value": 0.5, "curve": [0.9, 0.5]},
        {"overrides": {LR: 1e-3}, "value": 0.4, "curve": [0.9, 0.4]},
        {"overrides": {LR: 1e-4}, "value": math.inf, "curve": [0.9, math.inf]},
        {"overrides": {LR: 2e-4}, "state": "pruned", "curve": [0.9]},
        {"overrides": {LR: 3e-4}, "value": 0.6},  # whose run is gone
    ]
    figure = learning_curves(Drawn(report(make_sweep(tmp_path, SEARCH, trials))))
    (axes,), (legend,) = figure.axes, figure.legends
    assert axes.get_xlabel() == "epoch"
    assert all(float(place).is_integer() for place in axes.get_xticks())
    texts = [text.get_text() for text in legend.get_texts()]
    assert texts == ["best (trial 1)", "done (2)", "not finite (1)", "pruned (1)"]


def test_several_evaluations_in_an_epoch_are_drawn_over_steps(tmp_path):
    paths = make_sweep(tmp_path, SEARCH, [{"overrides": {LR: 1e-2}, "value": 0.5, "curve": [1.0]}])
    with (tmp_path / "0" / "metrics.jsonl").open("a") as file:
        file.write(f'{{"step": 15, "epoch": 1, "{METRIC}": 0.5}}\n')
    (axes,) = learning_curves(Drawn(report(paths))).axes
    assert axes.get_xlabel() == "step"
