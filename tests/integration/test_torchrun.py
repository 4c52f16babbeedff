"""The command line under torchrun, as people start it."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.ddp

TORCHRUN = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
SETTINGS = [
    "device=cpu",
    "dataset_kwargs.subsample_rate=0.1",
    "load_data_kwargs.batch_size=4",
    "model_kwargs.model_name=MLP",
    "training_config.log_interval=5",
    "distributed_config.agree_every=5",
]


def start(folder: Path, *settings: str) -> subprocess.Popen[str]:
    given = [part for text in (*SETTINGS, *settings) for part in ("--config", text)]
    command = [*TORCHRUN, "-m", "stride", "--config", f"work_dir={folder}", *given]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, env=environment)


def status(run: Path) -> dict[str, object]:
    try:
        return json.loads((run / "status.json").read_text())
    except FileNotFoundError:
        return {}


def test_a_run_ends_with_the_path_of_its_one_folder(tmp_path):
    out, errors = (process := start(tmp_path / "W", "training_config.max_epochs=1")).communicate()
    assert process.returncode == 0, errors
    assert out.splitlines() == [str(tmp_path / "W" / "0")]
    assert errors.count("epoch 1/1") == 1
    assert status(tmp_path / "W" / "0")["state"] == "done"


def test_a_wrong_key_ends_all_processes_without_a_folder(tmp_path):
    process = start(tmp_path / "W", "training_config.epochs=1")
    out, errors = process.communicate()
    assert process.returncode != 0 and out == ""
    assert "training_config.epochs" in errors
    assert not (tmp_path / "W").exists()


def test_a_signal_to_one_process_leaves_a_checkpoint_and_exits_with_0(tmp_path):
    run = tmp_path / "W" / "0"
    process = start(tmp_path / "W", "training_config.max_epochs=100000")
    deadline = time.monotonic() + 60
    while not (run / "metrics.jsonl").is_file() and time.monotonic() < deadline:
        time.sleep(0.05)
    os.kill(int(str(status(run)["pid"])), signal.SIGTERM)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert status(run)["state"] == "interrupted"
    assert len(list((run / "checkpoints").glob("*_epoch_*"))) == 1
