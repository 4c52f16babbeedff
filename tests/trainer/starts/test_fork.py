"""A new run from another run's checkpoint: what it takes over, what begins anew, what it says."""

import json
import shutil

import pytest
import torch

from stride.callbacks.base import Callback
from stride.engine.checkpoint.checkpoint import read_state
from stride.engine.checkpoint.named import find_checkpoint
from stride.errors import RunError
from stride.models.model import network_part
from stride.models.weights import read_weights
from stride.runs.run import Run
from stride.trainer.trainer import Trainer
from tests.trainer.killing import Killed, Killer

STEPS = 4  # in an epoch of 250 digits


@pytest.fixture
def parent(make):
    """A run of two epochs with checkpoints at steps 3, 4, 6 and 8."""
    often = {"every_steps": 3, "every_epochs": 1, "background": False, "keep_last": 9}
    trainer = make(checkpoint_config=often)
    trainer.fit()
    return Run(trainer.run.paths.path)


def run_of(trainer):
    return Run(trainer.run.paths.path)


def origin_of(run):
    return read_state(run.paths.origin.path)


def log_of(run):
    return run.paths.log(0).read_text()


def test_a_checkpoint_is_found_by_best_last_name_and_step(parent):
    names = [folder.name for folder in parent.checkpoints()]
    assert [name.partition("epoch_")[2] for name in names] == ["0_step_3", "1", "1_step_6", "2"]
    assert find_checkpoint(parent, "last").name == names[-1]
    assert find_checkpoint(parent, "best").name == names[-1]
    assert find_checkpoint(parent, "6").name == names[2]
    assert find_checkpoint(parent, names[0]).name == names[0]
    with pytest.raises(RunError, match=f"no checkpoint '5'.*type one of: best, last, {names[0]}"):
        find_checkpoint(parent, "5")
    with pytest.raises(RunError, match=f"did you mean '{names[0]}'"):
        find_checkpoint(parent, names[0][1:])


def test_a_run_without_a_uuid_cannot_be_forked(parent, make):
    parent.paths.status.write_text('{"format_version": 2}')
    with pytest.raises(RunError, match=r"status\.json is broken"):
        make().fork(0, "6")


def test_a_run_without_checkpoints_cannot_be_forked(parent, make):
    shutil.rmtree(parent.paths.checkpoints)
    with pytest.raises(RunError, match="the run has no checkpoint"):
        make().fork(0)
    assert not (parent.path.parent / "1").exists()


def test_a_fork_that_changes_nothing_trains_as_its_parent_did(parent, make):
    trainer = make()
    trainer.fork(0, "6")
    fork = run_of(trainer)
    assert fork.name == "1"
    assert fork.results["weights_sha256"] == parent.results["weights_sha256"]
    assert fork.results["last"] == parent.results["last"]
    assert [row["step"] for row in fork.metrics()] == [8, 8]
    assert "starts over" not in log_of(fork)


def test_the_lineage_is_recorded_and_said(parent, make):
    trainer = make()
    trainer.fork(0, "3", name="child")
    fork = run_of(trainer)
    assert fork.name == "child"
    assert fork.provenance["parent"] == {
        "uuid": parent.status["uuid"],
        "run": str(parent.path),
        "relation": "fork",
        "checkpoint": find_checkpoint(parent, "3").name,
        "step": 3,
    }
    assert f"forked from {parent.path}" in log_of(fork) and "step 3 (epoch 0)" in log_of(fork)


def test_another_learning_rate_is_taken_and_the_moments_are_kept(parent, make):
    trainer = make()
    trainer.fork(0, "3", {"optimizer_kwargs.lr": 0.5, "training_config.max_steps": 4})
    fork = run_of(trainer)
    before = read_state(find_checkpoint(parent, "3"))["optimizer"]
    after = origin_of(fork)["optimizer"]
    assert after["param_groups"][0]["lr"] == 0.5
    for number, moments in before["state"].items():
        for name, value in moments.items():
            assert torch.equal(after["state"][number][name], value)
    assert fork.metrics()[-1]["lr"] == 0.5
    assert "changed: optimizer_kwargs.lr was 0.001 and is 0.5" in log_of(fork)
    assert "starts over: schedule\n" in log_of(fork)


