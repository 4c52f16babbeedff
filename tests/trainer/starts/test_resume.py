"""Going on with a run: what may change, what is refused, and what is said about it."""

import json
import os
import shutil

import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from stride.callbacks.base import Callback
from stride.data.batches import permutation
from stride.errors import ComponentError, RunError, UserError
from stride.runs.layout import CheckpointPaths
from stride.runs.run import Run
from stride.runs.verify.run import verify_run
from stride.runs.writer import RunWriter
from stride.trainer.flow import fit
from stride.trainer.starts.resume import ResumedRun
from stride.trainer.trainer import Trainer
from tests.sealed import change_record
from tests.trainer.killing import Killed, Killer

STEPS = 4  # in an epoch of 250 digits
OFTEN = {"every_steps": 3, "background": False}


def kill(make, step, **arguments):
    """Train until a step; return the run."""
    with pytest.raises(Killed):
        (trainer := make(callbacks=[Killer(step)], checkpoint_config=OFTEN, **arguments)).fit()
    return Run(trainer.run.paths.path)


def log_of(run):
    return run.paths.log(0).read_text()


def segments(run):
    return sorted(path.name for path in run.paths.segments.glob("*.json"))


REFUSED = {
    "seed=5": "seed was 0 and is 5",
    "optimizer_kwargs.lr=0.5": "optimizer_kwargs.lr was 0.001 and is 0.5",
    "model_kwargs.hidden=[8]": "model_kwargs.hidden was [16] and is [8]",
    "load_data_kwargs.batch_size=32": "load_data_kwargs.batch_size was 64 and is 32",
    "training_config.accumulate=2": "training_config.accumulate was 1 and is 2",
    "criterion_kwargs.label_smoothing=0.1": "criterion_kwargs.label_smoothing was 0.0 and is 0.1",
    "training_config.min_delta=0.5": "training_config.min_delta was 0.0 and is 0.5",
}


def test_samples_are_not_divided_and_ordered_by_another_method(make, monkeypatch):
    run = kill(make, 6)
    provenance = json.loads(run.paths.provenance.read_text())
    assert provenance.pop("permutation") == "randperm"
    run.paths.provenance.write_text(json.dumps(provenance))  # as before it was recorded
    monkeypatch.setattr(permutation, "LISTED", 100)
    for take_up in (lambda: make().fit(resume=0), lambda: make().load_run(0).assemble()):
        with pytest.raises(RunError, match=r"by randperm, .* by feistel[^|]*stride fork"):
            take_up()
    assert segments(run) == ["0.json"]
    (forked := make()).fit(trainer_state=Run(run.path).checkpoints()[-1])
    assert forked.run.provenance["permutation"] == "feistel"
    assert "tally" in log_of(forked.run).partition("starts over: ")[2]


def test_a_key_on_which_the_steps_so_far_depend_is_refused_with_both_values(make):
    run = kill(make, 3)
    before = segments(run)
    for override, words in REFUSED.items():
        with pytest.raises(RunError) as caught:
            make().fit([override], resume=0)
        assert words in str(caught.value)
        assert f"stride fork {run.path}" in str(caught.value)
    with pytest.raises(RunError, match=r"seed was 0 and is 5; .*lr was 0.001 and is 0.5"):
        make().fit(["seed=5", "optimizer_kwargs.lr=0.5"], resume=0)
    assert segments(run) == before


def test_a_wrong_key_is_refused_as_anywhere(make):
    run = kill(make, 3)
    with pytest.raises(UserError, match="max_epochs"):
        make().fit(["training_config.max_epoch=5"], resume=0)
    assert segments(run) == ["0.json"]


FREE = {
    "training_config.max_epochs": 3,
    "training_config.patience": 3,
    "training_config.log_interval": 1,
    "load_data_kwargs.num_workers": 1,
    "checkpoint_config.every_steps": 2,
    "checkpoint_config.keep_last": 4,
    "logging_config.level": "DEBUG",
}


def test_keys_on_which_nothing_depends_may_change_and_are_written_down(make):
    run = kill(make, 5)
    make().fit(FREE, resume=0)
    run = Run(run.path)
    assert run.status["state"] == "done"
    values = json.loads(run.paths.config.read_text())
    assert {key: values[key.partition(".")[0]][key.partition(".")[2]] for key in FREE} == FREE
    typed = json.loads(run.paths.segment(1).read_text())["overrides"]
    assert sorted(typed) == sorted(f"{k}={v}" for k, v in FREE.items())
    assert run.results["last"]["epoch"] == 3


