"""What a report says of a sweep: the best, what counts, what failed, how far it is."""

import json
import math
import subprocess
import sys

import pytest

from stride.errors import RunError
from stride.sweeps.report.plain import to_plain
from stride.sweeps.report.report import report
from stride.sweeps.report.sentences import best_line, counts_line, not_finite_line
from stride.sweeps.report.tables import failure_table, top_table
from tests.sweeps.report.made import make_sweep

LR, DEPTH = "optimizer_kwargs.lr", "model_kwargs.depth"
SEARCH = {"search": {LR: "float(1e-5,1e-1,log)"}, "trials": 9}
ERROR = """\
Traceback (most recent call last):
  File "train.py", line 3, in f
    return a @ b
RuntimeError: shapes (64x32 and 64x10)
"""


def of_rates(work_dir, *trials, **options):
    made = [{"overrides": {LR: rate}, **more} for rate, more in trials]
    return report(make_sweep(work_dir, {**SEARCH, **options.pop("asked", {})}, made, **options))


@pytest.mark.parametrize(("mode", "order"), [("min", [1, 0, 2]), ("max", [2, 0, 1])])
def test_the_best_comes_first_whichever_way_is_better(tmp_path, mode, order):
    trials = [(1e-2, {"value": 0.5}), (1e-3, {"value": 0.4}), (1e-4, {"value": 0.6})]
    found = of_rates(tmp_path, *trials, mode=mode)
    assert [one[0].number for one in map(found.trials_of, found.comparison.rows)] == order
    assert found.best.trials[0].number == order[0]
    assert [row[0] for row in top_table(found).rows] == [str(number) for number in order]


@pytest.mark.parametrize("mode", ["min", "max"])
def test_pruned_failed_and_unbounded_trials_are_never_the_best(tmp_path, mode):
    worst = math.inf if mode == "min" else -math.inf
    better = -9.0 if mode == "min" else 9.0
    trials = [
        (1e-2, {"value": 0.5}),
        (1e-3, {"values": {0: better}, "state": "pruned"}),
        (1e-4, {"values": {0: better}, "state": "failed", "error": ERROR}),
        (2e-3, {"values": {0: better, 1: worst}, "value": worst}),
    ]
    found = of_rates(tmp_path, *trials, mode=mode)
    assert found.best.overrides == {LR: 1e-2} and found.best.measured.mean == 0.5
    assert [len(row.values) for row in found.comparison.rows] == [1, 0]
    assert [*not_finite_line(found)] == ["not finite, so none of the best: trial 3"]
    told = to_plain(found)["trials"]
    assert [one["state"] for one in told] == ["done", "pruned", "failed", "done"]
    assert [one["value"] for one in told] == [0.5, None, None, worst]


def test_seeds_of_a_trial_are_one_row_with_an_interval(tmp_path):
    seeds = {"seeds": 3}
    trials = [(1e-2, {"values": {0: 0.5, 1: 0.6, 2: 0.7}}), (1e-3, {"values": {0: 1, 1: 2, 2: 3}})]
    found = of_rates(tmp_path, *trials, asked=seeds)
    low, high = found.best.measured.mean_interval
    assert low == pytest.approx(0.6 - 0.2484, abs=1e-4)  # t(0.975, 2) 0.1 / sqrt(3)
    assert high == pytest.approx(0.6 + 0.2484, abs=1e-4)
    line = "best: validation/epoch_loss 0.6 over 3 seeds, 95 % [0.3516, 0.8484]"
    assert best_line(found) == f"{line}; trial 0, runs 0, 0-1, 0-2"
    table = top_table(found)
    titles = ["trial", "configuration", "standing", "n", "mean", "deviation", "IQM", "mean, 95 %"]
    assert table.titles == [*titles, "IQM, 95 %", "to the best"]
    assert table.rows[0][:5] == ["0", "lr=0.01", "best", "3", "0.60"]


def test_trials_that_differ_by_their_seed_alone_are_one_configuration(tmp_path):
    asked = {"grid": {LR: [0.1, 0.2], "seed": [0, 1, 2]}}
    points = [(rate, seed) for rate in (0.1, 0.2) for seed in range(3)]
    trials = [
        {"overrides": {LR: rate, "seed": seed}, "values": {None: rate + seed}}
        for rate, seed in points
    ]
    found = report(make_sweep(tmp_path, asked, trials))
    assert [len(row.values) for row in found.comparison.rows] == [3, 3]
    assert found.best.overrides == {LR: 0.1}  # no seed is better than another
    assert found.best.measured.mean == pytest.approx(1.1)
    assert [one.number for one in found.best.trials] == [0, 1, 2]
    assert [one.key for one in found.at_edges] == [LR]


