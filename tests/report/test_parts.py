"""What stands on the page where runs are of a sweep, a benchmark, or active learning."""

import json
import re

import pytest

from stride import open_runs
from stride.report.page import write_report


@pytest.fixture
def report(tmp_path):
    """Return a function that reports the work_dir and gives the page's text."""

    def write():
        return write_report(open_runs(tmp_path / "w"), tmp_path / "page.html").read_text("utf-8")

    return write


def sweep(trial, name="tune"):
    """Return what provenance says of a trial."""
    return {"sweep": {"name": name, "uuid": "0" * 32, "study": name, "trial": trial, "titles": {}}}


def lr(value):
    """Return what says that a learning rate was set."""
    return {"lr": value, "origins": {"optimizer_kwargs.lr": "trial 1"}}


def test_a_sweep_is_drawn_with_its_best(make_run, report):
    for number, (rate, loss) in enumerate(((1e-4, 0.9), (1e-3, 0.25), (1e-2, 0.5))):
        make_run(loss=loss, **lr(rate), **sweep(number))
    make_run(loss=None, state="failed", reason="<b>out of memory</b>", **lr(0.5), **sweep(3))
    text = report()
    assert "4 trials in 4 runs: 3 done, 1 failed" in text
    assert "Best: validation/epoch_loss 0.25, trial 1: lr=0.001" in text
    history, over_lr = re.findall(r'<figure class="chart">.*?</figure>', text)
    assert history.count('class="value"') == 2 and history.count('class="best"') == 1
    assert history.count('class="missing"') == 1 and "<b>" not in history
    assert over_lr.count("<circle") == 3 and "<figcaption>lr</figcaption>" in over_lr
    assert "the best in the end is 0.25" in history and history.count('class="step"') == 6


def test_a_sweep_whose_trials_all_failed_is_told(make_run, report):
    make_run(loss=None, state="failed", **sweep(0))
    make_run(loss=None, state="failed", **sweep(1))
    text = report()
    assert "2 trials in 2 runs: 2 failed" in text and 'class="chart"' not in text


def test_choices_are_drawn_by_name(make_run, report):
    for number, size in enumerate((8, 16)):
        paths = make_run(loss=1.0 + number, **sweep(number))
        config = json.loads(paths.config.read_text())
        config["model_kwargs"]["hidden"] = [size]
        paths.config.write_text(json.dumps(config))
        told = json.loads(paths.provenance.read_text())
        told["origins"]["model_kwargs.hidden"] = "trial 1"
        paths.provenance.write_text(json.dumps(told))
    chart = re.findall(r'<figure class="chart">.*?</figure>', report())[1]
    assert re.findall(r"<text x=[^>]*>([^<]*)<", chart) == ["[16]", "[8]"]


def test_a_benchmark_has_its_tables(make_run, report, tables):
    for seed in (0, 1):
        make_run(seed=seed, loss=0.25 + seed, **sweep(seed, "benchmark"))
    text = report()
    found = [rows for name, rows in tables(text).items() if "mean ± deviation" in name]
    assert [rows[0][0] for rows in found] == ["model"] * len(found) and len(found) == 2
    assert "(2)" in found[0][1][1] and 'id="sweeps"' not in text


def test_active_learning_is_shown_by_strategy(make_run, report, tables):
    for seed in (0, 1):
        for strategy, value in (("UniformSampling", 0.5), ("BADGE", 0.75)):
            paths = make_run(seed=seed)
            config = json.loads(paths.config.read_text())
            config["active_config"]["strategy"] = strategy
            paths.config.write_text(json.dumps(config))
            rows = [
                {"labelled": n, "metrics": {"test/accuracy": value + n / 100}} for n in (10, 20)
            ]
            paths.rounds.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
            paths.curve.write_text('{"format_version": 2, "metric": "test/accuracy"}')
    head, best, other = tables(report())["strategies"]
    assert [best[0], other[0]] == ["BADGE", "UniformSampling"]
    assert float(best[head.index("in the end")]) == 0.95
    assert float(best[head.index("to UniformSampling")]) == pytest.approx(0.25)


def test_evaluated_checkpoints_are_shown(make_run, report, tables):
    paths, other = make_run(), make_run(seed=1)
    rows = [
        {
            "step": 10 * n,
            "epoch": n,
            "time": 1.0,
            "checkpoint": f"c_{n}",
            "values": {"v/x": 0.1 * n},
        }
        | ({"best_sha256": "0"} if n == 1 else {})
        for n in (1, 2)
    ]
    paths.evaluations.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    other.evaluations.write_text("{}\n{}\n")
    text = report()
    assert [row[:5] for row in tables(text)["evaluated checkpoints"][1:]] == [
        ["0", "2", "best", "1", "10"],
        ["0", "2", "last", "2", "20"],
    ]
    assert "line 1 is not an evaluation" in text


def test_settings_that_differ_and_those_that_were_set_stand_apart(make_run, report, tables):
    for seed in (0, 1):
        origins = {"seed": "override 1", "optimizer_kwargs.lr": "override 2"}
        make_run(seed=seed, lr=0.5, origins=origins)
    found = tables(report())
    assert found["settings that differ"][1:] == [["seed", "2", "1 (1), 0 (1)"]]
    assert found["settings in common"][1:] == [["optimizer_kwargs.lr", "0.5"]]
