"""Tasks of one `srun` on a real SLURM find each other without any launcher between."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from stride.runs.run import Run
from stride.runs.work_dir import WorkDir
from tests.integration.cluster import Cluster, missing
from tests.integration.hosts import CONFIG, ROOT, require_whole

pytestmark = [pytest.mark.slow, pytest.mark.ddp]


def test_tasks_on_two_nodes_train_one_run_and_a_batch_script_trains_alone(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    if missing():
        pytest.skip(missing())
    path = os.pathsep.join([str(ROOT), str(ROOT / "cli")])
    words = [f"--config={key}={value}" for key, value in CONFIG.items()]
    train = [sys.executable, "-m", "stride", *words, f"--config=work_dir={tmp_path / 'W'}"]
    script = tmp_path / "job.sh"
    script.write_text("#!/bin/bash\nexec " + " ".join(f"'{word}'" for word in train) + "\n")
    (tmp_path / "slurm").mkdir()
    with Cluster(tmp_path / "slurm") as cluster:
        environment = {**os.environ, **cluster.environment, "PYTHONPATH": path}
        for command in (
            ["srun", "-N2", "--ntasks-per-node=1", *train],
            ["sbatch", "--wait", "-N2", f"--output={tmp_path / 'job.log'}", str(script)],
        ):
            done = subprocess.run(
                command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=120
            )
            assert done.returncode == 0, done.stdout + done.stderr
    assert WorkDir(tmp_path / "W").names() == ["0", "1"]
    runs = [Run(tmp_path / "W" / name) for name in ("0", "1")]
    logs = [sorted(path.name for path in run.paths.logs.iterdir()) for run in runs]
    assert logs == [["rank0.log", "rank1.log"], ["rank0.log"]]
    for run in runs:
        require_whole(run.paths)
    record_property("faults", "2 tasks of srun on 2 nodes: one run; 1 batch script: alone")