def test_a_parent_whose_config_was_edited_is_told_of(make):
    (trainer := make()).fit(max_steps=1)
    config = trainer.run.paths.config
    trainer.fork(0, "last", {"training_config.max_steps": 2})
    assert "was changed since" not in log_of(run_of(trainer))
    config.write_text(config.read_text().replace('"lr": 0.001', '"lr": 0.5'))
    trainer.fork(0, "last", {"training_config.max_steps": 2})
    assert "WARNING" in (log := log_of(run_of(trainer)))
    assert f"{config} was changed since the run wrote it: this fork has its values of now" in log


def test_another_optimiser_begins_anew(parent, make):
    trainer = make()
    trainer.fork(0, "3", {"optimizer_kwargs.optimizer_name": "SGD", "optimizer_kwargs.lr": 0.1})
    fork = run_of(trainer)
    assert "optimizer" not in origin_of(fork)
    assert "starts over: optimizer, schedule\n" in log_of(fork)
    assert fork.status["state"] == "done"


def test_other_data_begins_the_epoch_anew(parent, make):
    trainer = make()
    trainer.fork(0, "6", {"load_data_kwargs.batch_size": 32})
    fork = run_of(trainer)
    counters = origin_of(fork)["counters"]
    assert counters == {"step": 6, "epoch": 1, "position": 0}
    assert "starts over: tally\n" in log_of(fork)
    assert fork.results["last"]["step"] == 6 + 8


def test_what_was_best_on_other_data_is_forgotten(parent, make):
    trainer = make()
    worse = {"dataset_kwargs.subsample_seed": 7, "optimizer_kwargs.lr": 10.0}
    trainer.fork(0, "last", worse | {"training_config.max_epochs": 3})
    results = run_of(trainer).results
    assert results["best"]["step"] > parent.results["last"]["step"]
    assert results["best"]["epoch"] == 3


def test_changed_data_begins_the_epoch_anew_by_the_statistics_of_before(make, tmp_path):
    table, rows = tmp_path / "a.csv", [f"{i % 7},{i % 5},{i % 2}" for i in range(60)]
    table.write_text("\n".join(["x,y,class", *rows]))
    section = {"dataset_name": "table", "path": str(table), "target": "class", "subsample_rate": 1}
    first = make(
        dataset_kwargs={**section, "normalize": "standard"}, load_data_kwargs={"batch_size": 8}
    )
    first.fit(max_steps=2)
    table.write_text("\n".join(["x,y,class", *rows, *["99,99,1"] * 20]))
    (trainer := make()).fork(0, "last", {"training_config.max_steps": 3})
    fork, parent = run_of(trainer), run_of(first)
    assert origin_of(fork)["counters"] == {"step": 2, "epoch": 0, "position": 0}
    assert "changed: dataset_kwargs.(data) the data itself has changed" in log_of(fork)
    assert fork.paths.normalization.read_bytes() == parent.paths.normalization.read_bytes()


class Enough(Callback):
    """Stop the training after three steps."""

    def after_step(self, trainer, step):
        if trainer.state.step == 3:
            trainer.stop("enough")


def test_a_fork_of_a_run_that_was_stopped_trains_on(make):
    (first := make(callbacks=[Enough()])).fit()
    assert run_of(first).state == "stopped"
    (trainer := make()).fork(0, "last")
    assert run_of(trainer).state == "done"
    assert run_of(trainer).results["last"]["step"] == 2 * STEPS


def test_a_fork_with_nothing_left_to_train_is_refused_and_leaves_no_folder(parent, make):
    with pytest.raises(RunError, match="nothing is left to train after step 8"):
        make().fork(0, "last")
    assert not (parent.path.parent / "1").exists()


def test_a_fork_onto_a_name_that_is_taken_is_told_to_take_another(parent, make):
    with pytest.raises(RunError, match=r"exists already.*; choose another run=NAME"):
        make().fork(0, 6, name="0")


def test_what_changes_no_bit_begins_nothing_anew(parent, make):
    trainer = make()
    trainer.fork(0, "6", {"load_data_kwargs.num_workers": 1})
    fork = run_of(trainer)
    assert "starts over" not in log_of(fork)
    assert fork.results["weights_sha256"] == parent.results["weights_sha256"]


def test_another_seed_draws_other_batches(parent, make):
    trainer = make()
    trainer.fork(0, "4", {"seed": 9})
    assert "starts over: random, tally\n" in log_of(run_of(trainer))
    assert run_of(trainer).results["last"] != parent.results["last"]


