"""A run goes on from its own checkpoints, config and start weights, as they were written."""

import json
import shutil

import pytest

from stride.errors import RunError
from stride.runs.files.atomic import read_record
from stride.runs.layout import CheckpointPaths
from stride.runs.records.checkpoint import CheckpointRecord
from stride.runs.run import Run
from stride.runs.verify.run import verify_run
from stride.trainer.starts.restarting import _is_unfinished
from tests.trainer.killing import Killed, Killer


def kill(make, step, **arguments):
    """Train until a step; return the run."""
    often = {"every_steps": 3, "background": False}
    with pytest.raises(Killed):
        (trainer := make(callbacks=[Killer(step)], checkpoint_config=often, **arguments)).fit()
    return Run(trainer.run.paths.path)


def problems(run):
    return [problem.file for problem in verify_run(run.path).problems]


def newest(run):
    return CheckpointPaths(run.checkpoints()[-1])


@pytest.fixture
def source(make, tmp_path):
    """Return the weights of another run."""
    trainer = make(work_dir=tmp_path / "source")
    trainer.fit()
    return str(trainer.run.paths.weights)


def test_each_flipped_bit_of_a_checkpoints_record_is_found(make):
    run = kill(make, 4)
    record = newest(run).record
    whole = record.read_bytes()
    assert CheckpointRecord.read(record).streams["metrics.jsonl"] > 0
    for place in range(len(whole)):
        flipped = bytearray(whole)
        flipped[place] ^= 1 << place % 8
        record.write_bytes(flipped)
        with pytest.raises(RunError):
            CheckpointRecord.read(record)
    at = whole.index(b'"metrics.jsonl": ') + len(b'"metrics.jsonl": ')
    record.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])  # a digit
    assert problems(run) == [f"checkpoints/{newest(run).path.name}/checkpoint.json"]
    make().fit(resume=0)
    assert "skipped: checkpoint.json is damaged" in run.log()


def test_a_checkpoint_says_whose_it_is(make):
    run = kill(make, 4)
    record = CheckpointRecord.read(newest(run).record)
    assert (record.uuid, record.segment) == (run.status["uuid"], 0)
    assert record.config_sha256 == run.segments[0]["config_sha256"]


def test_a_checkpoint_of_another_run_is_passed_over_and_told(make, tmp_path):
    run = kill(make, 4)
    other = kill(make, 5, work_dir=tmp_path / "other", seed=1)
    place = newest(run).path
    name = place.name
    shutil.rmtree(place)
    shutil.copytree(newest(other).path, place)
    assert problems(run) == [f"checkpoints/{name}/checkpoint.json"]
    make().fit(resume=0)
    assert f"{name} is skipped: it is of another run, {other.status['uuid']}" in run.log()
    assert "the run starts over" in run.log()


def test_a_config_that_was_edited_is_refused_and_told(make):
    run = kill(make, 4)
    values = json.loads(run.paths.config.read_text())
    values["load_data_kwargs"]["batch_size"] = 32
    run.paths.config.write_text(json.dumps(values))
    assert problems(run) == ["config.json"]
    with pytest.raises(
        RunError, match=r"config\.json was changed since the run wrote it.*--config"
    ):
        make().fit(resume=0)
    values["load_data_kwargs"]["batch_size"] = 64
    run.paths.config.write_text(json.dumps(values, sort_keys=True))  # only laid out otherwise
    assert problems(run) == []
    make().fit(resume=0)


def test_a_config_that_resuming_changed_is_known_however_the_process_ends(make, monkeypatch):
    run = kill(make, 4)
    before = run.paths.config.read_bytes()
    with pytest.raises(Killed):
        make(callbacks=[Killer(5)]).fit(["training_config.max_epochs=3"], resume=0)
    assert problems(run) == [] and run.paths.config.read_bytes() != before
    run.paths.config.write_bytes(before)  # as a kill between the segment and the config has it
    assert problems(run) == []
    make().fit(resume=0)
    assert problems(run) == []


def test_start_weights_are_known_by_their_digest(make, source, tmp_path):
    run = kill(make, 2, model_kwargs={"init_from": source})
    path = run.paths.initial_weights
    assert problems(run) == [] and "initial_weights_sha256" in run.provenance
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    assert problems(run) == ["initial_weights.safetensors"]
    for again in (lambda: make().fit(resume=0), lambda: make().reproduce(0)):
        with pytest.raises(RunError, match=r"initial_weights\.safetensors is damaged"):
            again()


def test_a_config_that_resuming_changed_says_still_what_the_run_started_from(make, source):
    run = kill(make, 4, model_kwargs={"init_from": source})
    make().fit(["training_config.max_steps=5"], resume=0)
    section = Run(run.path).raw_config["model_kwargs"]
    assert section["init_from"] == source


START = ("initial_weights", "provenance", "code_patch", "config", "status")
"""The files of a start, the last one first."""


def test_a_run_whose_start_was_ended_never_began_and_is_told_so(make, source):
    run = kill(make, 2, model_kwargs={"init_from": source})
    for path in (run.paths.metrics, run.paths.fingerprints, run.paths.results, run.paths.weights):
        path.unlink(missing_ok=True)
    status = read_record(run.paths.status) | {"state": "created"}
    segment = read_record(run.paths.segment(0)) | {"process_start": "1"}  # it has ended
    run.paths.status.write_text(json.dumps(status))
    run.paths.segment(0).write_text(json.dumps(segment))
    for name in START:
        getattr(run.paths, name).unlink(missing_ok=True)
        report = verify_run(run.path)
        assert report.ok and "it was ended before it began" in " ".join(report.notes)
        if name != "status":
            assert not _is_unfinished(run.paths, status.get("overrides", []))
            with pytest.raises(RunError, match=r"ended before it had written.*stride rm "):
                make().fit(resume=0)


def test_rows_that_a_killed_run_had_not_written_yet_are_not_missed(make):
    run = kill(make, 1)
    run.paths.metrics.write_bytes(b"")
    run.paths.fingerprints.write_bytes(b"")
    assert problems(run) == []


def reproduced_in_pieces(make, run, number, step):
    """Reproduce a run, kill that before its first checkpoint, resume it, and return it."""
    with pytest.raises(Killed):
        make(callbacks=[Killer(step)]).reproduce(run.path.name)
    copy = Run(run.path.parent / number)
    assert not copy.checkpoints() and problems(copy) == []
    make().fit(resume=number)
    return copy


def test_a_reproduction_keeps_the_start_weights(make, source):
    trainer = make(model_kwargs={"init_from": source})
    trainer.fit()
    run = Run(trainer.run.paths.path)
    copy = reproduced_in_pieces(make, run, "1", step=1)
    assert copy.paths.weights.read_bytes() == run.paths.weights.read_bytes()
    copy.paths.initial_weights.unlink()
    with pytest.raises(RunError, match="before it had written what it began from"):
        make().reproduce(copy.path.name)


def test_a_reproduction_of_a_fork_keeps_what_it_began_from(make):
    make().fit()
    (trainer := make()).fork(0, "last", {"training_config.max_epochs": 4})
    run = Run(trainer.run.paths.path)
    begun = run.provenance["parent"]["step"]
    copy = reproduced_in_pieces(make, run, "2", step=begun + 1)
    assert copy.paths.weights.read_bytes() == run.paths.weights.read_bytes()
    assert copy.provenance["parent"]["checkpoint"] == run.provenance["parent"]["checkpoint"]
    shutil.rmtree(copy.paths.origin.path)
    with pytest.raises(RunError, match="stride reproduce"):
        make().reproduce(copy.path.name)
