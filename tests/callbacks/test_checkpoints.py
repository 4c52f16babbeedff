"""Checkpoints in the run: when they are written, which stay, what the index says."""

import json
import math
import threading
import time
import weakref
from contextlib import contextmanager

import pytest
import torch

from stride.callbacks.checkpoints import Checkpoints
from stride.callbacks.monitor import Monitor
from stride.config.sections.checkpoint import CheckpointConfig
from stride.engine.checkpoint.checkpoint import newest_good
from stride.engine.epoch_losses import EpochLosses
from stride.engine.hooks import Hooks
from stride.engine.state import TrainState
from stride.errors import LostRun, StrideError
from stride.models.steps.step import Step
from stride.runs.layout import CheckpointPaths, checkpoint_name
from stride.runs.records.checkpoint import CheckpointIndex, CheckpointRecord
from stride.runs.writer import RunWriter


class Weight:
    """A part of the state: one tensor."""

    def __init__(self, size=3):
        self.tensor = torch.zeros(size)

    def state_dict(self):
        return {"weight": self.tensor}


class Run(RunWriter):
    """A real run whose writing can be held up or fail."""

    def stop_at_the_gate(self):
        self.reached, self.gate, self.error = threading.Event(), threading.Event(), None

    @contextmanager
    def commit_folder(self, path):
        with super().commit_folder(path) as folder:
            if hasattr(self, "gate"):
                self.reached.set()
                assert self.gate.wait(10)
            yield folder
            if hasattr(self, "gate") and self.error:
                raise self.error

    def sync_streams(self):
        super().sync_streams()
        self.stood_at_syncing = self.paths.checkpoint_names()

    def remove_folder(self, path):
        entries = CheckpointIndex.read(self.paths.checkpoint_index).entries
        self.named_at_removal = [entry.name for entry in entries]
        super().remove_folder(path)


class Trainer:
    """Just enough of a training: counters, a real run folder, hooks."""

    def __init__(self, tmp_path):
        self.weight = Weight()
        self.state = TrainState(weight=self.weight)
        provenance = {"format_version": 1}
        self.run = Run.start(tmp_path / "w", config={"a": 1}, provenance=provenance)
        self.told = []
        self.hooks = Hooks(self, [], object)

    def after_checkpoint(self, path):
        assert threading.current_thread() is threading.main_thread()
        self.told.append(path.name)

    def step(self, checkpoints):
        self.state.step += 1
        self.state.position += 1
        checkpoints.save_if_due(self)


@pytest.fixture
def trainer(tmp_path):
    made = Trainer(tmp_path)
    yield made
    made.run.close("done")


def callback(now=time.monotonic, border_seconds=math.inf, **config):
    config = CheckpointConfig(**({"every_minutes": None} | config))
    names = lambda epoch, step: checkpoint_name("MLP", "digits", "x", epoch, step)  # noqa: E731
    return Checkpoints(config, names, Monitor("loss", "min"), now, border_seconds=border_seconds)


def train(trainer, checkpoints, losses, steps_per_epoch=10):
    for loss in losses:
        for _ in range(steps_per_epoch):
            trainer.state.step += 1
            trainer.state.position += 1
            checkpoints.save_if_due(trainer)
        trainer.state.epoch += 1
        trainer.state.position = 0
        checkpoints.after_evaluate(trainer, {"loss": loss})
        checkpoints.after_epoch(trainer, {"loss": loss})
    checkpoints.after_train(trainer)
    checkpoints.finish(trainer)


def kept(trainer):
    return sorted(p.name for p in trainer.run.paths.checkpoints.iterdir() if p.is_dir())


def index(trainer):
    return CheckpointIndex.read(trainer.run.paths.checkpoint_index)


def test_the_last_state_is_always_written(trainer):
    train(trainer, callback(), [3.0, 2.0])
    assert kept(trainer) == ["mlp_digits_x_epoch_2"]
    assert index(trainer).last == "mlp_digits_x_epoch_2"


@pytest.mark.parametrize(
    ("border_seconds", "epochs"), [(0.0, [1, 2, 3, 4, 5]), (5.0, [3, 5]), (math.inf, [5])]
)
def test_ends_of_epochs_have_a_checkpoint_where_the_last_of_them_is_old(
    trainer, border_seconds, epochs
):
    now = lambda: 2.0 * trainer.state.epoch  # noqa: E731
    train(trainer, callback(now, border_seconds, every_steps=7, keep_last=99), [1.0] * 5)
    borders = [entry.epoch for entry in index(trainer).entries if entry.position == 0]
    assert borders == epochs


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


def test_minutes_have_sixty_seconds_and_count_from_the_last_checkpoint(trainer):
    seconds = [1000.0]
    checkpoints = callback(lambda: seconds[0], every_minutes=2, keep_last=9, background=False)
    for passed in (119.0, 1.0, 119.0, 2.0):
        seconds[0] += passed
        trainer.step(checkpoints)
    assert [entry.step for entry in index(trainer).entries] == [2, 4]