def test_a_segment_says_from_where_it_goes_on_and_how_exactly(make):
    run = kill(make, 5)
    make().fit(resume="latest")
    record = json.loads(run.paths.segment(1).read_text())
    assert (record["from_step"], record["from_epoch"]) == (3, 0)
    assert record["checkpoint"].endswith("_epoch_0_step_3")
    assert record["fidelity"]["inexact"] == {}
    assert {"model", "optimizer", "random", "counters"} <= set(record["fidelity"]["exact"])
    assert "resuming from step 3 (epoch 0)" in log_of(run)
    cut = run.paths.cut(1, run.paths.metrics).read_text().splitlines()
    assert [(row["step"], row["epoch"]) for row in map(json.loads, cut)] == [(4, 0), (4, 1)]


class Counted(Trainer):
    """A trainer with a state of its own."""

    steps = 0

    def after_step(self, step):
        self.steps += 1

    def state_dict(self):
        return {"steps": self.steps}

    def load_state_dict(self, state):
        self.steps = state["steps"]


def test_a_trainer_with_a_state_goes_on_with_it(make):
    kill(make, 5, kind=Counted)
    (trainer := make(kind=Counted)).fit(resume=0)
    assert trainer.steps == 2 * STEPS


class Said(Callback):
    def before_train(self, trainer):
        trainer.log("mine/begun", 1.0)

    def after_step(self, trainer, step):
        if trainer.state.step == 2:
            trainer.log("mine/once", 5.0)

    def after_train(self, trainer):
        trainer.log("mine/end", 2.0)


def test_what_a_hook_logs_before_the_state_is_put_back_is_there_once(make):
    often = {"checkpoint_config": OFTEN, "callbacks": [Said()]}
    with pytest.raises(Killed):
        make(**often | {"callbacks": [Said(), Killer(5)]}).fit()
    make(**often).fit(resume=0)
    run = make(**often).load_run(0)
    assert [row["step"] for row in run.metrics() if "mine/begun" in row] == [0]
    for last in (run.results["last"], run.status["metrics"]["last"]):  # of the killed segment too
        assert [last[f"mine/{name}"] for name in ("begun", "once", "end")] == [1.0, 5.0, 2.0]
    row = run.row()
    assert row.metric("test/loss") == run.results["test"]["test/loss"] and not row.short


def test_a_run_goes_on_with_as_many_threads_as_it_began_with(make):
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        run = kill(make, 5)
        torch.set_num_threads(1)
        make().fit(resume=0)
        assert torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(before)
    assert json.loads(run.paths.segment(1).read_text())["fidelity"]["inexact"] == {}


def test_what_could_not_be_restored_exactly_is_said(make, monkeypatch):
    run = kill(make, 5)
    record = CheckpointPaths(run.checkpoints()[0]).record
    values = json.loads(record.read_text())
    values["versions"]["torch"] = "1.0"
    values["threads"] += 1
    change_record(record, **values)
    make().fit(resume=0)
    inexact = json.loads(run.paths.segment(1).read_text())["fidelity"]["inexact"]
    assert inexact["torch"].startswith("1.0 then, ")
    assert "threads" in inexact
    assert "not exact: torch: 1.0 then" in log_of(run)


def test_a_class_whose_source_has_changed_is_said(make):
    run = kill(make, 5)
    values = json.loads(run.paths.provenance.read_text())
    values["sources"]["network"] = "0" * 64
    run.paths.provenance.write_text(json.dumps(values))
    make().fit(resume=0)
    inexact = json.loads(run.paths.segment(1).read_text())["fidelity"]["inexact"]
    assert inexact == {"source of the network": "stride.models.mlp:MLP has changed"}
    assert "not exact: source of the network: stride.models.mlp:MLP has changed" in log_of(run)


class OwnWay(DataLoader):
    """A loader of which nobody knows how it comes by its batches."""

    def __iter__(self):
        return super().__iter__()


def loader():
    points = torch.arange(40.0).reshape(20, 2)
    return OwnWay(TensorDataset(points / 40, torch.arange(20) % 2), batch_size=5)


