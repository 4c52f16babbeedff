"""How trials end: failed, not finite, pruned, or let go of by a worker that ended."""

import errno
import math
import os

import pytest

from stride.callbacks.base import Callback
from stride.errors import RunFailed
from stride.runs.run import Run
from stride.sweeps.sweeper import Sweeper
from stride.sweeps.trials.trial import ERROR, PRUNED, RUNS
from tests.integration.sweeps.same_sweeps import strays_of
from tests.integration.sweeps.sweeping import NET
from tests.sweeps.following.conftest import trainer

__all__ = ["trainer"]

LR = "optimizer_kwargs.lr"


def test_a_shape_error_is_a_failed_run_with_its_traceback_beside_trials_that_are_pruned(sweeps):
    trainer = sweeps.trainer(model_kwargs=NET)
    grid = {"model_kwargs.first": [4, 5], LR: [0.03, 1e-4, 0.05]}
    median = {"pruner_name": "median", "n_startup_trials": 1}
    sweeps.of(trainer, grid=grid, pruner=median).run()
    assert sweeps.states() == ["COMPLETE", "PRUNED", "COMPLETE", *["FAIL"] * 3]
    failed = sweeps.trials()[3]
    assert "Traceback" in failed.user_attrs[ERROR] and "mat1 and mat2" in failed.user_attrs[ERROR]
    run = Run(sweeps.work_dir / failed.user_attrs[RUNS][0]["run"])
    assert run.status["state"] == "failed" and "mat1 and mat2" in run.status["reason"]
    assert "Traceback" in run.paths.log(0).read_text()
    assert PRUNED not in failed.user_attrs and list(strays_of(sweeps.work_dir)) == []


def test_the_first_error_ends_the_sweep_where_that_is_asked(sweeps):
    grid = {"model_kwargs.first": [4, 5, 6]}
    sweeps.of(sweeps.trainer(model_kwargs=NET), grid=grid, stop_on_error=True).run()
    assert sweeps.states() == ["COMPLETE", "FAIL", "WAITING"]


def test_where_all_fail_the_sweep_says_so(sweeps):
    with pytest.raises(RunFailed, match="no trial has come to its end, and 2 have failed"):
        sweeps.of(sweeps.trainer(model_kwargs=NET), grid={"model_kwargs.first": [5, 6]}).run()


@pytest.mark.parametrize("seeds", [1, 2])
def test_a_loss_that_is_not_finite_is_the_worst_value(sweeps, seeds):
    grid = {"optimizer_kwargs.optimizer_name": ["SGD"], LR: [1e30, 0.01]}
    best = sweeps.of(grid=grid, seeds=seeds).run()
    assert sweeps.states() == ["COMPLETE"] * 2 and best.trial == 1
    (diverged, _) = sweeps.trials()
    assert diverged.value == math.inf
    status = Run(sweeps.work_dir / diverged.user_attrs[RUNS][0]["run"]).status
    assert status["state"] == "failed" and status["reason"].startswith("nonfinite")


class Interrupting(Callback):
    """Press Ctrl-C once, at the end of an epoch."""

    def __init__(self, epoch: int) -> None:
        self._epoch = epoch

    def after_epoch(self, trainer, metrics):
        if trainer.state.epoch == self._epoch:
            self._epoch = -1
            raise KeyboardInterrupt


def test_a_worker_that_was_interrupted_lets_go_though_its_process_lives(sweeps, rates):
    long = {"training_config": {"max_epochs": 3}}
    trainer = sweeps.trainer(callbacks=[Interrupting(2)], **long)
    with pytest.raises(KeyboardInterrupt):
        sweeps.of(trainer, **rates(0.01, 0.02)).run()
    assert sweeps.states() == ["RUNNING", "WAITING"]
    assert sweeps.run(sweeps.trainer(**long), **rates(0.01, 0.02))
    assert sweeps.states() == ["COMPLETE"] * 2 and sweeps.runs() == ["0", "1"]


class Filling(Callback):
    """Find the disk full once, at the end of an epoch."""

    full = True

    def after_epoch(self, trainer, metrics):
        if Filling.full:
            Filling.full = False
            raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_ends_the_sweep_and_no_trial(sweeps, rates):
    with pytest.raises(OSError, match="No space left"):
        sweeps.of(sweeps.trainer(callbacks=[Filling()]), **rates(0.01, 0.02)).run()
    assert sweeps.states() == ["RUNNING", "WAITING"]
    assert sweeps.run(**rates(0.01, 0.02)) == ["1"]
    assert sweeps.states() == ["COMPLETE"] * 2


class Enough(Callback):
    """Stop each training as a user's callback may."""

    def after_epoch(self, trainer, metrics):
        trainer.stop("enough")


def test_a_run_that_a_callback_stops_has_a_value(sweeps, rates):
    long = {"training_config": {"max_epochs": 3}}
    sweeps.of(sweeps.trainer(callbacks=[Enough()], **long), **rates(0.01)).run()
    assert sweeps.states() == ["COMPLETE"]


def test_a_name_that_a_kill_left_to_a_run_that_had_not_begun_is_the_trials(sweeps):
    runs = [{"run": "small", "config": {LR: 0.01}}]
    left = sweeps.work_dir / "small" / "segments"
    left.mkdir(parents=True)
    for place in (left, left.parent):
        os.utime(place, (1.0, 1.0))  # long ago
    assert sweeps.of(runs=runs).run().runs == [sweeps.work_dir / "small"]


def test_a_worker_that_ends_between_two_trials_lets_go_too(sweeps, rates):
    def stop(trial, outcome):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sweeps.of(**rates(0.01, 0.02)).run(stop)
    assert sweeps.run(**rates(0.01, 0.02)) == ["1"]


def test_a_run_that_is_not_finite_gives_its_trial_the_worst_value(trainer) -> None:
    own = trainer("optimizer=SGD", "batch_size=8")
    sweeper = Sweeper(own, grid={"lr": [1e-2, 1e30]}, metric="validation/epoch_accuracy")
    best = sweeper.run()
    values = [one.value for one in sweeper.begin().study.trials]
    assert sweeper.report().best.trials[0].number == 0
    assert best.trial == 0 and math.isfinite(values[0]) and values[1] == -math.inf
