"""Jobs of runs: their states, their end, and waiting for it."""

import json
import time

import pytest

from stride.errors import RunError
from stride.launch.jobs import cancel, job_states, wait
from stride.launch.launch import launch
from stride.launch.script import Resources
from stride.runs.run import Run
from stride.runs.status import newest_segment
from stride.runs.writer import RunWriter


@pytest.fixture
def queued(project, slurm):
    return launch(["work_dir=W"], None, Resources()).runs[0]


@pytest.fixture
def plain(tmp_path, queued):
    """Return a run that no job was submitted for."""
    writer = RunWriter.start(queued.parent, config=Run(queued).raw_config, provenance={})
    writer.close("done")
    return writer.paths.path


def go_on(run, state):
    """Do what the run's job would do."""
    writer = RunWriter.resume(run, after=newest_segment(Run(run).paths))
    writer.status("running")
    writer.close(state)


def test_the_state_of_each_job_is_told(queued, plain, slurm):
    slurm.answer("squeue", "12|12|PENDING|Priority\n")
    assert job_states([queued, plain]) == {queued: "12 PENDING (Priority)"}
    slurm.answer("squeue", "")
    assert job_states([queued]) == {queued: "12 gone"}


def test_a_queued_run_is_stopped_with_its_job(queued, slurm):
    assert cancel(queued) == "12"
    assert slurm.calls("scancel") == ["-- 12"]
    status = Run(queued).status
    assert (status["state"], status["reason"]) == ("stopped", "cancelled before it began")


def test_a_run_that_has_begun_ends_by_itself(queued, slurm):
    go_on(queued, "interrupted")
    cancel(queued)
    assert slurm.calls("scancel") == ["-- 12"]
    assert Run(queued).status["state"] == "interrupted"


def test_a_run_without_a_job_is_not_cancelled(plain):
    with pytest.raises(RunError, match="no job was submitted"):
        cancel(plain)


def test_a_record_that_names_no_job_of_slurm_is_not_passed_on(queued, slurm, record):
    job, segment = Run(queued).paths.job, Run(queued).paths.segment(0)
    good, began = record(job), record(segment)
    for name in ["--user=me", "-t", "1,2", "12 13", "12\n", "me", ""]:
        job.write_text(json.dumps(good | {"id": name}))
        segment.write_text(json.dumps(began))
        assert job_states([queued]) == {}
        job.write_text(json.dumps(good))
        later = {"started": good["submitted"] + 1, "job": name or {"id": 12}}
        segment.write_text(json.dumps(began | later))
        assert job_states([queued]) == {}
        with pytest.raises(RunError, match="name no job of SLURM"):
            cancel(queued)
    assert slurm.calls("scancel") == slurm.calls("squeue") == []
    assert Run(queued).status["state"] == "queued"


def test_the_end_of_a_run_is_waited_for(queued, slurm):
    slurm.answer("squeue", "12|12|RUNNING|None\n")
    go_on(queued, "done")
    assert wait([queued], 60) == {queued: "done"}


def test_a_run_that_is_queued_again_is_waited_for(queued, slurm):
    slurm.answer("squeue", "12|12|PENDING|BeginTime\n")
    go_on(queued, "interrupted")
    began = time.monotonic()
    assert wait([queued], 0.3) == {queued: "interrupted"}
    assert time.monotonic() - began >= 0.3


def test_a_job_that_vanished_is_not_waited_for(queued, slurm, monkeypatch):
    monkeypatch.setattr("stride.launch.jobs._EVERY", 0.05)
    assert wait([queued], 60) == {queued: "queued"}
    assert len(slurm.calls("squeue")) == 3
