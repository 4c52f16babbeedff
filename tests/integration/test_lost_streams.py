"""What becomes of stdout and stderr changes no run's end, and stops no listing."""

import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

from stride.runs.listing.query import list_runs

STRIDE = (sys.executable, "-m", "stride")
RUN = (
    "work_dir=w",
    "dataset_kwargs.subsample_rate=0.1",
    "training_config.max_epochs=2",
    "model_kwargs.model_name=MLP",
)
FULL = Path("/dev/full")


@contextmanager
def unread():
    """Give a pipe whose reader has gone."""
    reading, writing = os.pipe()
    os.close(reading)
    try:
        yield writing
    finally:
        os.close(writing)


def call(folder, *words, shell="", **options):
    command = ["sh", "-c", f'exec "$@" {shell}', "sh", *STRIDE, *words]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONIOENCODING": "ascii"}
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | options
    return subprocess.run(command, cwd=folder, env=environment, timeout=120, **options)


def train(folder, *overrides, **options):
    words = [part for override in (*RUN, *overrides) for part in ("--config", override)]
    return call(folder, *words, **options).returncode


@pytest.mark.skipif(not FULL.exists(), reason="needs /dev/full")
def test_a_run_comes_to_its_end_and_a_listing_to_its_own(tmp_path):
    with unread() as pipe, FULL.open("w") as full:
        display = "logging_config.terminal_display=rich"
        assert train(tmp_path, display, stderr=pipe, stdout=full) == 0
        assert train(tmp_path, "training_config.experiment=größe", shell=">&- 2>&-") == 0
        assert [row.state for row in list_runs(tmp_path / "w")] == ["done", "done"]
        log = (tmp_path / "w" / "1" / "logs" / "rank0.log").read_text()
        assert "best validation/epoch_loss" in log

        listed = call(tmp_path, "ls", "w", stdout=pipe)
        assert (listed.returncode, listed.stderr) == (0, b"")
        listed = call(tmp_path, "ls", "w", stdout=full)
        assert (listed.returncode, listed.stderr) == (
            1,
            b"stride: error: the output could not be written: No space left on device\n",
        )
