"""A queued run begins in its own folder, as a run that was started here would have."""

import pytest

from stride.errors import ComponentError, RunError
from stride.runs.files.atomic import atomic_json
from stride.runs.files.digest import sha256
from stride.runs.run import Run
from stride.runs.writer import RunWriter
from stride.trainer.flow import fit
from stride.trainer.starts.resume import ResumedRun
from stride.trainer.trainer import Trainer
from tests.trainer.networks import STUDENT, TWO_PARTS

GIT = {"root": "/project", "commit": "a" * 40}
QUEUED = {"command": ["stride", "launch"], "overrides": ["seed=3"], "folder": "/project"}


@pytest.fixture
def queue(make, tmp_path):
    """Return a function that claims a run for a job, as `stride launch` does."""

    def claim(**more):
        config = make().config.to_json()
        config = {**config, **more, "work_dir": "w"}
        provenance = {**QUEUED, "origins": {"seed": "override"}, "git": GIT}
        writer = RunWriter.start(tmp_path / "w", config=config, provenance=provenance)
        writer.commit(writer.paths.job_script, "#!/bin/bash\n")
        writer.close("queued")
        return Run(writer.paths.path)

    return claim


def resume(run, *overrides):
    trainer = Trainer(str(run.path.parent))
    trainer.fit([*overrides], resume=run.name)
    return Run(run.path)


def test_it_trains_in_its_own_folder(queue):
    run = resume(queue())
    assert run.status["state"] == "done" and run.status["segment"] == 1
    assert "beginning a queued run" in run.paths.log(0).read_text()
    assert run.results["last"]["step"] > 0


def test_it_ends_with_the_bits_of_a_run_that_was_started_here(queue, make):
    run = resume(queue())
    (trainer := make()).fit()
    other = Run(trainer.run.paths.path)
    assert other.path != run.path
    assert run.paths.weights.read_bytes() == other.paths.weights.read_bytes()
    assert run.raw_config == {**other.raw_config, "work_dir": "w"}


def test_the_provenance_tells_who_queued_it_and_where_it_ran(queue):
    provenance = resume(queue()).provenance
    assert {key: provenance[key] for key in QUEUED} == QUEUED
    assert provenance["git"] == GIT and provenance["origins"] == {"seed": "override"}
    assert provenance["devices"] == ["cpu"] and provenance["threads"]["torch"] >= 1
    assert provenance["data_fingerprint"]


def test_what_is_typed_now_counts(queue):
    run = resume(queue(), "training_config.max_steps=3")
    assert run.results["last"]["step"] == 3
    assert run.provenance["overrides"] == ["seed=3", "training_config.max_steps=3"]


def test_start_weights_are_read_and_kept(queue, make):
    (first := make()).fit()
    weights = str(first.run.paths.weights)
    model = {**first.config.to_json()["model_kwargs"], "init_from": weights}
    run = resume(queue(model_kwargs=model), "training_config.max_steps=1")
    assert run.paths.initial_weights.read_bytes() == first.run.paths.weights.read_bytes()
    assert run.raw_config["model_kwargs"]["init_from"] == weights


def test_weights_of_other_runs_are_taken_when_it_begins(queue, make):
    (first := make(model_kwargs=TWO_PARTS)).fit(max_steps=1)
    other = {"run": str(first.run.path)}
    run = queue(
        model_kwargs={
            **STUDENT,
            "init_from": {**other, "keys": {"head.weight": "layers.head.weight"}},
        },
        frozen={"teacher": other},
    )
    with pytest.raises(ComponentError, match=r"1 of another shape: layers\.head\.weight"):
        resume(run, "training_config.max_steps=1")
    run = resume(queue(model_kwargs=STUDENT, frozen={"teacher": other}))
    copy = run.paths.frozen_weights("teacher")
    assert copy.read_bytes() == first.run.paths.weights.read_bytes()
    assert run.raw_config["frozen"]["teacher"]["sha256"] == sha256(copy)


def test_data_that_has_changed_is_told_of(queue, make):
    run = queue()
    values = {**run.provenance, "data_fingerprint": "other"}
    atomic_json(run.paths.provenance, values)
    resume(run)
    assert "the data has changed since the run was queued" in run.paths.log(0).read_text()


def test_a_run_that_another_process_begins_is_refused(queue):
    run = queue()
    other = RunWriter.resume(run.path, after=0)
    with pytest.raises(RunError, match="a process is writing this run"):
        resume(run)
    other.close("failed")


def test_a_run_that_another_process_has_begun_meanwhile_is_left_alone(queue):
    run = queue()
    beginning = ResumedRun.of(run.path)
    RunWriter.resume(run.path, after=0).close("failed")
    with pytest.raises(RunError, match="another process has taken this run just now"):
        fit(Trainer(str(run.path.parent)), beginning)
    assert Run(run.path).status["segment"] == 1


def test_a_run_whose_job_died_before_it_trained_begins_again(queue):
    run = queue()
    RunWriter.resume(run.path, after=0).close("failed", "the disk is full")
    assert resume(run).status["state"] == "done"
    assert "beginning a queued run" in run.paths.log(0).read_text()


def test_a_run_that_has_trained_is_resumed(queue):
    run = resume(queue(), "training_config.max_epochs=1")
    resume(run, "training_config.max_epochs=2")
    assert "resuming from step" in run.paths.log(0).read_text()
