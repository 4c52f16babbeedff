"""Killed or stopped at some moment and resumed, a reconstruction leaves what a whole one leaves."""

import signal
import time
from pathlib import Path

import pytest

from stride.runs.layout import RunPaths
from tests.integration.same_runs import problems_of

COMMAND = [
    *("trainer=reconstruction", "dataset_name=sines", "num_train=64", "num_val=16", "num_test=32"),
    *("length=32", "anomaly_length=8", "model=FeedForwardAE", "lr=0.05", "epochs=60"),
    *("reconstruction_config.milestone_every=7", "checkpoint_config.every_steps=10"),
    *("batch_size=8", "optimizer_state=reset"),
    *("loggers=[]", "terminal_display=off", "device=cpu"),
]


@pytest.mark.slow
@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGTERM])
def test_killed_after_some_epochs(popen, tmp_path: Path, sent: signal.Signals) -> None:
    assert popen(["stride", "train", "-w", "whole", *COMMAND], cwd=tmp_path).wait() == 0
    run = RunPaths(tmp_path / "w" / "0")
    process = popen(["stride", "train", "-w", "w", *COMMAND], cwd=tmp_path)
    while not (run.errors_csv.exists() and len(run.errors_csv.read_text().splitlines()) > 20):
        assert process.poll() is None
        time.sleep(0.002)
    process.send_signal(sent)
    assert process.wait() != 0
    assert popen(["stride", "resume", "w/0"], cwd=tmp_path).wait() == 0
    whole = tmp_path / "whole" / "0"
    assert ",1," in RunPaths(whole).errors_csv.read_text()  # some epochs were swapped
    assert problems_of(run.path, whole) == []
