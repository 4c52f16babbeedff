"""A process beside the training: watched, started again, given up, and waited for at the end."""

import os
import signal
import subprocess
import sys
import time

import pytest

from stride import AsyncEvaluator, Callback
from stride.errors import RunError
from stride.runs.process import process_start
from stride.runs.run import Run
from stride.runs.verify.run import verify_run


class Watched(Callback):
    """Kill the evaluator of a training when its first epoch is over, and have that be found out."""

    def __init__(self, evaluator):
        self.evaluator = evaluator

    def after_epoch(self, trainer, metrics):
        if trainer.state.epoch == 1:
            kill(self.evaluator)


def kill(evaluator):
    os.kill(evaluator._process.pid, signal.SIGKILL)
    while evaluator._process.code is None:
        time.sleep(0.01)
    evaluator.check()


def said(caplog):
    return [one.getMessage() for one in caplog.records if "evaluator" in one.getMessage()]


def test_a_training_has_its_checkpoints_evaluated_though_the_evaluator_is_killed(make, caplog):
    with AsyncEvaluator() as evaluator:
        trainer = make(
            callbacks=[evaluator, Watched(evaluator)],
            checkpoint_config={"every_epochs": 1, "keep_last": 9},
        )
        trainer.fit()
        pid = evaluator._process.pid
    run = trainer.run
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    rows = {row["step"]: row for row in run.evaluations()}
    for row in run.metrics(rows="epochs"):
        validated = {name: value for name, value in row.items() if name.startswith("validation/")}
        assert validated.items() <= rows[row["step"]].items()
    assert run.paths.best_evaluated.read_bytes() == run.paths.weights.read_bytes()
    log = run.paths.evaluator_log
    assert said(caplog) == [
        f"the evaluator has ended by SIGKILL, and is started again: its log is {log}"
    ]
    assert "INFO epoch 2, step 8: validation/epoch_accuracy = " in log.read_text()
    assert verify_run(run.path).ok


def test_one_that_crashes_again_and_again_is_given_up(make, caplog):
    trainer = make()
    trainer.fit()
    evaluator = AsyncEvaluator(trainer.run.path)
    evaluator.start()
    for _ in range(3):
        kill(evaluator)
    evaluator.check()
    assert [line.partition(",")[2].partition(":")[0] for line in said(caplog)] == [
        " and is started again",
        " and is started again",
        " 3 times in a row, and is given up",
    ]
    assert not evaluator.finish()
    assert Run(trainer.run.path).evaluations() == []


def test_it_is_left_to_itself_where_that_takes_too_long(make, caplog):
    trainer = make()
    trainer.fit()
    evaluator = AsyncEvaluator(trainer.run.path)
    evaluator.start()
    process = evaluator._process
    evaluator.before_train(trainer)  # of a further loop
    assert evaluator._process is process
    assert not evaluator.finish(wait=0)
    assert "checkpoints still wait for their evaluation after 0 s" in caplog.text
    os.kill(process.pid, signal.SIGKILL)
    process.reap()


def test_a_log_that_cannot_be_written_ends_no_training(tmp_path, caplog):
    (tmp_path / "0" / "logs").mkdir(parents=True)
    (tmp_path / "private").touch()
    (tmp_path / "0" / "logs" / "evaluator.log").symlink_to(tmp_path / "private")
    evaluator = AsyncEvaluator(tmp_path / "0")
    evaluator.start()
    evaluator.check()
    assert not evaluator.finish()
    (line,) = said(caplog)
    assert line.startswith("no evaluator is started: evaluator.log is a link out of the run folder")


def test_without_a_run_there_is_nothing_to_start():
    with pytest.raises(RunError, match="no run is given"):
        AsyncEvaluator().start()


@pytest.mark.slow
def test_a_run_that_it_cannot_build_is_told_of_once(make, caplog):
    from torch import nn

    trainer = make()
    trainer.set_model(nn.Sequential(nn.Flatten(), nn.Linear(64, 10)))
    with AsyncEvaluator() as evaluator:
        trainer.builder.callbacks.append(evaluator)
        trainer.fit()
    log = trainer.run.paths.evaluator_log
    assert said(caplog) == [f"the evaluator cannot evaluate this run: its log is {log}"]
    assert "was given from Python" in log.read_text()


SCRIPT = """
import os, signal, sys
from stride import AsyncEvaluator, Callback, Trainer

class Kill(Callback):
    def after_checkpoint(self, trainer, path):
        print(evaluator._process.pid, flush=True)
        os.kill(os.getpid(), signal.SIGKILL)

with AsyncEvaluator() as evaluator:
    Trainer(sys.argv[1], callbacks=[evaluator, Kill()], checkpoint_config={"every_epochs": 1}).fit()
"""


@pytest.mark.slow
def test_it_ends_by_itself_when_the_training_is_killed(tmp_path):
    command = [sys.executable, "-c", SCRIPT, str(tmp_path / "w")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == -signal.SIGKILL
    ends = time.monotonic() + 60
    while process_start(int(done.stdout)) and time.monotonic() < ends:
        time.sleep(0.1)
    assert process_start(int(done.stdout)) is None
    (row,) = Run(tmp_path / "w" / "0").evaluations()
    assert row["epoch"] == 1
