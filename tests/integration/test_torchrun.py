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


@pytest.fixture
def start(popen):
    """Return a function that starts a training of two processes."""

    def start(folder: Path, *settings: str):
        given = [part for text in (*SETTINGS, *settings) for part in ("--config", text)]
        command = [*TORCHRUN, "-m", "stride", "--config", f"work_dir={folder}", *given]
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        pipe = subprocess.PIPE
        return popen(command, stdout=pipe, stderr=pipe, text=True, env=environment)

    return start


def status(run: Path) -> dict[str, object]:
    try:
        return json.loads((run / "status.json").read_text())
    except FileNotFoundError:
        return {}


@pytest.mark.slow
def test_an_evaluation_is_shared_and_told_once(start, tmp_path):
    _, errors = (process := start(tmp_path / "W", "training_config.max_epochs=1")).communicate()
    assert process.returncode == 0 and status(tmp_path / "W" / "0")["state"] == "done", errors
    evaluate = ["-m", "stride", "evaluate", str(tmp_path / "W" / "0"), "--json"]
    done = subprocess.run([*TORCHRUN, *evaluate], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    results = json.loads((tmp_path / "W" / "0" / "results.json").read_text())
    assert json.loads(done.stdout) == pytest.approx(results["test"])


def test_a_wrong_key_ends_all_processes_without_a_folder(start, tmp_path):
    process = start(tmp_path / "W", "training_config.epochs=1")
    out, errors = process.communicate()
    assert process.returncode != 0 and out == ""
    assert "training_config.epochs" in errors
    assert not (tmp_path / "W").exists()


def test_a_signal_to_one_process_leaves_a_checkpoint_and_the_path_and_exits_with_0(start, tmp_path):
    run = tmp_path / "W" / "0"
    process = start(tmp_path / "W", "training_config.max_epochs=100000")
    deadline = time.monotonic() + 60
    rows = run / "metrics.jsonl"
    while not (rows.is_file() and "epoch_loss" in rows.read_text()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    os.kill(int(str(status(run)["pid"])), signal.SIGTERM)
    out, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert out.splitlines() == [str(run)]
    assert errors.count("epoch 1/100000") == 1
    assert status(run)["state"] == "interrupted"
    assert len(list((run / "checkpoints").glob("*_epoch_*"))) == 1


LEAVING = 'cd "$0/$RANK" && "$@" >out 2>err; echo $? >code'


def on_two_hosts(place: Path, *words: str) -> list[tuple[int, str]]:
    """Run a command in two processes, each in a folder of its own; return how each has left."""
    stride = [sys.executable, "-m", "stride", *words]
    command = [*TORCHRUN, "--no-python", "sh", "-c", LEAVING, str(place), *stride]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    subprocess.run(command, env=environment, capture_output=True, check=True, timeout=90)
    hosts = [place / "0", place / "1"]
    return [(int((host / "code").read_text()), (host / "err").read_text()) for host in hosts]


@pytest.mark.parametrize("lacking", [pytest.param(0, marks=pytest.mark.slow), 1])
def test_a_config_file_that_one_host_lacks_ends_both_at_once(tmp_path, lacking):
    for host in (0, 1):
        (tmp_path / str(host)).mkdir()
    (tmp_path / str(1 - lacking) / "c.json").write_text('{"training_config": {"max_steps": 2}}')
    work_dir = f"work_dir={tmp_path / 'W'}"
    left = on_two_hosts(tmp_path, "--config-file", "c.json", "--config", work_dir)
    assert [code for code, _ in left] == [2, 2], left
    words = left[lacking][1].removeprefix("stride: error: ").strip()
    assert "c.json" in words
    assert f"cannot train together: rank {lacking}: {words}" in left[1 - lacking][1]
    assert not (tmp_path / "W").exists()


@pytest.mark.slow
def test_a_run_that_one_host_lacks_is_resumed_by_none(tmp_path):
    for host in (0, 1):
        (tmp_path / str(host)).mkdir()
    given = [part for text in SETTINGS for part in ("--config", text)]
    given += ["--config", "work_dir=W", "--config", "training_config.max_steps=2"]
    command = [sys.executable, "-m", "stride", *given]
    subprocess.run(command, cwd=tmp_path / "0", capture_output=True, check=True, timeout=90)
    before = sorted((tmp_path / "0").rglob("*"))
    more = ["--config", "training_config.max_steps=4"]
    left = on_two_hosts(tmp_path, "resume", "W/0", *more)
    assert [code for code, _ in left] == [2, 2], left
    assert "rank 1: " in left[0][1] and "W" in left[1][1]
    after = sorted((tmp_path / "0").rglob("*"))
    assert {path.name for path in {*after} - {*before}} == {"out", "err", "code"}
