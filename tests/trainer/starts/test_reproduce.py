"""A run that is done again is the same, bit by bit, or it is said where the two part."""

import json
import os
import shutil

import pytest
import torch
from torch import nn

from stride.callbacks.base import Callback
from stride.errors import NonFiniteError, RunError, RunFailed, UserError
from stride.runs.files.atomic import atomic_json, read_record
from stride.runs.run import Run
from stride.runs.work_dir import WorkDir
from tests.trainer.killing import Killed, Killer

HERE = __name__
PATIENT = {"max_epochs": 5, "early_stopping": True, "patience": 3, "min_delta": 9.0}
WITNESS = "MY_STEP"  # of the environment: from which step on the loss is another one


class Fickle(nn.CrossEntropyLoss):
    """A loss that is another one from some training step on, by a hair."""

    calls = 0

    def forward(self, outputs, targets):
        self.calls += self.training
        late = self.training and self.calls >= int(os.environ.get(WITNESS, "1000"))
        return super().forward(outputs, targets) * (1.000001 if late else 1.0)


@pytest.fixture
def fickle(make, monkeypatch):
    """Return a function that makes trainers with that loss, and one that plants a divergence."""
    monkeypatch.delenv(WITNESS, raising=False)
    criterion = {"criterion_name": f"{HERE}:Fickle"}
    return (
        lambda: make(criterion_kwargs=criterion),
        lambda step: monkeypatch.setenv(WITNESS, str(step)),
    )


@pytest.mark.parametrize(
    "features",
    [
        {},
        {"training_config": {"clip_grad_norm": 0.5, "digest_every": 2, "precision": "bf16"}},
        {"dataset_kwargs": {"normalize": "standard"}, "load_data_kwargs": {"num_workers": 1}},
        {"scheduler_kwargs": {"scheduler_name": "OneCycleLR", "max_lr": 0.1}},
        {"training_config": {"early_stopping": True, "patience": 1, "min_delta": 9.0}},
    ],
    ids=["plain", "clipping, digests, bf16", "statistics, a worker", "one cycle", "early stopping"],
)
def test_the_same_run_again_is_identical(make, features):
    first = make(**features)
    first.fit()
    record = make().reproduce(0)
    assert record.identical
    assert (record.weights, record.steps) == ("identical", first.state.step)
    assert (record.first_divergent_step, record.largest_difference, record.causes) == (
        None,
        None,
        [],
    )


def test_the_copy_is_a_run_of_its_own_with_its_parent_and_the_verdict(make):
    make().fit()
    trainer = make()
    record = trainer.reproduce(0)
    copy = Run(trainer.run.paths.path)
    assert copy.name == "1"
    assert copy.provenance["parent"]["relation"] == "reproduction"
    assert copy.provenance["parent"]["uuid"] == Run(copy.path.parent / "0").status["uuid"]
    assert read_record(copy.paths.reproduction) == json.loads(json.dumps(record.to_json()))


@pytest.mark.parametrize("step", [1, 2, 5, 8])
def test_a_planted_divergence_is_found_at_exactly_its_step(fickle, step):
    make, plant = fickle
    make().fit()
    plant(step)
    record = make().reproduce(0)
    assert not record.identical
    assert (record.first_divergent_step, record.steps) == (step, 8)
    assert record.weights == "different"
    if record.largest_difference is not None:
        assert record.largest_difference.step >= step


def test_steps_end_the_copy_early_and_hide_what_comes_later(fickle):
    make, plant = fickle
    make().fit()
    plant(6)
    trainer = make()
    record = trainer.reproduce(0, steps=5)
    assert (record.identical, record.steps, record.weights) == (True, 5, "not compared")
    assert trainer.state.step == 5
    record = make().reproduce(0, steps=6)
    assert (record.identical, record.first_divergent_step) == (False, 6)


def test_a_killed_run_is_reproduced_up_to_where_it_got(make):
    often = {"every_steps": 2, "background": False}
    with pytest.raises(Killed):
        make(callbacks=[Killer(7)], checkpoint_config=often).fit()
    trainer = make()
    record = trainer.reproduce(0)
    assert record.identical and record.weights == "identical"
    assert 6 <= record.steps == trainer.state.step < 8


def test_a_resumed_run_is_reproduced_as_a_whole(make):
    often = {"every_steps": 3, "background": False}
    with pytest.raises(Killed):
        make(callbacks=[Killer(5)], checkpoint_config=often).fit()
    make().fit(resume=0)
    make().fit(resume=0, max_epochs=3)
    record = make().reproduce(0)
    assert (record.identical, record.steps, record.weights) == (True, 12, "identical")


@pytest.mark.parametrize("interval", [1, 3, 4, 100])
def test_a_run_resumed_with_another_interval_of_reports_is_identical(make, interval):
    often = {"every_steps": 3, "background": False}
    with pytest.raises(Killed):
        make(callbacks=[Killer(7)], checkpoint_config=often).fit()
    make().fit([f"training_config.log_interval={interval}"], resume=0)
    record = make().reproduce(0)
    assert (record.identical, record.steps, record.largest_difference) == (True, 8, None)


def test_a_run_that_failed_is_reproduced_with_its_failure(make, caplog):
    with pytest.raises(NonFiniteError):
        make(optimizer_kwargs={"lr": 1e38}).fit()
    record = make().reproduce(0)
    assert record.identical and record.steps > 0
    assert "the reproduction failed: the loss is not finite" in caplog.text


class EndsAt(Callback):
    """End a training by itself, by a word or a failure."""

    def __init__(self, step, failure=None):
        self.step, self.failure = step, failure

    def after_step(self, trainer, step):
        if trainer.state.step == self.step:
            if self.failure:
                raise self.failure
            trainer.stop("enough")


