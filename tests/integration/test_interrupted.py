"""Real trainings that are ended from outside leave a readable folder, and lose a second at most."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from stride.runs.listing.query import list_runs
from stride.runs.process import process_start
from stride.trainer.starts.loaded import load_run

SLOW = """
import os
import time
from stride import Callback

class Slow(Callback):
    def after_step(self, trainer, step):
        trainer.log("mine/step", trainer.state.step)
        print(trainer.state.step, flush=True)
        if os.path.exists("long"):
            print("asleep", flush=True)
            time.sleep(600)
        time.sleep(0.02)
"""


@pytest.fixture
def training(tmp_path, request, popen):
    """Start a training that logs in every step and takes far too long; end it with the test.

    Once there is a file `long` even a step takes far too long. A parameter is a further override.
    """
    (tmp_path / "slow.py").write_text(SLOW)
    command = [sys.executable, "-m", "stride"]
    for override in (
        "work_dir=w",
        'training_config.callbacks=["slow:Slow"]',
        "training_config.max_epochs=100000",
        "dataset_kwargs.subsample_rate=0.2",
        "logging_config.terminal_display=off",
        getattr(request, "param", "checkpoint_config.grace_seconds=null"),
    ):
        command += ["--config", override]
    return popen(
        command,
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "error"},
    )


def steps_until(process, count):
    """Read the steps that the training prints, until `count` of them."""
    for _ in range(count):
        line = process.stdout.readline()
        assert line, process.stderr.read()
    return int(line)


def test_a_killed_training_is_interrupted_and_at_most_a_second_of_metrics_is_lost(
    training, tmp_path
):
    steps_until(training, 120)
    training.kill()
    killed = time.time()
    training.wait()
    last = 120
    for line in training.stdout:
        last = int(line)
    (row,) = list_runs(tmp_path / "w")
    assert row.state == "interrupted"
    rows = load_run(tmp_path / "w", 0).metrics()
    logged = [r["mine/step"] for r in rows if "mine/step" in r]
    assert logged == list(range(1, len(logged) + 1))
    assert rows[-1]["time"] > killed - 1.0 or logged[-1] == last
    for path in (tmp_path / "w" / "0").rglob("*.json"):
        json.loads(path.read_text())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_finishes_the_step_and_leaves_a_checkpoint(training, tmp_path, number):
    steps_until(training, 10)
    training.send_signal(number)
    out, err = training.communicate(timeout=60)
    assert training.returncode == 128 + number  # 130 and 143
    assert "Traceback" not in err
    assert err.splitlines()[-1] == "stride: interrupted"
    run = load_run(tmp_path / "w", 0)
    assert out.splitlines()[-1] == str(run.path.resolve())
    assert run.status["state"] == "interrupted"
    assert run.status["reason"] == f"interrupted by {signal.Signals(number).name}"
    index = json.loads(run.paths.checkpoint_index.read_text())
    last = int([*("10", *out.splitlines())][-2])
    assert index["entries"][-1]["step"] == last
    assert run.metrics()[-1]["step"] == last
    assert run.model is not None


def fall_asleep(training, tmp_path):
    steps_until(training, 3)
    (tmp_path / "long").touch()
    while (line := training.stdout.readline()) != "asleep\n":
        assert line, training.stderr.read()


HANGS = """
import os
import time
import torch
from stride import Callback
from stride.engine import signals

signals.PATIENCE = 0.2

class Fifth(Callback):
    def after_step(self, trainer, step):
        if trainer.state.step == 5:
            open("fifth", "w").close()

class Hangs(torch.utils.data.Dataset):
    num_classes, calls = 2, 0

    def __len__(self):
        return 64

    def __getitem__(self, index):
        self.calls += os.path.exists("w/0/status.json")
        while self.calls > 20:
            time.sleep(0.3)
            if os.path.exists("fifth"):
                print(os.getpid(), flush=True)
                time.sleep(600)
        return torch.rand(3), index % 2
"""


def test_a_signal_ends_the_wait_for_a_worker_that_hangs(popen, tmp_path):
    (tmp_path / "hangs.py").write_text(HANGS)
    command = [sys.executable, "-m", "stride"]
    for override in (
        "work_dir=w",
        "dataset_kwargs.dataset_name=hangs:Hangs",
        'load_data_kwargs={"batch_size": 4, "num_workers": 1}',
        'training_config={"with_validation": false, "callbacks": ["hangs:Fifth"]}',
        "model_kwargs.model_name=MLP",
    ):
        command += ["--config", override]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    process = popen(command, cwd=tmp_path, env=environment, **pipes)
    worker = int(process.stdout.readline())
    process.terminate()
    out, err = process.communicate(timeout=60)
    assert process.returncode == 143, err
    assert "SIGTERM, and no batch comes" in err
    assert "Traceback" not in err
    assert out == f"{tmp_path / 'w' / '0'}\n"
    run = load_run(tmp_path / "w", 0)
    assert run.status["reason"] == "interrupted by SIGTERM"
    assert json.loads(run.paths.checkpoint_index.read_text())["entries"][-1]["step"] == 5
    assert process_start(worker) is None


def test_a_second_signal_ends_it_at_once(training, tmp_path):
    fall_asleep(training, tmp_path)
    training.send_signal(signal.SIGINT)
    with pytest.raises(subprocess.TimeoutExpired):
        training.wait(1)  # the first one lets the step come to its end
    training.send_signal(signal.SIGINT)
    training.communicate(timeout=60)
    assert training.returncode == 130
    assert load_run(tmp_path / "w", 0).status["state"] == "interrupted"


@pytest.mark.parametrize("training", ["checkpoint_config.grace_seconds=0.5"], indirect=True)
def test_the_end_of_the_grace_time_is_as_a_second_signal(training, tmp_path):
    fall_asleep(training, tmp_path)
    training.send_signal(signal.SIGTERM)
    training.communicate(timeout=60)
    assert training.returncode == 143
    assert load_run(tmp_path / "w", 0).status["state"] == "interrupted"
