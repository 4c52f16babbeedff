"""Runs as jobs of a real SLURM: submitted, told to leave, requeued, cancelled, edited by hand."""

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from stride.runs.fingerprints import read_fingerprints
from stride.runs.jobs import recorded_job
from stride.runs.run import Run
from tests.integration.cluster import Cluster, missing, until

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(missing()), reason=missing()),
]

SECONDS = 150  # after which a run that has not ended is a failure

PARTS = """
import os, time
from torch import nn
from stride import Callback

def net(width: int = 4):
    return nn.Sequential(nn.Flatten(), nn.Linear(64, width), nn.ReLU(), nn.Linear(width, 10))

class Slow(Callback):
    '''Take long, but not in a job that has been queued again.'''

    def __init__(self, seconds: float = 0.5):
        self.seconds = seconds

    def after_step(self, trainer, step):
        if os.environ.get("SLURM_RESTART_COUNT", "0") == "0":
            time.sleep(self.seconds)
"""
BASE = [
    "work_dir=W",
    "model_kwargs.model_name=parts:net",
    "dataset_kwargs.subsample_rate=0.5",
    "training_config.max_epochs=12",
    "logging_config.terminal_display=off",
]
SLOW = 'training_config.callbacks=["parts:Slow"]'


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    with Cluster(tmp_path_factory.mktemp("slurm")) as started:
        yield started


@pytest.fixture
def count(request):
    """Return a function that notes what a job has been through, for the end of the suite."""
    counts = Counter()

    def note(*what):
        counts.update(what)
        words = ", ".join(f"{number} {one}" for one, number in sorted(counts.items()))
        request.node.user_properties[:] = [("faults", f"slurm: {words}")]

    return note