def test_a_configuration_that_was_tried_twice_is_one(tmp_path):
    found = of_rates(tmp_path, (1e-2, {"value": 0.5}), (1e-2, {"value": 0.5}))
    assert [one.number for one in found.best.trials] == [0, 1]
    assert top_table(found).rows[0][:2] == ["0, 1", "lr=0.01"]


def test_overrides_of_all_trials_are_among_those_of_the_best(tmp_path):
    asked = {"overrides": {"training_config.max_epochs": 3}}
    found = of_rates(tmp_path, (1e-2, {"value": 0.5}), asked=asked)
    assert found.best.overrides == {"training_config.max_epochs": 3, LR: 1e-2}
    command = to_plain(found)["best"]["command"]
    assert command == f"stride train -w {tmp_path} epochs=3 lr=0.01"


def test_a_sweep_under_way_is_reported_too(tmp_path):
    trials = [(1e-2, {"value": 0.5}), (1e-3, {"state": "running"}), (1e-4, {"state": "waiting"})]
    found = of_rates(tmp_path, *trials)
    line = "1 of 9 trials ended: 1 done, 8 waiting"  # nobody works on the one that runs
    assert counts_line(found) == f"sweep s in {tmp_path}: {line}"


def test_a_sweep_without_an_end_has_no_best(tmp_path):
    found = of_rates(tmp_path, (1e-2, {"value": math.inf}), (1e-3, {"state": "pruned"}))
    assert found.best is None and found.at_edges == []
    assert best_line(found).startswith("best: none, no trial has come to its end with a finite ")
    assert found.importances.shares == {} and to_plain(found)["best"] is None
    assert top_table(found).rows[0][:2] == ["0", "lr=0.01"]
    empty = report(make_sweep(tmp_path / "empty", SEARCH, []))
    assert empty.best is None and empty.comparison.rows == []


def test_failures_have_their_reasons(tmp_path):
    found = of_rates(tmp_path, (1e-2, {"state": "failed", "error": ERROR}), (1e-3, {"value": 1.0}))
    assert [one.why for one in found.failures] == ["RuntimeError: shapes (64x32 and 64x10)"]
    assert failure_table(found).cells() == [
        ["0", "0", "RuntimeError: shapes (64x32 and 64x10)", "lr=0.01"]
    ]
    assert to_plain(found)["trials"][0]["why"] == found.failures[0].why


def test_reading_changes_nothing_and_takes_a_torn_line(tmp_path):
    paths = make_sweep(tmp_path, SEARCH, [{"overrides": {LR: 1e-2}, "value": 0.5}])
    with paths.journal.open("a") as file:
        file.write('{"op_code": 4, "wor')
    before = {path: path.read_bytes() for path in paths.path.rglob("*") if path.is_file()}
    assert report(paths).best.measured.mean == 0.5
    after = {path: path.read_bytes() for path in paths.path.rglob("*") if path.is_file()}
    assert after == before


def test_a_broken_or_missing_storage_is_named(tmp_path):
    paths = make_sweep(tmp_path, SEARCH, [{"overrides": {LR: 1e-2}, "value": 0.5}])
    whole = paths.journal.read_text()
    paths.journal.write_text("nonsense\n" + whole)
    with pytest.raises(RunError, match=r"cannot read this journal.*journal\.log"):
        report(paths)
    record = json.loads(paths.record.read_text())
    paths.journal.write_text(whole)
    paths.record.write_text(json.dumps(record | {"study": "s-2"}))
    with pytest.raises(RunError, match="no study 's-2'"):
        report(paths)
    paths.journal.unlink()
    with pytest.raises(RunError, match=r"cannot read.*journal\.log"):
        report(paths)
    assert not paths.journal.exists()


def test_neither_torch_nor_scikit_learn_is_loaded(tmp_path):
    trials = [{"overrides": {LR: 10 ** (-1 - n / 9)}, "value": n / 9} for n in range(12)]
    paths = make_sweep(tmp_path, SEARCH, trials)
    code = f"""
import sys
from pathlib import Path
from stride.runs.layout import SweepPaths
from stride.sweeps.report.report import report
assert report(SweepPaths(Path({str(paths.path)!r}))).importances.shares
assert not {{"torch", "sklearn", "matplotlib"}} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
