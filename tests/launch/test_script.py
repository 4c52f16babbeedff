"""job.sbatch: what it asks for, and what bash does with it when signals come."""

import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from stride.errors import UserError
from stride.launch.script import Resources, array_script, job_script, seconds_of
from stride.runs.layout import RunPaths


def options(script):
    lines = script.splitlines()
    return [line.removeprefix("#SBATCH --") for line in lines if line.startswith("#SBATCH")]


def script(run, resources=None, **asked):
    return job_script(run, resources or Resources(**asked), run.code, [str(run.code), "/opt/own"])


RUN = RunPaths(Path("/w/demo/3"))


def test_little_is_asked_for_where_little_is_said():
    assert options(script(RUN)) == [
        "job-name=demo-3",
        "output=/w/demo/3/logs/slurm-%j.out",
        "open-mode=append",
        "nodes=1",
        "ntasks-per-node=1",
    ]


def test_everything_can_be_asked_for():
    asked = {"nodes": 2, "gpus_per_node": 4, "cpus_per_task": 8, "time": "2:00:00"}
    asked |= {"partition": "gpu", "requeue": True, "options": ["mail-type=END", "exclusive"]}
    assert options(script(RUN, **asked))[3:] == [
        "nodes=2",
        "ntasks-per-node=4",
        "gpus-per-node=4",
        "cpus-per-task=8",
        "time=2:00:00",
        "partition=gpu",
        "requeue",
        "signal=B:USR1@120",
        "mail-type=END",
        "exclusive",
    ]


def test_processes_are_as_many_as_was_said_or_gpus():
    assert Resources(gpus_per_node=4).tasks == 4
    assert Resources(gpus_per_node=4, tasks_per_node=2).tasks == 2
    assert Resources().tasks == 1


def test_a_signal_without_a_requeue_goes_to_the_run_itself():
    assert "signal=USR1@30" in options(script(RUN, time="10", signal_seconds=30))


def test_the_run_is_trained_by_the_code_and_the_python_of_the_launch():
    text = script(RUN, cpus_per_task=2)
    assert "cd /w/demo/3/code || exit\nexport PYTHONPATH=/w/demo/3/code:/opt/own\n" in text
    python = shlex.quote(sys.executable)
    assert f"\nsrun --export=ALL --cpus-per-task=2 {python} -P -m stride resume /w/demo/3\n" in text
    assert 'export OMP_NUM_THREADS="${OMP_NUM_THREADS:-2}"' in text


def test_the_users_word_goes_with_a_job_that_no_signature_vouches_for():
    for asked in (Resources(), Resources(requeue=True)):
        text = job_script(RUN, asked, RUN.code, [], trust=True)
        assert "-P -m stride resume /w/demo/3 --trust" in text
        assert "--trust" not in script(RUN, asked)


def test_without_git_the_script_says_so():
    text = job_script(RUN, Resources(), Path("/project"), ["/project"])
    assert "in no git repository" in text and "cd /project || exit" in text
    assert "in no git repository" not in script(RUN)


def test_names_are_quoted_and_signs_of_slurm_are_none_in_them():
    text = script(RunPaths(Path("/w/100% of it/it's")))
    assert "output='/w/100%% of it/it'\"'\"'s/logs/slurm-%j.out'" in options(text)
    assert subprocess.run(["bash", "-n"], input=text, text=True, check=False).returncode == 0


def test_an_array_runs_the_script_of_each_run():
    runs = [RunPaths(Path(f"/w/demo/{n}")) for n in (3, 4, 7)]
    text = array_script(runs, Resources(partition="gpu"))
    assert options(text)[-2:] == ["partition=gpu", "array=0-2"]
    assert "sbatch /w/demo/3/array.sbatch" in text


