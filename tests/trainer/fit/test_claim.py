"""What is written at a run's start, and overrides as they were typed."""

import pytest

from stride.config import resolve_layers
from stride.errors import LostRun
from stride.loggers.base import Logger
from stride.loggers.display.base import NoDisplay
from stride.runs.run import Run
from stride.trainer.fit import claim
from stride.trainer.fit.claim import typed_overrides


def test_overrides_are_recorded_as_typed_and_in_order():
    resolved = resolve_layers(
        arguments={"seed": 3},
        overrides=["work_dir=w", "optimizer_kwargs.lr=1e-4", "run=a", "model_kwargs.hidden=[1, 2]"],
    )
    assert typed_overrides(resolved) == ["optimizer_kwargs.lr=1e-4", "model_kwargs.hidden=[1, 2]"]


def test_a_later_override_of_a_key_takes_the_place_of_the_earlier():
    resolved = resolve_layers(work_dir="w", overrides={"seed": 1}).override(
        {"seed": 2, "device": "cpu"}
    )
    assert typed_overrides(resolved) == ["seed=2", "device=cpu"]


def test_seeds_and_devices_are_in_the_provenance(make):
    trainer = make(seed=5, dataset_kwargs={"split_seed": 9})
    trainer.fit(max_steps=1)
    provenance = Run(trainer.run.paths.path).provenance
    assert provenance["seeds"] == {
        "seed": 5,
        "model_seed": 5,
        "split_seed": 9,
        "subsample_seed": 0,
    }
    assert provenance["devices"] == ["cpu"]
    assert provenance["threads"]["torch"] >= 1
    assert provenance["data_fingerprint"]
    assert provenance["samples"] == {"train": 251, "val": 270, "test": 270}


class Fenced(Logger):
    def open(self, paths, config):
        raise LostRun("another writes")

    def write(self, row): ...

    def close(self): ...


def test_a_claim_that_fails_half_way_leaves_a_run_that_says_so(make, tmp_path):
    with pytest.raises(LostRun):
        make(logger=Fenced()).fit()
    status = Run(tmp_path / "w" / "0").status
    assert (status["state"], status["reason"]) == ("failed", "LostRun: another writes")


def told(trainer):
    """Return what a run's log says of an earlier run that is the same."""
    lines = trainer.run.paths.log(0).read_text().splitlines()
    return [line.partition(" run ")[2] for line in lines if " is this: " in line]


def test_the_same_config_code_and_data_is_told_and_trained_all_the_same(make):
    (first := make()).fit(max_steps=1)
    assert told(first) == []
    (second := make()).fit(max_steps=1)
    what = "(done) has the same config, code and data; this is trained all the same"
    assert told(second) == [f"0 is this: {first.run.paths.path} {what}"]
    assert second.run.paths.path.name == "1"
    for other in ({"seed": 1}, {"dataset_kwargs": {"split_seed": 4}}):
        (third := make(**other)).fit(max_steps=1)
        assert told(third) == []
    second.fit(max_steps=2, resume="1")
    assert len(told(second)) == 1  # at its start alone


class Shown(NoDisplay):
    """Note what a display is told."""

    def start(self, head, total_steps, total_epochs):
        super().start(head, total_steps, total_epochs)
        self.lengths, self.best = (total_steps, total_epochs), []

    def report(self, row, steps_per_second):
        if "validation/epoch_loss" in row:
            self.best.append((row["epoch"], self._head.is_best(row)))


@pytest.fixture
def display(monkeypatch):
    """Return the displays of the trainings that begin, as they do."""
    made = []

    def open_display(mode):
        made.append(Shown())
        return made[-1]

    monkeypatch.setattr(claim, "open_display", open_display)
    return made


def test_a_display_is_told_what_is_trained_and_which_epochs_were_the_best(make, display, tmp_path):
    make().fit()
    head = display[0]._head
    assert head[:6] == (
        "0",
        "MLP",
        1242,
        "digits (251 train, 270 val, 270 test)",
        "cpu",
        tmp_path / "w" / "0",
    )
    assert (head.metric, head.stage()) == ("validation/epoch_loss", "")
    assert head.memory()["memory"] > 2**20 and display[0].lengths == (8, 2)
    assert display[0].best == [(1, True), (2, True)]


def test_the_best_of_a_resumed_training_is_that_of_all_its_epochs(make, display):
    rising = {"saving_metric": "validation/epoch_loss", "saving_mode": "max"}  # which it does not
    trainer = make(training_config={"max_epochs": 3, **rising}, optimizer_kwargs={"lr": 0.01})
    trainer.fit(max_steps=4)
    trainer.fit(resume="0", max_steps=12)
    assert display[0].best == [(1, True)]
    assert display[1].best == [(2, False), (3, False)]