def test_what_begins_between_epochs_alone_has_a_checkpoint_there_whatever_the_config(make):
    never = {"every_minutes": None, "every_steps": 3, "keep_last": 1, "keep_best": 0}
    whole = make(train_loader=loader, val_loader=loader, checkpoint_config=never)
    whole.fit(max_epochs=4)
    trainer = make(
        train_loader=loader,
        val_loader=loader,
        checkpoint_config=never,
        callbacks=[Killer(11)],
    )
    with pytest.raises(Killed):
        trainer.fit(max_epochs=4)
    run = Run(trainer.run.paths.path)
    make(train_loader=loader, val_loader=loader).fit(resume=run.name)
    assert "resuming from step 8 (epoch 2)" in log_of(run)
    assert run.results["weights_sha256"] == Run(whole.run.paths.path).results["weights_sha256"]


def test_a_run_without_a_border_says_why_it_begins_anew(make):
    often = {"every_steps": 2, "background": False}
    trainer = make(train_loader=loader, checkpoint_config=often, callbacks=[Killer(3)])
    with pytest.raises(Killed):
        trainer.fit(max_epochs=2)
    make(train_loader=loader).fit(resume=0)
    said = "no good checkpoint to resume from between two epochs, where alone its loader can begin"
    assert said in log_of(Run(trainer.run.paths.path))


def test_a_model_that_was_given_from_python_is_asked_for(make):
    first = make(checkpoint_config=OFTEN)
    first.set_model(nn.Sequential(nn.Flatten(), nn.Linear(64, 10)))
    first.fit()
    for go_on in (
        lambda: make().fit(resume=0, max_epochs=3),
        lambda: make().fork(0, "last", {"training_config.max_epochs": 3}),
        lambda: make().reproduce(0),
    ):
        with pytest.raises(ComponentError, match=r"was given from Python; .*set_model"):
            go_on()
    assert [path.name for path in first.run.paths.path.parent.glob("[0-9]")] == ["0"]
    built = {"model_kwargs.model_name": "MLP", "training_config.max_epochs": 3}
    with pytest.raises(RunError, match=r"does not fit|depend"):
        make().fit(built, resume=0)
    again = make()
    again.set_model(nn.Sequential(nn.Flatten(), nn.Linear(64, 10)))
    again.fit(resume=0, max_epochs=3)
    assert Run(first.run.paths.path).state == "done"


def test_a_run_is_resumed_under_its_own_name_only(make):
    run = kill(make, 5)
    with pytest.raises(RunError, match="run and resume do not go together"):
        make().fit(resume=0, run="other")
    assert not run.paths.segment(1).exists()


def test_rows_that_a_kill_took_are_said_to_be_lost(make):
    run = kill(make, 7)
    run.paths.fingerprints.write_bytes(run.paths.fingerprints.read_bytes()[:-30])
    make().fit(resume=0)
    inexact = json.loads(run.paths.segment(1).read_text())["fidelity"]["inexact"]
    assert "bytes are lost" in inexact["fingerprints.jsonl"]


def test_other_data_is_refused_and_moved_data_is_not(make, tmp_path):
    rows = "\n".join(f"{i % 7},{i % 5},{i % 2}" for i in range(60))
    table = tmp_path / "a.csv"
    table.write_text(f"x,y,class\n{rows}\n")
    section = {"dataset_name": "table", "path": str(table), "target": "class", "subsample_rate": 1}
    run = kill(make, 3, dataset_kwargs=section, load_data_kwargs={"batch_size": 4})
    moved = tmp_path / "b.csv"
    moved.write_text(f"x,y,class\n{rows}\n9,9,1\n")
    with pytest.raises(RunError, match="the data has changed since the run began"):
        make().fit({"dataset_kwargs.path": str(moved)}, resume=0)
    assert segments(run) == ["0.json"]
    table.rename(moved)
    make().fit({"dataset_kwargs.path": str(moved)}, resume=0)
    assert Run(run.path).status["state"] == "done"


def test_a_run_that_is_done_has_nothing_left(make):
    trainer = make()
    trainer.fit()
    run = Run(trainer.run.paths.path)
    for ends in ({}, {"max_epochs": 2}, {"max_epochs": 1}):
        with pytest.raises(RunError, match=r"run 0 is done.*nothing is left to do.*stride resume"):
            make().fit(resume=0, **ends)
    assert segments(run) == ["0.json"]
    make().fit(resume=0, max_epochs=3)
    assert Run(run.path).results["last"]["epoch"] == 3