@pytest.mark.parametrize(
    ("failure", "steps", "words"),
    [(None, 5, "stopped: enough"), (RunFailed("boom"), 4, "failed: RunFailed: boom")],
    ids=["stopped", "failed"],  # a failure loses the bits that were not yet read
)
def test_a_copy_that_ends_before_its_original_is_not_identical(make, failure, steps, words):
    make().fit()
    record = make(callbacks=[EndsAt(5, failure)]).reproduce(0)
    assert (record.identical, record.steps, record.first_divergent_step) == (
        False,
        steps,
        steps + 1,
    )
    assert record.causes == [f"the copy ended at step {steps} of 8: {words}"]
    assert make(callbacks=[EndsAt(5, failure)]).reproduce(0, steps=4).identical


def test_an_original_that_failed_is_identical_where_the_copy_reaches_its_last_step(make):
    with pytest.raises(RunFailed):
        make(callbacks=[EndsAt(5, RunFailed("boom"))]).fit()
    record = make().reproduce(0)
    assert (record.identical, record.steps) == (True, 4)


def test_a_copy_that_stops_for_its_original_s_last_patience_is_not_identical(make):
    often = {"every_steps": 3, "background": False}
    with pytest.raises(Killed):
        make(callbacks=[Killer(11)], checkpoint_config=often, training_config=PATIENT).fit()
    make().fit(["training_config.patience=1"], resume=0)
    record = make().reproduce(0)
    assert not record.identical
    assert record.causes[0].startswith("the copy ended at step 8 of 9: done: early stopping")


def test_start_weights_are_the_run_s_own(make, tmp_path):
    make(work_dir=tmp_path / "first").fit()
    source = tmp_path / "first" / "0"
    make(model_kwargs={"init_from": str(source)}).fit()
    shutil.rmtree(source)
    assert make().reproduce(0).identical


def test_the_same_number_of_threads_is_used_and_given_back(make):
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        make().fit()
        torch.set_num_threads(1)
        trainer = make()
        assert trainer.reproduce(0).identical
        assert Run(trainer.run.paths.path).provenance["threads"] == {"torch": 2}
        assert torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(before)


def test_other_data_is_named_as_the_cause(make, tmp_path):
    table = tmp_path / "a.csv"
    rows = [f"{i % 7},{i % 5},{i % 2}" for i in range(60)]
    table.write_text("\n".join(["x,y,class", *rows]))
    section = {"dataset_name": "table", "path": str(table), "target": "class", "subsample_rate": 1}
    make(dataset_kwargs=section, load_data_kwargs={"batch_size": 8}).fit()
    table.write_text("\n".join(["x,y,class", *rows[1:], rows[0]]))
    trainer = make()
    record = trainer.reproduce(0)
    assert not record.identical
    assert any("data" in cause for cause in record.causes)
    assert "changed: " in trainer.run.paths.log(0).read_text()


def test_no_steps_prove_nothing(make):
    make().fit()
    with pytest.raises(UserError, match="0 steps prove nothing"):
        make().reproduce(0, steps=0)


def test_a_seed_that_was_edited_is_named_as_the_cause(make):
    make().fit()
    path = Run(make().config.work_dir + "/0").paths.config
    atomic_json(path, read_record(path) | {"seed": 77})
    edited, cause = make().reproduce(0).causes
    assert edited == "config.json of the original was edited since the run wrote it"
    assert cause.startswith("seed (provenance.json): ") and cause.endswith(", 77 now")


def test_what_surrounded_a_resume_is_named_as_the_cause(make, fickle, monkeypatch):
    often = {"every_steps": 3, "background": False}
    criterion = {"criterion_name": f"{HERE}:Fickle"}
    with pytest.raises(Killed):
        make(callbacks=[Killer(5)], checkpoint_config=often, criterion_kwargs=criterion).fit()
    fickle[1](1)
    monkeypatch.setenv("MKL_SPECIAL", "1")
    make().fit(resume=0)
    monkeypatch.delenv("MKL_SPECIAL")
    monkeypatch.delenv(WITNESS)
    record = make().reproduce(0)
    assert record.first_divergent_step == 4
    assert (
        "the original was resumed at step 3: environment variable MKL_SPECIAL: unset in the "
        "original, 1 now"
    ) in record.causes


class Noisy(nn.CrossEntropyLoss):
    """A loss that is another one each time where nothing is trained."""

    def forward(self, outputs, targets):
        # Far above what a sum rounds away.
        noise = 0 if self.training else float.fromhex(f"0x1.{os.urandom(4).hex()}p-4")
        return super().forward(outputs, targets) + noise


def test_a_test_split_that_is_measured_otherwise_is_told(make):
    off = {"with_validation": False}
    make(criterion_kwargs={"criterion_name": f"{HERE}:Noisy"}, training_config=off).fit()
    record = make().reproduce(0)
    assert (record.identical, record.first_divergent_step, record.weights) == (
        False,
        None,
        "identical",
    )
    assert record.largest_difference.metric == "test/loss"


def test_a_status_without_uuid_is_told_before_anything_is_trained(make):
    make().fit()
    path = Run(make().config.work_dir + "/0").paths
    atomic_json(path.status, {"format_version": 2})
    with pytest.raises(RunError, match=r"status.json is broken: .*status.json"):
        make().reproduce(0)
    assert WorkDir(path.path.parent).names() == ["0"]


def test_weights_that_are_not_those_on_record_are_named(make):
    make().fit()
    path = Run(make().config.work_dir + "/0").paths.weights
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    trainer = make()
    assert trainer.reproduce(0).weights == "identical"
    said = "changed: weights.safetensors: damaged: its SHA-256 is not the one in results.json"
    assert said in trainer.run.paths.log(0).read_text()
