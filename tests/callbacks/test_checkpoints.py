"""Checkpoints in the run: when they are written, which stay, what the index says."""

import json

import pytest
import torch

from stride.callbacks.checkpoints import Checkpoints
from stride.callbacks.monitor import Monitor
from stride.config.schema import CheckpointConfig
from stride.engine.hooks import Hooks
from stride.engine.state import TrainState
from stride.engine.tally import Tally
from stride.models.model import Step
from stride.runs.layout import checkpoint_name
from stride.runs.records import CheckpointIndex
from stride.runs.writer import RunWriter


class Trainer:
    """Just enough of a training: counters, a real run folder, hooks."""

    def __init__(self, tmp_path):
        self.state = TrainState()
        provenance = {"format_version": 1}
        self.run = RunWriter.start(tmp_path / "w", config={"a": 1}, provenance=provenance)
        self.hooks = Hooks(self, Trainer, [], object)


@pytest.fixture
def trainer(tmp_path):
    made = Trainer(tmp_path)
    yield made
    made.run.close("done")


def callback(**config):
    config = CheckpointConfig(**({"every_minutes": None} | config))
    names = lambda epoch, step: checkpoint_name("MLP", "digits", "x", epoch, step)  # noqa: E731
    return Checkpoints(config, names, Monitor("loss", "min"))


def train(trainer, checkpoints, losses, steps_per_epoch=10):
    for loss in losses:
        for _ in range(steps_per_epoch):
            trainer.state.step += 1
            trainer.state.position += 1
            checkpoints.after_step(trainer, None)
        trainer.state.epoch += 1
        trainer.state.position = 0
        checkpoints.after_evaluate(trainer, {"loss": loss})
        checkpoints.after_epoch(trainer, {"loss": loss})
    checkpoints.after_train(trainer)


def kept(trainer):
    return sorted(p.name for p in trainer.run.paths.checkpoints.iterdir() if p.is_dir())


def index(trainer):
    return CheckpointIndex.read(trainer.run.paths.checkpoint_index)


def test_the_last_state_is_always_written(trainer):
    train(trainer, callback(), [3.0, 2.0])
    assert kept(trainer) == ["mlp_digits_x_epoch_2"]
    assert index(trainer).last == "mlp_digits_x_epoch_2"


def test_retention_counts_as_numbers_and_keeps_newest_best_and_milestones(trainer):
    losses = [5.0] * 12
    losses[3] = 1.0
    train(trainer, callback(every_epochs=1, keep_last=2, keep_best=1, keep_every=5), losses)
    found = index(trainer)
    assert [entry.epoch for entry in found.entries] == [4, 5, 10, 11, 12]
    assert found.best == "mlp_digits_x_epoch_4"
    assert set(kept(trainer)) == {entry.name for entry in found.entries}


def test_checkpoints_inside_an_epoch_are_named_by_their_step(trainer):
    train(trainer, callback(every_steps=4, keep_last=9), [1.0])
    names = [entry.name for entry in index(trainer).entries]
    assert names == [
        "mlp_digits_x_epoch_0_step_4",
        "mlp_digits_x_epoch_0_step_8",
        "mlp_digits_x_epoch_1",
    ]
    assert index(trainer).entries[0].position == 4


def test_minutes_are_looked_at_in_each_step(trainer):
    train(trainer, callback(every_minutes=1e-9, keep_last=99), [1.0], steps_per_epoch=3)
    assert len(index(trainer).entries) == 4


def test_nan_is_never_the_best_and_the_index_is_plain_json(trainer):
    train(trainer, callback(every_epochs=1, keep_last=9), [float("nan"), 2.0])
    assert index(trainer).best == "mlp_digits_x_epoch_2"
    text = trainer.run.paths.checkpoint_index.read_text()
    json.loads(text, parse_constant=lambda name: pytest.fail(name))


def test_a_state_with_a_loss_that_is_not_finite_is_not_written(trainer):
    tally = Tally()
    trainer.state.parts["tally"] = tally
    checkpoints = callback(every_steps=1)
    for loss in (1.0, float("nan")):
        trainer.state.step += 1
        trainer.state.position += 1
        tally.add(Step(torch.tensor(loss), 1))
        checkpoints.after_step(trainer, None)
    assert [entry.step for entry in index(trainer).entries] == [1]


def test_a_state_that_cannot_be_stored_is_refused_at_the_start(trainer):
    trainer.state.parts["mine"] = torch.nn.Linear(1, 1)
    callback().before_train(trainer)
    trainer.state.parts["mine"].register_state_dict_post_hook(
        lambda module, state, prefix, local: state.update(f=print)
    )
    with pytest.raises(TypeError, match=r"mine/f: .*cannot be stored"):
        callback().before_train(trainer)
