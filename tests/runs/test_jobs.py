"""Which job a run belongs to, and which one this process is."""

import time

import pytest

from stride.runs.files.atomic import atomic_json
from stride.runs.jobs import is_of_job, job, recorded_job, starts_again
from stride.runs.records.job import JobRecord
from stride.runs.writer import RunWriter


@pytest.fixture(autouse=True)
def no_launcher(monkeypatch):
    for name in ("SLURM_JOB_ID", "SLURM_RESTART_COUNT", "TORCHELASTIC_RUN_ID"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def paths(tmp_path):
    """Return a queued run that has no job yet."""
    writer = RunWriter.start(tmp_path / "W", config={}, provenance={})
    writer.close("queued")
    return writer.paths


def submit(paths, name):
    atomic_json(paths.job, JobRecord(id=name, submitted=time.time()).to_json())


def start_in(monkeypatch, paths, name):
    monkeypatch.setenv("SLURM_JOB_ID", name)
    RunWriter.resume(paths.path).close("interrupted")


def test_the_job_of_slurm_goes_before_the_group_of_torchrun(monkeypatch):
    assert job() is None
    monkeypatch.setenv("TORCHELASTIC_RUN_ID", "none")
    assert job() is None
    monkeypatch.setenv("TORCHELASTIC_RUN_ID", "nightly")
    assert job() == "nightly"
    monkeypatch.setenv("SLURM_JOB_ID", "12")
    assert job() == "12"


def test_a_launcher_tells_of_a_further_start(monkeypatch):
    assert not starts_again()
    monkeypatch.setenv("SLURM_RESTART_COUNT", "0")
    assert not starts_again()
    monkeypatch.setenv("SLURM_RESTART_COUNT", "2")
    assert starts_again()
    monkeypatch.delenv("SLURM_RESTART_COUNT")
    monkeypatch.setenv("TORCHELASTIC_RUN_ID", "none")
    assert starts_again()


def test_a_run_is_of_the_job_that_wrote_last(monkeypatch, paths):
    assert not is_of_job(paths, "12") and not is_of_job(paths, None)
    start_in(monkeypatch, paths, "12")
    assert is_of_job(paths, "12") and not is_of_job(paths, "13")


def test_the_submitted_job_is_the_run_s_until_another_is_started(monkeypatch, paths):
    assert recorded_job(paths) is None
    submit(paths, "12_0")
    assert recorded_job(paths) == "12_0"
    start_in(monkeypatch, paths, "15")
    assert recorded_job(paths) == "15"


def test_what_a_segment_calls_its_job_is_none_of_slurm_s_unless_it_looks_so(monkeypatch, paths):
    submit(paths, "12")
    start_in(monkeypatch, paths, "--me")
    assert recorded_job(paths) is None


def test_a_process_outside_of_any_job_does_not_hide_the_one_submitted(paths):
    submit(paths, "12")
    RunWriter.resume(paths.path).close("interrupted")
    assert recorded_job(paths) == "12"


def test_the_job_in_which_a_run_was_queued_is_not_its_own(monkeypatch, tmp_path):
    monkeypatch.setenv("SLURM_JOB_ID", "3")
    writer = RunWriter.start(tmp_path / "W", config={}, provenance={})
    writer.close("queued")
    submit(writer.paths, "12")
    assert recorded_job(writer.paths) == "12"