def test_an_element_of_an_array_runs_its_own_script(tmp_path):
    runs = [RunPaths(tmp_path / f"run {n}") for n in range(2)]
    for run in runs:
        run.path.mkdir()
        run.job_script.write_text(f"echo {run.name}\n")
    environment = {**os.environ, "SLURM_ARRAY_TASK_ID": "1"}
    text = array_script(runs, Resources())
    done = subprocess.run(
        ["bash"], input=text, env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout == "run 1\n"


TIMES = {
    "90": 5400,
    "30:00": 1800,
    "2:00:00": 7200,
    "1-12": 129600,
    "1-12:30": 131400,
    "1-0:0:5": 86405,
}


@pytest.mark.parametrize("text", TIMES)
def test_a_limit_is_read_as_slurm_reads_it(text):
    assert seconds_of(text) == TIMES[text]


REFUSED = {
    "'soon' is not a time limit": {"time": "soon"},
    "told to leave 120 s before the end of 60 s.*--signal-seconds 15": {
        "time": "1",
        "requeue": True,
    },
    "'--mem=1G' is not an sbatch option": {"options": ["--mem=1G"]},
    "'comment=a\\\\nb' is not an sbatch option": {"options": ["comment=a\nb"]},
    "array is asked for by an option of its own.*--array": {"options": ["array=0-3"]},
}


@pytest.mark.parametrize("words", REFUSED)
def test_what_cannot_be_meant_is_refused(words):
    with pytest.raises(UserError, match=words):
        Resources(**REFUSED[words]).check()


def test_what_can_be_meant_is_not_refused():
    asked = Resources(time="10", requeue=True, signal_seconds=60, options=["mem=1G", "exclusive"])
    asked.check()
    assert asked.notice == 60 < seconds_of("10")


# The script itself, with a srun and a scontrol that note what becomes of them.

SRUN = """#!/bin/bash
trap 'echo told >> "{notes}"; sleep 0.3; exit {code}' USR1
echo began >> "{notes}"
for _ in $(seq {tenths}); do sleep 0.1; done
exit {own}
"""


@pytest.fixture
def job(popen, tmp_path):
    """Return a function that starts a job's script whose step leaves with a code when told."""
    notes, commands = tmp_path / "notes", tmp_path / "commands"
    commands.mkdir()

    def start(code, own=7, tenths=100, **variables):
        words = {"notes": notes, "code": code, "own": own, "tenths": tenths}
        (commands / "srun").write_text(SRUN.format(**words))
        (commands / "scontrol").write_text(f'#!/bin/sh\necho "$@" >> "{notes}"\n')
        for file in commands.iterdir():
            file.chmod(0o755)
        run = RunPaths(tmp_path / "3")
        run.code.mkdir(parents=True)
        run.job_script.write_text(script(run, requeue=True))
        path = f"{commands}{os.pathsep}{os.environ['PATH']}"
        environment = {**os.environ, "PATH": path, "SLURM_JOB_ID": "12", **variables}
        process = popen(["bash", run.job_script], env=environment)
        until = time.monotonic() + 20
        while not notes.exists() and time.monotonic() < until:
            time.sleep(0.02)
        return process, notes

    return start


def test_a_run_that_left_with_a_checkpoint_is_queued_again(job):
    process, notes = job(138)
    process.send_signal(signal.SIGUSR1)
    assert process.wait(20) == 0
    assert notes.read_text().splitlines() == ["began", "told", "requeue 12"]


def test_an_element_of_an_array_is_queued_again_alone(job):
    process, notes = job(138, SLURM_ARRAY_JOB_ID="12", SLURM_ARRAY_TASK_ID="3")
    process.send_signal(signal.SIGUSR1)
    assert process.wait(20) == 0
    assert notes.read_text().splitlines()[-1] == "requeue 12_3"


@pytest.mark.parametrize("code", [0, 1])
def test_a_run_that_ended_meanwhile_is_not_queued_again(job, code):
    process, notes = job(code)
    process.send_signal(signal.SIGUSR1)
    assert process.wait(20) == code
    assert notes.read_text().splitlines() == ["began", "told"]


@pytest.mark.parametrize("own", [7, 138])
def test_a_job_that_nobody_told_to_leave_ends_as_its_run(job, own):
    process, notes = job(138, own=own, tenths=5)
    assert process.wait(20) == own
    assert notes.read_text().splitlines() == ["began"]


def test_a_second_signal_is_heard_too(job):
    process, notes = job(138)
    process.send_signal(signal.SIGUSR1)
    time.sleep(0.1)
    process.send_signal(signal.SIGUSR1)
    assert process.wait(20) == 0
    assert notes.read_text().splitlines()[-1] == "requeue 12"
