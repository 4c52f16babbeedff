"""`stride launch`, `stride cancel` and `stride ls --jobs`; the commands of SLURM take notes."""

import json
import os
import subprocess

import pytest

COMMAND = """#!/bin/sh
echo "$@" >> "$0.calls"
cat "$0.answer"
"""
SMALL = ["--config", "work_dir=W", "--config", "training_config.max_steps=2"]


@pytest.fixture
def slurm(tmp_path, monkeypatch):
    """Put commands on the PATH: sbatch gives the job 12, squeue knows nothing."""
    folder = tmp_path / "slurm"
    folder.mkdir()
    for name, answer in {"sbatch": "12\n", "squeue": "", "scancel": ""}.items():
        (folder / name).write_text(COMMAND)
        (folder / name).chmod(0o755)
        (folder / f"{name}.answer").write_text(answer)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return folder


def test_the_last_line_is_the_folder(stride, slurm, tmp_path):
    done = stride("launch", *SMALL)
    assert (done.code, done.out) == (0, f"{tmp_path}/W/0\n")
    first, second = done.err.splitlines()
    assert first == "submitted as job 12"
    assert second.startswith("warning: the job has no copy of the code: not a git repository")


def test_an_array_prints_each_folder(stride, slurm, tmp_path):
    done = stride("launch", *SMALL, "--array", "2")
    assert done.out.splitlines() == [f"{tmp_path}/W/0", f"{tmp_path}/W/1"]


def test_what_is_asked_for_is_in_the_script(stride, slurm, tmp_path):
    words = "--nodes 2 --gpus-per-node 4 --tasks-per-node 3 --cpus-per-task 5 --time 1:00:00"
    words += " --partition gpu --requeue --signal-seconds 60 --sbatch mem=4G --sbatch exclusive"
    assert stride("launch", *SMALL, *words.split()).code == 0
    script = (tmp_path / "W" / "0" / "job.sbatch").read_text()
    asked = "nodes=2 ntasks-per-node=3 gpus-per-node=4 cpus-per-task=5 time=1:00:00 partition=gpu"
    asked += " requeue signal=B:USR1@60 mem=4G exclusive"
    lines = [line.removeprefix("#SBATCH --") for line in script.splitlines() if "SBATCH --" in line]
    assert lines[3:] == asked.split()


def test_a_dry_run_prints_the_script_alone(stride, slurm, tmp_path):
    done = stride("launch", *SMALL, "--dry-run")
    assert done.code == 0 and done.out.startswith("#!/bin/bash\n") and not done.err
    assert subprocess.run(["bash", "-n"], input=done.out, text=True, check=False).returncode == 0
    assert not (tmp_path / "W").exists()


def test_a_refusal_is_one_line(stride, slurm, tmp_path):
    (slurm / "sbatch").write_text("#!/bin/sh\necho 'sbatch: error: no such queue' >&2\nexit 1\n")
    done = stride("launch", *SMALL)
    assert (done.code, done.out) == (2, "")
    assert done.err == "stride: error: sbatch refused: no such queue (SLURM)\n"
    assert not (tmp_path / "W" / "0").exists()


def test_a_wrong_config_is_the_user_s_mistake(stride, slurm, tmp_path):
    done = stride("launch", "--config", "work_dir=W", "--config", "sed=1")
    assert done.code == 2 and "seed" in done.err
    assert not (tmp_path / "W").exists()


def test_a_run_that_does_not_end_in_time_is_told(stride, slurm, tmp_path):
    (slurm / "squeue.answer").write_text("12|12|PENDING|Resources\n")
    done = stride("launch", *SMALL, "--wait", "0.2")
    assert done.code == 1
    assert done.err.splitlines()[-1] == "run 0 is queued"
    assert done.out == f"{tmp_path}/W/0\n"


def test_a_listing_asks_for_jobs_when_it_is_told_to(stride, slurm, tmp_path, make_run):
    make_run(name="5")
    stride("launch", *SMALL)
    (slurm / "squeue.answer").write_text("12|12|PENDING|Resources\n")
    plain = stride("ls", "W")
    assert "queued" in plain.out and "12 PENDING" not in plain.out
    assert not (slurm / "squeue.calls").exists()
    rows = stride("ls", "W", "--jobs").out.splitlines()
    assert "12 PENDING (Resources)" in rows[1] and "queued" in rows[1]
    listed = json.loads(stride("ls", "W", "--jobs", "--json").out)
    assert [row["job"] for row in listed] == ["12 PENDING (Resources)", None]
    assert stride("ls", "W", "--jobs", "--csv").out.splitlines()[0].endswith(",overrides,job")


def test_a_run_is_cancelled(stride, slurm, tmp_path):
    stride("launch", *SMALL)
    done = stride("cancel", "W/0")
    assert (done.code, done.err, done.out) == (0, "cancelled job 12\n", "W/0\n")
    assert (slurm / "scancel.calls").read_text() == "-- 12\n"
    assert "stopped" in stride("ls", "W").out


def test_a_run_without_a_job_is_not_cancelled(stride, slurm, make_run):
    make_run()
    done = stride("cancel", "W/0")
    assert done.code == 2 and "no job was submitted for this run" in done.err
