"""A script without a guard, whose loader's workers are started by spawn and import it."""

import json
import os
import subprocess
import sys

import pytest

SCRIPT = """
from stride import Trainer
Trainer(
    "w",
    dataset_kwargs={"subsample_rate": 0.1},
    load_data_kwargs={"num_workers": 1, "multiprocessing_context": "spawn"},
    model_kwargs={"model_name": "MLP", "hidden": [4]},
    training_config={"max_epochs": 1},
    logging_config={"terminal_display": "off"},
).fit()
"""


@pytest.mark.slow
def test_its_workers_claim_no_runs_and_it_says_why_it_failed(tmp_path):
    (tmp_path / "script.py").write_text(SCRIPT)
    command = [sys.executable, "script.py"]
    done = subprocess.run(
        command, cwd=tmp_path, env={**os.environ, "OMP_NUM_THREADS": "1"}, capture_output=True
    )
    said = done.stderr.decode()
    assert done.returncode == 1
    assert "trains while it imports the script" in said
    assert "RunFailed: a worker of the loader is gone" in said.splitlines()[-1]
    assert [p.name for p in (tmp_path / "w").iterdir() if p.name[0] != "."] == ["0"]
    assert json.loads((tmp_path / "w" / "0" / "status.json").read_text())["state"] == "failed"