def test_the_limit_is_named_that_a_run_has_reached(make):
    trainer = make(training_config={"max_steps": 3, "max_epochs": 2})
    trainer.fit()
    with pytest.raises(RunError, match=r"resume \S+ training_config.max_steps=N$"):
        make().fit(resume=0)
    with pytest.raises(RunError, match=r"resume \S+ training_config.max_steps=N$"):
        make().fit(resume=0, max_epochs=3)
    make().fit({"training_config.max_steps": None}, resume=0)  # which lifts it
    assert Run(trainer.run.paths.path).results["last"]["step"] == 2 * STEPS
    make().fit({"training_config.max_steps": 2 * STEPS}, run="both")
    both = r"resume \S+ training_config.max_epochs=N training_config.max_steps=N$"
    with pytest.raises(RunError, match=both):
        make().fit(resume="both")


def test_a_run_that_was_stopped_goes_on_when_it_is_resumed(make):
    class Enough(Callback):
        def after_step(self, trainer, step):
            if trainer.state.step == 3:
                trainer.stop("enough")

    trainer = make(callbacks=[Enough()])
    trainer.fit()
    run = Run(trainer.run.paths.path)
    assert run.status["state"] == "stopped"
    make().fit(resume=0)
    assert Run(run.path).status["state"] == "done"
    assert Run(run.path).results["last"]["step"] == 2 * STEPS


def test_a_run_that_a_process_writes_is_refused(make, tmp_path):
    caught = []

    class Greedy(Callback):
        def after_step(self, trainer, step):
            with pytest.raises(RunError, match=r"a process is writing this run.*stop it") as it:
                Trainer(tmp_path / "w").fit(resume=0)
            caught.append(it)

    make(callbacks=[Greedy()], training_config={"max_steps": 1}).fit()
    assert len(caught) == 1


def test_a_run_that_another_process_went_on_with_meanwhile_is_left_alone(make):
    run = kill(make, 4)
    beginning = ResumedRun.of(run.path)
    RunWriter.resume(run.path).close("interrupted")
    with pytest.raises(RunError, match="another process has taken this run just now"):
        fit(make(), beginning)
    assert segments(run) == ["0.json", "1.json"] and Run(run.path).state == "interrupted"


class Meanwhile(ResumedRun):
    """Have something happen to the run between the look at it and its claim."""

    def take(self, *facts):
        self.happens()
        return super().take(*facts)


def test_a_checkpoint_that_came_since_the_run_was_looked_at_is_not_lost(make):
    run = kill(make, 7)
    newest = run.checkpoints()[-1]
    later = newest.with_name(newest.name.replace("step_6", "step_7"))
    beginning = Meanwhile.of(run.path)
    beginning.happens = lambda: shutil.copytree(newest, later)
    with pytest.raises(RunError, match="was writing until just now"):
        fit(make(), beginning)
    assert later.is_dir()


def test_a_checkpoint_that_went_since_the_run_was_looked_at_is_not_in_the_index(make):
    run = kill(make, 7)
    first, *_, last = run.checkpoints()
    assert first != last
    beginning = Meanwhile.of(run.path, {"checkpoint_config.keep_last": 9})
    beginning.happens = lambda: shutil.rmtree(first)
    fit(make(), beginning)
    assert verify_run(run.path).problems == []


def test_there_has_to_be_such_a_run(make):
    make().fit()
    with pytest.raises(RunError, match="7"):
        make().fit(resume=7)


def damage(run, name):
    file = run.paths.checkpoint(name).part("model")
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)


def test_a_damaged_newest_checkpoint_is_passed_over_and_named(make, tmp_path, caplog):
    make(work_dir=tmp_path / "whole", checkpoint_config=OFTEN).fit()
    run = kill(make, 7)
    *_, older, newest = run.paths.checkpoint_names()
    assert (older[-1], newest[-1]) == ("3", "6")
    damage(run, newest)
    make().fit(resume=0)
    assert f"the checkpoint {newest} is skipped" in caplog.text
    assert f"the checkpoint {newest} is skipped" in log_of(run)
    assert "resuming from step 3" in log_of(run)
    whole = Run(tmp_path / "whole" / "0")
    assert Run(run.path).results["weights_sha256"] == whole.results["weights_sha256"]


def test_without_a_good_checkpoint_the_run_begins_anew_and_says_so(make, tmp_path):
    make(work_dir=tmp_path / "whole", checkpoint_config=OFTEN).fit()
    run = kill(make, 7)
    for name in run.paths.checkpoint_names():
        damage(run, name)
    make().fit(resume=0)
    assert "no good checkpoint to resume from: the run starts over" in log_of(run)
    assert json.loads(run.paths.segment(1).read_text())["from_step"] == 0
    whole = Run(tmp_path / "whole" / "0")
    assert Run(run.path).results["weights_sha256"] == whole.results["weights_sha256"]
    steps = [row["step"] for row in Run(run.path).metrics()]
    assert steps == sorted(steps) and steps == [row["step"] for row in whole.metrics()]