class Project:
    """A project in git in which a person types commands.

    Attributes:
        path: its folder.
        environment: of the commands.
    """

    def __init__(self, path: Path, cluster: Cluster, count: Callable[..., None]) -> None:
        self.path, self._count = path, count
        self.environment = {**os.environ, **cluster.environment, "OMP_NUM_THREADS": "1"}
        path.mkdir()
        (path / "parts.py").write_text(PARTS)
        for words in (["init", "-q"], ["add", "parts.py"]):
            subprocess.run(["git", "-C", str(path), *words], check=True)

    def stride(self, *words: str, code: int = 0) -> str:
        """Return the last line that a command prints."""
        done = subprocess.run(
            [sys.executable, "-m", "stride", *words],
            cwd=self.path,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout.strip().rpartition("\n")[2]

    def launch(self, *words: str, typed: tuple[str, ...] = ()) -> Run:
        """Queue a run."""
        run = Run(self.stride("launch", *configs(*BASE, *typed), *words))
        self._count("submitted")
        return run

    def start(self, *typed: str) -> Run:
        """Train a run to its end, without SLURM."""
        return Run(self.stride(*configs(*BASE, *typed)))


def configs(*typed):
    return [word for text in typed for word in ("--config", text)]


@pytest.fixture
def project(tmp_path, cluster, count):
    return Project(tmp_path / "project", cluster, count)


def state(run):
    return Run(run.path).status["state"]


def ends(run, *states, seconds=SECONDS):
    """Wait until a run is in one of these states."""
    try:
        until(lambda: state(run) in states, seconds)
    except AssertionError:
        pytest.fail(f"{state(run)}, not {states}:\n{output(run)}")


def output(run):
    return "\n".join(f"{file.name}:\n{file.read_text()}" for file in run.paths.logs.iterdir())


def steps(run):
    rows = run.paths.metrics.read_text().splitlines() if run.paths.metrics.exists() else []
    return max((json.loads(row)["step"] for row in rows), default=0)


def left(run):
    """Return the bits that a run has left."""
    rows = [json.loads(line) for line in run.paths.metrics.read_text().splitlines()]
    return {
        "weights": run.paths.weights.read_bytes(),
        "fingerprints": list(read_fingerprints(run.paths.fingerprints)),
        "rows": [{key: value for key, value in row.items() if key != "time"} for row in rows],
        "best": Run(run.path).results["best"],
    }


def test_a_job_trains_the_code_and_the_config_of_the_launch(project, cluster):
    run = project.launch("--sbatch", "hold", typed=("model_kwargs.width=5",))
    job = recorded_job(run.paths)
    assert state(run) == "queued" and f"{job} PENDING (JobHeldUser)" in table(project)
    (project.path / "parts.py").write_text("raise SystemExit('edited since')")
    (project.path / "W" / "config.json").write_text('{"seed": 9}')
    cluster.call("scontrol", "release", job)
    ends(run, "done", "failed")
    assert state(run) == "done", output(run)
    assert "beginning a queued run" in run.paths.log(0).read_text()
    assert Run(run.path).config.seed == 0
    assert run.paths.heartbeat(1).exists() and not run.paths.segment(2).exists()
    (project.path / "parts.py").write_text(PARTS)
    (project.path / "W" / "config.json").unlink()
    assert left(run) == left(project.start("model_kwargs.width=5"))


def table(project):
    done = subprocess.run(
        [sys.executable, "-m", "stride", "ls", "W", "--jobs"],
        cwd=project.path,
        env=project.environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def test_a_run_leaves_before_the_limit_and_goes_on_to_the_same_bits(project, cluster, count):
    words = ("--requeue", "--time", "1", "--signal-seconds", "20")
    run = project.launch(*words, typed=(SLOW,))
    ends(run, "interrupted")
    assert "SIGUSR1" in Run(run.path).status["reason"]
    stopped = steps(run)
    ends(run, "done", "failed")
    assert state(run) == "done", output(run)
    count("requeued")
    second = json.loads(run.paths.segment(2).read_text())
    assert second["from_step"] >= stopped > 0 and second["fidelity"]["inexact"] == {}
    assert second["job"] == json.loads(run.paths.segment(1).read_text())["job"]
    count("resumed")
    whole = project.start()
    assert left(run) == left(whole)


def test_a_job_that_is_requeued_from_outside_goes_on(project, cluster, count):
    run = project.launch(typed=(SLOW, "checkpoint_config.every_steps=1"))
    until(lambda: steps(run) > 2, SECONDS)
    cluster.call("scontrol", "requeue", recorded_job(run.paths))
    ends(run, "done", "failed")
    assert state(run) == "done", output(run)
    count("requeued")
    assert json.loads(run.paths.segment(2).read_text())["from_step"] > 0
    count("resumed")
    assert left(run) == left(project.start())


def test_a_process_that_is_killed_with_its_job_is_taken_over(project, cluster, count):
    """Its heartbeat may be of another host: only the launcher knows that it is dead."""
    run = project.launch(typed=(SLOW, "checkpoint_config.every_steps=1"))
    until(lambda: steps(run) > 2, SECONDS)
    pid = json.loads(run.paths.segment(1).read_text())["pid"]
    os.kill(pid, 9)
    until(lambda: cluster.state(recorded_job(run.paths)) == "FAILED", 60)
    elsewhere = json.loads(run.paths.segment(1).read_text()) | {"host": "elsewhere"}
    run.paths.segment(1).write_text(json.dumps(elsewhere))
    run.paths.heartbeat(1).touch()
    assert Run(run.path).status["state"] == "running"
    cluster.call("scontrol", "requeue", recorded_job(run.paths))
    ends(run, "done", "failed")
    count("killed", "requeued", "resumed")
    assert left(run) == left(project.start())


def test_a_queued_run_is_cancelled(project, cluster, count):
    run = project.launch("--sbatch", "hold")
    project.stride("cancel", str(run.path))
    assert state(run) == "stopped"
    until(lambda: cluster.state(recorded_job(run.paths)) == "CANCELLED", 30)
    count("cancelled")


def test_a_training_is_cancelled_and_leaves_a_checkpoint(project, cluster, count):
    run = project.launch(typed=(SLOW,))
    until(lambda: steps(run) > 0, SECONDS)
    project.stride("cancel", str(run.path))
    ends(run, "interrupted", seconds=30)
    assert len(run.checkpoints()) == 1
    count("cancelled")
    project.stride(
        "resume", str(run.path), *configs("training_config.max_steps=" + str(steps(run) + 1))
    )
    assert state(run) == "done"
    count("resumed")


def test_a_script_is_edited_and_submitted_by_hand(project, cluster, tmp_path, count):
    run = project.launch("--sbatch", "hold")
    first = recorded_job(run.paths)
    cluster.call("scancel", first)
    script = run.paths.job_script.read_text()
    assert "#SBATCH --hold\n" in script
    run.paths.job_script.write_text(script.replace("#SBATCH --hold", "#SBATCH --comment=mine"))
    second = cluster.call("sbatch", "--parsable", str(run.paths.job_script), cwd="/").strip()
    ends(run, "done", "failed")
    assert state(run) == "done", output(run)
    assert recorded_job(run.paths) == second != first
    count("by hand")


def test_the_runs_of_an_array_differ_by_their_seeds(project, cluster, count):
    last = Run(project.stride("launch", *configs(*BASE), "--array", "2", "--wait", str(SECONDS)))
    runs = [Run(last.path.with_name("0")), last]
    assert [state(run) for run in runs] == ["done", "done"], [output(run) for run in runs]
    assert [run.config.seed for run in runs] == [0, 1]
    count("submitted", "submitted")
    assert left(runs[1]) == left(project.start("seed=1"))
    assert left(runs[0]) != left(runs[1])


def test_one_run_of_an_array_is_queued_again_and_the_other_goes_on(project, cluster, count):
    words = ("--array", "2", "--requeue", "--time", "10")
    typed = (*BASE, SLOW, "training_config.max_steps=40")
    last = Run(project.stride("launch", *configs(*typed), *words))
    runs = [Run(last.path.with_name("0")), last]
    count("submitted", "submitted")
    until(lambda: all(steps(run) > 0 for run in runs), SECONDS)
    whole_array = cluster.call("squeue", "-h", "-o", "%F").split()[0]
    number = {run: json.loads(run.paths.segment(1).read_text())["job"] for run in runs}
    told = next(run for run in runs if number[run] == whole_array)
    element = json.loads(told.paths.job.read_text())["id"]
    cluster.call("scancel", "--batch", "--signal=USR1", element)
    for run in runs:
        ends(run, "done", "failed")
    assert [state(run) for run in runs] == ["done", "done"], [output(run) for run in runs]
    assert [run.paths.segment(2).exists() for run in runs] == [run is told for run in runs]
    count("requeued", "resumed")


@pytest.mark.ddp
def test_a_run_trains_on_two_nodes_and_goes_on_to_the_same_bits(project, cluster, count):
    whole = project.launch("--nodes", "2", "--wait", str(SECONDS))
    logs = [whole.paths.log(rank).read_text() for rank in (0, 1)]
    assert "rank 0 local_rank 0" in logs[0] and "rank 1 local_rank 0" in logs[1]
    run = project.launch("--nodes", "2", "--requeue", "--time", "10", typed=(SLOW,))
    until(lambda: steps(run) > 2, SECONDS)
    cluster.call("scancel", "--batch", "--signal=USR1", recorded_job(run.paths))
    ends(run, "done", "failed")
    assert state(run) == "done", output(run)
    count("requeued")
    assert json.loads(run.paths.segment(2).read_text())["from_step"] > 0
    count("resumed")
    assert left(run) == left(whole)


def test_a_partition_that_is_not_there_leaves_no_run(project, cluster):
    project.stride("launch", *configs(*BASE), "--partition", "nope", code=2)
    assert not (project.path / "W").exists()


def test_places_with_strange_names_are_no_trouble(cluster, tmp_path, count):
    project = Project(tmp_path / "it's 100% mine", cluster, count)
    run = project.launch("--wait", str(SECONDS))
    assert state(run) == "done"
    assert list(run.paths.logs.glob("slurm-*.out"))
