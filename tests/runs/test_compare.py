import json
from pathlib import Path
from typing import Any

import pytest

from stride.errors import RunError
from stride.runs.compare import ABSENT, compare, diff
from stride.runs.run import Run

CONFIG = {"work_dir": "w", "run": "0", "seed": 0, "model_kwargs": {"model_name": "MLP"}}


def make(path: Path, config: dict[str, Any], results: dict[str, Any] | None = None) -> Run:
    path.mkdir()
    status = {"format_version": 1, "state": "done", "created": 1.0, "overrides": []}
    (path / "status.json").write_text(json.dumps(status))
    (path / "config.json").write_text(json.dumps(config))
    if results is not None:
        (path / "results.json").write_text(json.dumps({"format_version": 1, **results}))
    return Run(path)


def test_a_diff_holds_what_differs_and_nothing_else(tmp_path):
    nets = {"model_name": "CNN", "widths": [8, 16]}
    first = make(tmp_path / "0", CONFIG, {"best": {"loss": 0.5, "step": 3}, "test": {"acc": 0.9}})
    second = make(
        tmp_path / "1",
        CONFIG | {"run": "1", "work_dir": "v", "model_kwargs": nets},
        {"best": {"loss": 0.25, "step": 3}},
    )
    assert diff(first, second) == (
        ["0", "1"],
        {"model_kwargs.model_name": ["MLP", "CNN"], "model_kwargs.widths": [ABSENT, [8, 16]]},
        {"best.loss": [0.5, 0.25], "test.acc": [0.9, ABSENT]},
    )


def test_equal_runs_have_no_difference(tmp_path):
    results = {"best": {"loss": "NaN"}}
    first, second = (make(tmp_path / name, CONFIG, results) for name in "01")
    assert diff(first, second) == (["0", "1"], {}, {})


def test_values_of_different_types_differ(tmp_path):
    first = make(tmp_path / "0", {"a": 1, "b": None, "c": "1"})
    second = make(tmp_path / "1", {"a": True, "c": 1})
    expected = {"a": [1, True], "b": [None, ABSENT], "c": ["1", 1]}
    assert diff(first, second).config == expected


def test_a_comparison_has_the_metrics_of_all_runs(tmp_path):
    runs = [
        make(tmp_path / str(n), CONFIG | {"seed": n}, {"best": {"loss": 1.0}}) for n in range(3)
    ]
    assert compare(runs) == (["0", "1", "2"], {"seed": [0, 1, 2]}, {"best.loss": [1.0] * 3})
    assert compare([]) == ([], {}, {})


def test_a_run_without_results_is_compared_by_its_last_metrics(tmp_path):
    run = make(tmp_path / "0", CONFIG)
    (tmp_path / "0" / "metrics.jsonl").write_text('{"step": 1, "loss": 0.5}\n')
    assert compare([run]).metrics == {"last.loss": [0.5]}


def test_a_broken_config_is_refused_by_name(tmp_path):
    run = make(tmp_path / "0", CONFIG)
    (tmp_path / "0" / "config.json").write_text("{")
    with pytest.raises(RunError, match=r"config\.json"):
        compare([run])


def test_absent_is_false_and_names_itself():
    assert not ABSENT and repr(ABSENT) == "ABSENT"