def test_a_run_that_has_come_to_its_end_is_not_begun_anew(make):
    trainer = make(checkpoint_config=OFTEN)
    trainer.fit()
    run = Run(trainer.run.paths.path)
    weights = run.paths.weights.read_bytes()
    for name in run.paths.checkpoint_names():
        damage(run, name)
    with pytest.raises(RunError, match="is done, and no good checkpoint of it is left"):
        make().fit(resume=0, max_epochs=3)
    assert run.paths.weights.read_bytes() == weights
    assert len(run.segments) == 1 and run.state == "done"


@pytest.mark.parametrize("override", ["work_dir=elsewhere", "run=other"])
def test_a_run_is_resumed_in_its_own_folder_only(make, override):
    kill(make, 3)
    with pytest.raises(RunError, match="resumed in its own folder"):
        make().fit([override], resume=0)


def test_a_network_that_has_changed_is_refused_by_what_differs(make):
    trainer = make(checkpoint_config=OFTEN)
    trainer.set_model(nn.Sequential(nn.Flatten(), nn.Linear(64, 10)))
    trainer.fit()
    other = make()
    other.set_model(nn.Sequential(nn.Flatten(), nn.Linear(64, 10), nn.Linear(10, 10)))
    with pytest.raises(RunError, match=r"does not fit what the config builds now.*2\.weight"):
        other.fit(resume=0, max_epochs=3)
    assert Run(trainer.run.paths.path).state == "done"


def test_a_fork_that_has_not_what_it_began_from_is_refused(make):
    kill(make, 4)
    trainer = make(callbacks=[Killer(5)])
    with pytest.raises(Killed):
        trainer.fork(0, "last")
    paths = trainer.run.paths
    shutil.rmtree(paths.origin.path)
    with pytest.raises(RunError, match="ended before it had written what it began from") as caught:
        make().fit(resume=1)
    assert "stride fork" in str(caught.value)


def one_cycle(**training):
    schedule = {"scheduler_name": "OneCycleLR", "max_lr": 0.01}
    return {"scheduler_kwargs": schedule, "training_config": training}


@pytest.mark.parametrize("longer", [{"max_epochs": 3}, {"max_steps": 9, "max_epochs": 4}])
def test_a_schedule_that_would_end_before_the_training_is_refused_before_anything_is_claimed(
    make, longer
):
    trainer = make(**one_cycle(max_epochs=2))
    trainer.fit()
    run = Run(trainer.run.paths.path)
    with pytest.raises(RunError, match=r"OneCycleLR ends after 8 steps, .* would have") as caught:
        make().fit(resume=0, **longer)
    assert f"stride fork {run.path}" in str(caught.value)
    assert segments(run) == ["0.json"]
    assert run.status["state"] == "done"


def test_a_schedule_with_steps_to_spare_may_be_extended(make):
    values = one_cycle(max_epochs=2)
    values["scheduler_kwargs"]["total_steps"] = 12
    make(**values).fit()
    trainer = make()
    trainer.fit(resume=0, max_epochs=3)
    assert trainer.state.step == 12
    with pytest.raises(RunError, match="OneCycleLR ends after 12 steps"):
        make().fit(resume=0, max_epochs=4)


def test_nothing_of_a_file_behind_a_link_comes_into_the_run_nor_is_changed(make, tmp_path):
    run = kill(make, 7)
    for name in ("config.json", "metrics.jsonl", "logs/rank0.log"):
        path, outside = run.path / name, tmp_path / "outside"
        path.rename(outside)
        content = outside.read_bytes()
        path.symlink_to(outside)
        with pytest.raises(RunError, match="link out"):
            make().fit(resume=0)
        path.unlink()
        os.mkfifo(path)
        with pytest.raises(RunError, match="is a FIFO"):
            make().fit(resume=0)
        path.unlink()
        assert outside.read_bytes() == content
        outside.rename(path)
    assert segments(run) == ["0.json"]


def test_statistics_behind_a_link_are_not_taken_for_none(make, tmp_path):
    run = kill(make, 3, dataset_kwargs={"normalize": "standard"})
    run.paths.normalization.rename(tmp_path / "outside")
    run.paths.normalization.symlink_to(tmp_path / "nowhere")
    with pytest.raises(RunError, match="link out"):
        make().fit(resume=0)