def test_another_metric_to_save_by_has_no_best_value_yet(parent, make):
    trainer = make()
    saving = {"training_config.saving_metric": "validation/epoch_accuracy"}
    trainer.fork(0, "4", {**saving, "training_config.max_epochs": 3})
    assert "starts over: callback-BestWeights\n" in log_of(run_of(trainer))
    assert run_of(trainer).results["best"]["epoch"] > 1


@pytest.mark.parametrize("kept", [True, False])
def test_best_weights_that_were_not_kept_or_are_no_more_are_none(make, kept):
    make(training_config={"save_best": not kept}).fit()
    trainer = make(training_config={"save_best": not kept})
    changes = {"training_config.save_best": kept, "training_config.max_epochs": 3}
    trainer.fork(0, "last", {**changes, "optimizer_kwargs.lr": 5.0})  # which makes nothing better
    run = run_of(trainer)
    assert trainer.results["best"]["epoch"] == 3
    last = network_part(read_state(find_checkpoint(run, "last"))["model"])
    assert all(
        torch.equal(one, last[name]) for name, one in read_weights(run.paths.weights).items()
    )


@pytest.mark.parametrize(
    ("change", "value"),
    [("criterion_kwargs.label_smoothing", 0.1), ("average_config.kind", "ema")],
)
def test_losses_of_another_kind_are_no_part_of_a_forecast_or_a_trend(make, change, value):
    training = {"predict_final_loss": True, "overfitting_window": 2}
    make(training_config=training).fit()
    trainer = make(training_config=training)
    trainer.fork(0, "last", {change: value, "training_config.max_epochs": 3})
    anew = log_of(run_of(trainer)).partition("starts over: ")[2].partition("\n")[0]
    assert {"callback-LossForecast", "callback-OverfittingAlarm"} <= {*anew.split(", ")}
    assert trainer.state.parts["callback-LossForecast"].state_dict()["epochs"] == [3]


def test_a_forecast_of_another_split_starts_over(make):
    training = {"predict_final_loss": True}
    make(training_config=training).fit()
    trainer = make(training_config=training)
    changes = {"training_config.with_validation": False, "training_config.max_epochs": 3}
    trainer.fork(0, "last", changes)
    assert trainer.state.parts["callback-LossForecast"].state_dict()["epochs"] == [3]
    assert trainer.results["best"]["epoch"] == 3  # whatever was the best on the other split


def test_a_model_of_another_shape_is_refused_and_leaves_no_folder(parent, make):
    with pytest.raises(RunError, match=r"does not fit this config.*leave model_kwargs"):
        make().fork(0, "last", {"model_kwargs.hidden": [7]})
    assert not (parent.path.parent / "1").exists()


@pytest.mark.parametrize("overrides", [{}, {"optimizer_kwargs.lr": 0.5}])
def test_a_fork_is_resumed_and_reproduced_after_its_parent_is_gone(parent, make, overrides):
    longer = {**overrides, "training_config.max_epochs": 3}
    make().fork(0, "6", longer, name="whole")
    with pytest.raises(Killed):
        make(callbacks=[Killer(8)]).fork(0, "6", longer, name="killed")
    shutil.rmtree(parent.path)
    make().fit(resume="killed")
    whole, killed = (Run(parent.path.parent / name) for name in ("whole", "killed"))
    assert killed.results["weights_sha256"] == whole.results["weights_sha256"]
    assert killed.paths.fingerprints.exists()
    record = make().reproduce("killed")
    assert (record.identical, record.weights) == (True, "identical")
    assert record.steps == 6


def test_a_checkpoint_of_any_run_is_what_a_new_run_may_begin_with(parent, make, tmp_path):
    folder = find_checkpoint(parent, "4")
    trainer = make(work_dir=tmp_path / "other")
    trainer.fit(trainer_state=folder)
    fork = run_of(trainer)
    assert fork.results["weights_sha256"] == parent.results["weights_sha256"]
    assert fork.provenance["parent"]["run"] == str(parent.path)
    with pytest.raises(RunError, match="no checkpoint here"):
        Trainer(tmp_path / "other").fit(trainer_state=tmp_path)


def test_a_damaged_checkpoint_is_refused(parent, make):
    state = parent.checkpoints()[-1] / "state.json"
    values = json.loads(state.read_text())
    values["parts"]["counters"]["step"] = 1
    state.write_text(json.dumps(values))
    with pytest.raises(RunError, match=r"state\.json is damaged"):
        make().fork(0, "last")
    assert not (parent.path.parent / "1").exists()
