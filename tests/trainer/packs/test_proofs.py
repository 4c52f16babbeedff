"""A rule that breaks bits is found, before the training or within the epoch."""

import random
from types import SimpleNamespace

import pytest

from stride.callbacks.base import Callback
from stride.engine.packs import layers, step
from stride.trainer.packs import lockstep
from tests.engine.packs.test_proof import in_halves
from tests.trainer.packs.test_ends import Pruner


def test_a_layer_whose_rule_is_broken_is_done_run_by_run(fleet, monkeypatch):
    members = [{}] * 2
    fleet.alone(members)
    monkeypatch.setattr(layers, "weight_gradient", in_halves)
    fleet.pack(members)
    assert fleet.problems(range(2)) == {}
    for place in range(2):
        alone = fleet.record(place)["alone"]
        assert [*alone] == ["0", "2"]
        assert alone["0"].startswith("the gradient of 0.weight of member ")


@pytest.mark.slow
def test_runs_that_cannot_be_packed_whatever_is_done_run_by_run_are_trained_alone(
    fleet, monkeypatch
):
    members = [{}] * 2
    fleet.alone(members)
    with monkeypatch.context() as patches:
        patches.setattr(step, "_move", lambda *rows: None)
        fleet.pack(members)
    assert fleet.problems(range(2)) == {}
    assert [fleet.record(place) for place in range(2)] == [None] * 2


class Breaking(Callback):
    """Break what computes the gradients of weights, after so many steps."""

    def __init__(self, monkeypatch, after, broken):
        self._patches, self._after, self._broken = monkeypatch, after, broken

    def after_evaluate(self, trainer, metrics):
        if trainer.state.step == self._after:
            self._patches.setattr(layers, "weight_gradient", self._broken)


class Last(random.Random):
    """Draw the last step of each epoch."""

    def randrange(self, *bounds):
        return 0


def failing(*arguments, **named):
    raise RuntimeError("not enough memory\nfor this")


def broken_after(fleet, monkeypatch, after, broken, **checkpoints):
    """Train two alone, and in a pack whose rule breaks after a step; return the first one's log."""
    training = {"max_epochs": 2, "evaluate_every_steps": 1, "log_interval": 99}
    members = [{"training_config": training, "checkpoint_config": checkpoints}] * 2
    fleet.alone(members)
    with monkeypatch.context() as patches:
        breaks = {"callbacks": lambda: [Breaking(patches, after, broken)]}
        _, ended = fleet.pack([members[0] | breaks, *members[1:]])
    assert [one.error for one in ended] == [None] * 2
    assert fleet.problems(range(2)) == {}
    assert {fleet.status(place) for place in range(2)} == {("done", "")}
    assert all(fleet.record(place, segment=1) is None for place in range(2))
    assert "its pack is dissolved" in fleet.log(1)
    return fleet.log(0)


@pytest.mark.slow
def test_a_rule_that_breaks_later_is_found_in_its_epoch_and_the_runs_go_on_alone(
    fleet, monkeypatch
):
    log = broken_after(fleet, monkeypatch, 5, in_halves, every_steps=1, keep_last=9)
    assert "the gradient of 0.weight of run at-" in log
    assert "resuming from step 4 " in log or "resuming from step 5 " in log


def test_no_run_goes_on_from_a_checkpoint_that_was_made_since_the_last_step_that_was_right(
    fleet, monkeypatch
):
    monkeypatch.setattr(lockstep, "random", SimpleNamespace(Random=Last))
    log = broken_after(fleet, monkeypatch, 5, in_halves, every_steps=1, keep_last=9)
    assert " at step 8 is not what it is alone\n" in log
    assert "resuming from step 4 " in log


def test_the_last_step_of_each_epoch_is_looked_at_whatever_was_drawn(fleet, monkeypatch):
    log = broken_after(fleet, monkeypatch, 7, in_halves)
    assert " at step 8 is not what it is alone\n" in log


@pytest.mark.slow
def test_a_run_starts_over_where_no_checkpoint_is_left_that_is_right(fleet, monkeypatch):
    monkeypatch.setattr(lockstep, "random", SimpleNamespace(Random=Last))
    log = broken_after(fleet, monkeypatch, 5, in_halves, every_steps=1, keep_last=1, keep_best=0)
    assert "no good checkpoint to resume from: the run starts over" in log


def test_where_a_step_cannot_be_made_together_the_runs_go_on_alone(fleet, monkeypatch):
    log = broken_after(fleet, monkeypatch, 5, failing, every_steps=1)
    assert "RuntimeError: not enough memory\n" in log
    assert "resuming from step 5 " in log


@pytest.mark.slow
def test_a_run_of_a_dissolved_pack_ends_where_its_callbacks_say(fleet, monkeypatch):
    pruned = {"training_config": {"max_epochs": 4}, "callbacks": lambda: [Pruner()]}
    fleet.alone([pruned] * 2)
    with monkeypatch.context() as patches:
        breaks = {"given": {"callbacks": lambda: [Breaking(patches, 4, in_halves)]}}
        fleet.pack([pruned | breaks, pruned])
    assert fleet.problems([1]) == {}
    assert [fleet.status(place) for place in range(2)] == [("done", "pruned")] * 2
    assert "its pack is dissolved" in fleet.log(1)
