"""A budget of time leaves a run as a signal does, and it goes on as if it had never been left."""

import json

import pytest

from stride.errors import UserError
from stride.runs.run import Run
from stride.runs.verify.run import verify_run

CONFIG = {
    "training_config": {"max_epochs": 3, "evaluate_every": 2, "log_interval": 2},
    "scheduler_kwargs": {"scheduler_name": "StepLR", "step_size": 1},
    "model_kwargs": {"dropout": 0.2},
}
REASON = "the budget of 0s is used up"


def rows(run):
    """Return the metrics of a run without those that measure time."""
    lines = map(json.loads, run.paths.metrics.read_text().splitlines())
    return [{k: v for k, v in row.items() if k != "time" and "seconds" not in k} for row in lines]


def test_step_by_step_a_run_comes_to_the_same_end(make):
    whole, parts = make(**CONFIG), make(**CONFIG)
    expected = whole.fit()
    parts.fit(budget=0)
    run = Run(parts.run.paths.path)
    for left in range(2, whole.state.step + 1):
        assert (run.status["state"], run.status["reason"]) == ("stopped", REASON)
        assert verify_run(run.path).problems == []
        found = parts.fit(resume=run.name, budget="0s")
        assert parts.state.step == left
        run = Run(run.path)
    if run.status["state"] == "stopped":  # the epoch's end is still to come
        found = parts.fit(resume=run.name)
        run = Run(run.path)
    reference = Run(whole.run.paths.path)
    assert (run.status["state"], found) == ("done", expected)
    assert run.results["weights_sha256"] == reference.results["weights_sha256"]
    assert run.results["best"] == reference.results["best"]
    assert rows(run) == rows(reference)


def test_a_run_that_is_done_in_time_is_done(make):
    trainer = make()
    trainer.fit(budget="1h")
    assert Run(trainer.run.paths.path).status["state"] == "done"


def test_it_says_how_to_go_on_and_has_results(make):
    trainer = make()
    trainer.fit(budget=0.0)
    run = Run(trainer.run.paths.path)
    assert f"{REASON}; to go on, type: stride resume {run.path}" in run.paths.log(0).read_text()
    assert run.results["test"]
    trainer.fork(run.name, "last", budget="0s")
    assert Run(trainer.run.paths.path).status["reason"] == REASON


@pytest.mark.parametrize("budget", ["5", "soon", "-5m", -1, float("nan"), float("inf")])
def test_what_is_no_time_is_refused_before_there_is_a_folder(make, tmp_path, budget):
    with pytest.raises(UserError, match="is no time to train for"):
        make().fit(budget=budget)
    assert not (tmp_path / "w").exists()