def test_the_index_has_forgotten_a_checkpoint_when_it_is_deleted(trainer):
    train(trainer, callback(every_epochs=1, keep_last=1, keep_best=0), [2.0, 1.0])
    assert trainer.run.named_at_removal == kept(trainer) == ["mlp_digits_x_epoch_2"]


def test_nan_is_never_the_best_and_the_index_is_plain_json(trainer):
    train(trainer, callback(every_epochs=1, keep_last=9), [float("nan"), 2.0])
    assert index(trainer).best == "mlp_digits_x_epoch_2"
    text = trainer.run.paths.checkpoint_index.read_text()
    json.loads(text, parse_constant=lambda name: pytest.fail(name))


def test_a_state_with_a_loss_that_is_not_finite_is_not_written(trainer):
    losses = EpochLosses()
    trainer.state.parts["tally"] = losses
    checkpoints = callback(every_steps=1)
    for loss in (1.0, float("nan")):
        trainer.state.step += 1
        trainer.state.position += 1
        losses.add(Step(torch.tensor(loss), 1))
        checkpoints.save_if_due(trainer)
    checkpoints.finish(trainer)
    assert [entry.step for entry in index(trainer).entries] == [1]


def test_a_state_that_cannot_be_stored_is_refused_at_the_start(trainer):
    trainer.state.parts["mine"] = torch.nn.Linear(1, 1)
    callback().before_train(trainer)
    trainer.state.parts["mine"].register_state_dict_post_hook(
        lambda module, state, prefix, local: state.update(f=print)
    )
    with pytest.raises(TypeError, match=r"mine/f: .*cannot be stored"):
        callback().before_train(trainer)


def test_nothing_of_the_entries_is_in_the_state_but_the_value_is(trainer):
    checkpoints = callback()
    train(trainer, checkpoints, [2.5])
    state = json.loads(json.dumps(checkpoints.state_dict()))
    assert state == {"value": 2.5}
    other = callback()
    other.load_state_dict(state)
    other.adopt(trainer.run.paths, kept(trainer)[0])
    trainer.state.step += 1
    other.after_train(trainer)
    other.finish(trainer)
    assert [entry.value for entry in index(trainer).entries] == [2.5]
    assert CheckpointRecord.read(record_of(trainer)).value == 2.5


def test_a_state_of_format_1_is_taken():
    checkpoints = callback()
    checkpoints.load_state_dict({"entries": [{"name": "m_epoch_1", "value": 3.0}]})
    assert checkpoints.state_dict() == {"value": None}


def record_of(trainer):
    return trainer.run.paths.checkpoint(index(trainer).last).record


def test_the_record_has_value_and_streams(trainer):
    trainer.run.append(trainer.run.paths.metrics, [{"step": 1}])
    train(trainer, callback(every_epochs=1), [3.0])
    record = CheckpointRecord.read(record_of(trainer))
    assert record.value == 3.0
    assert record.streams[trainer.run.paths.metrics.name] > 0


def test_streams_are_durable_before_the_checkpoint_stands(trainer):
    train(trainer, callback(), [3.0])
    assert (trainer.run.stood_at_syncing, len(kept(trainer))) == ([], 1)


def test_a_checkpoint_before_the_last_evaluation_has_its_value_in_the_index(trainer):
    checkpoints = callback()
    trainer.state.step, trainer.state.position = 3, 12
    checkpoints.save(trainer)
    checkpoints.after_evaluate(trainer, {"loss": 0.5})
    checkpoints.after_train(trainer)
    checkpoints.finish(trainer)
    assert [entry.value for entry in index(trainer).entries] == [0.5]
    assert index(trainer).best == index(trainer).last
    other = callback()
    other.adopt(trainer.run.paths, index(trainer).last)
    other.save(trainer, {"loss": 0.1})  # the value that it has is kept
    assert index(trainer).entries[0].value == 0.5


@pytest.mark.parametrize("background", [True, False])
def test_an_existing_checkpoint_is_not_written_twice(trainer, background):
    checkpoints = callback(background=background)
    train(trainer, checkpoints, [1.0])
    before = record_of(trainer).read_bytes()
    checkpoints.save(trainer)
    other = callback(background=background)
    other.adopt(trainer.run.paths, index(trainer).last)
    other.after_train(trainer)
    for one in (checkpoints, other):
        one.finish(trainer)
    assert record_of(trainer).read_bytes() == before
    assert len(trainer.told) == 1


def test_training_goes_on_while_a_checkpoint_is_written(trainer):
    checkpoints = callback(every_steps=2)
    trainer.run.stop_at_the_gate()
    trainer.step(checkpoints)
    trainer.step(checkpoints)
    assert trainer.run.reached.wait(10)
    trainer.weight.tensor.fill_(7.0)
    trainer.step(checkpoints)
    assert (newest_good(trainer.run.paths), trainer.told) == (None, [])
    trainer.run.gate.set()
    checkpoints.finish(trainer)
    found = newest_good(trainer.run.paths)
    assert found.record["step"] == 2
    assert found.state["weight"]["weight"].tolist() == [0.0] * 3
    assert trainer.told == [found.name]


