"""Where a sweep stands: counts, the best, and how long the rest takes."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from optuna.trial import TrialState, create_trial

from stride.sweeps.following.standing import runs_of, standing_of
from stride.sweeps.sweep import Sweep
from stride.sweeps.sweeper import Sweeper
from stride.sweeps.trials.worker_mark import WorkerMark


def add(sweep: Sweep, state: TrialState, value: float | None = None, **more: Any) -> None:
    sweep.study.add_trial(create_trial(state=state, value=value, **more))


@pytest.fixture
def sweep(trainer) -> Sweep:
    return Sweeper(trainer(), {"lr": "float(0,1)"}, trials=8).begin()


def test_every_trial_is_counted_once(sweep: Sweep) -> None:
    assert standing_of(sweep).counts == {
        "running": 0,
        "done": 0,
        "pruned": 0,
        "failed": 0,
        "waiting": 8,
    }
    for value in (0.5, 0.25, float("inf")):
        add(sweep, TrialState.COMPLETE, value)
    add(sweep, TrialState.PRUNED)
    add(sweep, TrialState.FAIL)
    with WorkerMark(sweep.paths) as mark:
        add(sweep, TrialState.RUNNING, user_attrs={"worker": mark.to_json()})
        add(sweep, TrialState.RUNNING, user_attrs={"worker": {"since": 3}})  # nobody's
        now = standing_of(sweep)
    assert [now.counts[name] for name in ("running", "waiting")] == [1, 2]
    assert [now.counts[name] for name in ("done", "pruned", "failed")] == [3, 1, 1]
    assert now.total == 8 and now.best is not None and now.best.number == 1
    assert now.seconds_left is None  # those that ended were copied


def test_the_rest_takes_as_long_as_what_has_ended(sweep: Sweep) -> None:
    add(sweep, TrialState.COMPLETE, 0.5)
    # The last one was left and resumed a day later.
    for seconds in (10, 10, 10, 86_400):
        took = create_trial(state=TrialState.COMPLETE, value=0.5)
        took.datetime_start = datetime.now() - timedelta(seconds=seconds)
        took.datetime_complete = took.datetime_start + timedelta(seconds=seconds)
        sweep.study.add_trial(took)
    with WorkerMark(sweep.paths) as mark:
        for _ in range(2):
            add(sweep, TrialState.RUNNING, user_attrs={"worker": mark.to_json()})
        left = standing_of(sweep).seconds_left
    assert left == pytest.approx(10 * (1 + 2 / 2) / 2)


def test_the_best_of_several_runs_comes_first(sweep: Sweep) -> None:
    runs = [{"seed": n, "run": f"{n}", "uuid": "u", "value": v} for n, v in enumerate((0.5, 0.25))]
    runs.append({"seed": 2, "run": "2", "uuid": "u"})
    add(sweep, TrialState.PRUNED, user_attrs={"runs": runs})
    found = runs_of(sweep, standing_of(sweep).ended[0])
    assert [run.path for run in found] == [sweep.work_dir / name for name in ("1", "0", "2")]