def test_what_stands_is_told_at_the_next_rest(trainer):
    checkpoints = callback()
    trainer.step(checkpoints)
    checkpoints.save(trainer)
    deadline = threading.Event()
    while not trainer.told and not deadline.wait(0.01):
        checkpoints.save_if_due(trainer)
    assert trainer.told == ["mlp_digits_x_epoch_0_step_1"]
    checkpoints.finish(trainer)
    assert len(trainer.told) == 1


def test_a_save_waits_for_the_one_before(trainer):
    checkpoints = callback(every_steps=1, keep_last=9)
    trainer.run.stop_at_the_gate()
    trainer.step(checkpoints)
    assert trainer.run.reached.wait(10)
    trainer.weight.tensor.fill_(1.0)
    threading.Timer(0.1, trainer.run.gate.set).start()
    trainer.step(checkpoints)  # would else change the buffers of the first
    checkpoints.finish(trainer)
    weights = [
        newest_good(trainer.run.paths, accept=lambda r, s=s: r["step"] == s).state["weight"]
        for s in (1, 2)
    ]
    assert [w["weight"][0].item() for w in weights] == [0.0, 1.0]


@pytest.mark.parametrize("error", [StrideError("disk full"), LostRun("another writes")])
@pytest.mark.parametrize("where", ["save_if_due", "save", "finish"])
def test_an_error_of_the_thread_is_raised_in_the_training(trainer, error, where):
    checkpoints = callback()
    trainer.step(checkpoints)
    trainer.run.stop_at_the_gate()
    trainer.run.error = error
    trainer.run.gate.set()
    checkpoints.save(trainer)
    checkpoints._errand.wait()
    with pytest.raises(type(error), match=error.what):
        getattr(checkpoints, where)(trainer)
    assert list(trainer.run.paths.checkpoints.iterdir()) == []
    assert trainer.told == []
    checkpoints.finish(trainer)  # it is raised once


def at_the_gate(trainer):
    """Return a callback whose checkpoint is being written until the gate is opened."""
    checkpoints = callback()
    trainer.step(checkpoints)
    trainer.run.stop_at_the_gate()
    checkpoints.save(trainer)
    assert trainer.run.reached.wait(10)
    return checkpoints


def test_a_training_that_fails_lets_the_checkpoint_end(trainer, caplog):
    checkpoints = at_the_gate(trainer)
    threading.Timer(0.1, trainer.run.gate.set).start()
    checkpoints.on_exception(trainer, ValueError("the user's"))
    assert kept(trainer) == ["mlp_digits_x_epoch_0_step_1"]
    trainer.state.step += 1
    trainer.run.error = StrideError("disk full")
    checkpoints.save(trainer)
    checkpoints.on_exception(trainer, ValueError("the user's"))
    assert "was not written: disk full" in caplog.text


def test_who_presses_ctrl_c_again_is_not_kept_waiting_but_told(trainer, caplog):
    checkpoints = at_the_gate(trainer)
    errand = checkpoints._errand
    checkpoints.on_exception(trainer, KeyboardInterrupt())
    assert not errand.is_done()
    assert "mlp_digits_x_epoch_0_step_1 was still being written: given up" in caplog.text
    trainer.run.gate.set()
    errand.check()
    caplog.clear()
    trainer.step(checkpoints)
    checkpoints.save(trainer)
    checkpoints._errand.check()
    checkpoints.on_exception(trainer, KeyboardInterrupt())
    assert not caplog.text


def test_without_background_everything_happens_in_save(trainer):
    checkpoints = callback(background=False)
    trainer.step(checkpoints)
    threads = threading.active_count()
    checkpoints.save(trainer)
    assert trainer.told == kept(trainer) == ["mlp_digits_x_epoch_0_step_1"]
    assert threading.active_count() == threads


def test_finish_lets_the_memory_go(trainer):
    checkpoints = callback()
    trainer.state.step = 1
    checkpoints.save(trainer)
    (buffer,) = (b for buffers in checkpoints._staging._held.values() for b in buffers)
    gone = weakref.ref(buffer)
    del buffer
    checkpoints.finish(trainer)
    assert gone() is None


def test_folders_that_nobody_keeps_are_deleted_by_number(trainer):
    names = ["9", "89", "99", "109", "149"]
    for n in names:
        trainer.run.paths.checkpoint(f"mlp_digits_x_epoch_{n}").path.mkdir(parents=True)
    (trainer.run.paths.checkpoints / "mine").mkdir()
    trainer.state.epoch, trainer.state.step = 150, 5
    checkpoints = callback()
    checkpoints.save(trainer)
    checkpoints.finish(trainer)
    assert kept(trainer) == ["mine", "mlp_digits_x_epoch_150"]
    assert CheckpointPaths(trainer.run.paths.checkpoints / "mlp_digits_x_epoch_150").state.exists()
