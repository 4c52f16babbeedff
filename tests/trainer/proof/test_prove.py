"""Killing and resuming in the first steps: what is ok, what differs and is named, what is left."""

import multiprocessing
import os
import random
import signal
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from stride.callbacks.base import Callback
from stride.engine.signals import Interrupted
from stride.engine.stopping import StopRequest
from stride.errors import RunFailed, UserError
from stride.trainer.proof import prove
from stride.trainer.proof.processes import ForkedProcess
from stride.trainer.trainer import Trainer


class Rings:
    """Samples of a user's own, some of which come from how often it was asked."""

    num_classes = 3

    def __init__(self, counts: bool = False):
        self.asked, self.counts = 0, counts
        self.inputs = torch.linspace(-1, 1, 48 * 4).reshape(48, 4)

    def __len__(self):
        return 48

    def __getitem__(self, index):
        self.asked += 1
        more = torch.rand(4) + (self.asked if self.counts else 0)
        return self.inputs[index] + more, index % 3


class Counting(nn.Module):
    """A network that scales its output by how often it was called, which nothing restores."""

    def __init__(self):
        super().__init__()
        self.calls, self.layer = 0, nn.Linear(4, 3)

    def forward(self, inputs):
        self.calls += self.training
        return self.layer(inputs) * (1 + 0.1 * self.calls)


class Restless(nn.Module):
    """A network that is never the same twice."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(4, 3)

    def forward(self, inputs):
        return self.layer(inputs) * (1 + int.from_bytes(os.urandom(3)) / 2**16)


class Nudge(Callback):
    """Change the weights by a counter of its own."""

    def __init__(self):
        self.steps = 0

    def after_step(self, trainer, step):
        self.steps += 1
        with torch.no_grad():
            next(trainer.model.parameters()).add_(0.01 * self.steps)


class Counted(Nudge):
    """The same, with its counter in the state."""

    def state_dict(self):
        return {"steps": self.steps}

    def load_state_dict(self, state):
        self.steps = state["steps"]


def network():
    return nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Dropout(0.2), nn.Linear(8, 3))


@pytest.fixture
def work_dir(tmp_path, monkeypatch):
    """Return a work_dir that is not there; nothing that is made for a while is left."""
    with tempfile.TemporaryDirectory() as temporary:  # of a short name, as sockets need it
        monkeypatch.setattr(tempfile, "tempdir", temporary)
        yield tmp_path / "w"
        assert [*tmp_path.rglob("*"), *os.listdir(temporary)] == []


@pytest.fixture
def make(work_dir):
    """Return a function that makes a Trainer of three steps an epoch."""

    def make_trainer(**arguments):
        config = {
            "dataset_kwargs": {
                "dataset_name": f"{__name__}:Rings",
                "val_fraction": 0.25,
                "test_fraction": 0.0,
            },
            "load_data_kwargs": {"batch_size": 12},
            "training_config": {"max_epochs": 9},
            "device": "cpu",
        }
        for name, values in arguments.items():
            known = config.get(name)
            config[name] = known | values if isinstance(known, dict) else values
        return Trainer(work_dir, **config)

    return make_trainer


def forked(trainer, *, tell=lambda line: None):
    """Prove it in forks, also where new processes would do: torch is not imported again."""
    return prove.prove(trainer, trainer.builder.resolved, ["the test"], tell)["resume"]


def test_an_ordinary_training_is_ok(make):
    trainer = make(
        model_kwargs={"model_name": f"{__name__}:network"},
        load_data_kwargs={"num_workers": 2},
        scheduler_kwargs={"scheduler_name": "OneCycleLR", "max_lr": 0.01},
        training_config={"accumulate": 2, "early_stopping": True},
        callbacks=[Counted()],
    )
    proof = trainer.check(resume=True)["resume"]
    assert proof["verdict"] == "ok"
    assert [half["num_workers"] for half in proof["halves"]] == [None, 0]
    assert {"model", "optimizer", "schedule", "random", "metrics"} <= set(proof["compared"])
    assert (proof["killed_after"], proof["steps"]) == (3, 6)  # of two an epoch
    assert not any("the end of an epoch" in what for what in proof["not_tried"])


def test_a_counter_on_the_network_is_found_and_this_process_stays_as_it_was(make):
    model, callback, told = Counting(), Counted(), []
    trainer = make(callbacks=[callback])
    trainer.set_model(model)
    weights = [p.clone() for p in model.parameters()]
    before = _surroundings()
    proof = trainer.check(resume=True, tell=told.append)["resume"]
    assert proof["verdict"] == "differs"
    first = proof["halves"][0]
    assert first["differs"][:2] == ["model / layer.weight", "optimizer / exp_avg of layer.weight"]
    assert first["first_step"] == proof["killed_after"] + 1
    assert any("building the model, callbacks again" in what for what in proof["not_tried"])
    assert repr(_surroundings()) == repr(before)
    assert all(map(torch.equal, weights, model.parameters()))
    assert (model.calls, callback.steps) == (0, 0)
    assert (trainer.state.step, trainer.builder.assembly, len(told)) == (0, None, 5)


def _surroundings():
    handlers = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    state = [random.getstate(), np.random.get_state(), torch.get_rng_state().tolist()]
    return [handlers, state, torch.get_num_threads(), os.getcwd(), dict(os.environ)]


def test_a_counter_of_the_dataset_is_found(make):
    proof = forked(make(dataset_kwargs={"counts": True}))
    assert proof["verdict"] == "differs"
    assert proof["halves"][0]["first_step"] == proof["killed_after"] + 1


def test_a_counter_of_a_callback_is_found(make):
    proof = make(callbacks=[Nudge()]).check(resume=True)["resume"]
    assert proof["verdict"] == "differs"
    assert proof["halves"][0]["differs"][0].startswith("model / ")


def test_a_training_that_is_not_the_same_twice_says_nothing_of_resuming(make):
    trainer = make()
    trainer.set_model(Restless())
    proof = trainer.check(resume=True)["resume"]
    assert (proof["verdict"], proof["unlike_at"], proof["halves"]) == ("differs", 1, [])


class Own(DataLoader):
    """A loader that gives its batches in a way of its own."""

    def __iter__(self):
        return super().__iter__()


def test_a_loader_of_the_users_own_is_killed_between_two_epochs(work_dir):
    data = TensorDataset(torch.randn(30, 4), torch.arange(30) % 3)
    trainer = Trainer(work_dir, train_loader=Own(data, 6, shuffle=True), device="cpu")
    proof = trainer.check(resume=True)["resume"]
    assert (proof["verdict"], proof["killed_after"], proof["steps"]) == ("ok", 5, 10)
    assert "another number of workers: the loader is your own" in proof["not_tried"]


class Sleepy(Callback):
    """Take its time, and tell by a file that it began."""

    def __init__(self, path):
        self.path = path

    def before_train(self, trainer):
        self.path.touch()
        time.sleep(60)


def test_temporary_files_whose_names_are_too_long_for_sockets_stay_where_they_are():
    stop = StopRequest()
    assert ForkedProcess(Path("/tmp/t"), stop, None, None)._scratch == {"TMPDIR": "/tmp/t"}
    assert ForkedProcess(Path("/tmp", "t" * 70), stop, None, None)._scratch == {}


def test_ctrl_c_leaves_nothing(make, tmp_path):
    begun = tmp_path / "begun"

    def press():
        while not begun.exists():
            time.sleep(0.01)
        begun.unlink()
        os.kill(os.getpid(), signal.SIGINT)

    others = set(multiprocessing.active_children())
    threading.Thread(target=press).start()
    with pytest.raises(Interrupted, match="SIGINT") as caught:
        make(callbacks=[Sleepy(begun)]).check(resume=True)
    assert caught.value.exit_code == 130
    assert set(multiprocessing.active_children()) <= others


class Bug(Callback):
    def after_step(self, trainer, step):
        if trainer.state.step == 2:
            raise ValueError("the user's mistake")


class Victim(Callback):
    def after_step(self, trainer, step):
        os.kill(os.getpid(), signal.SIGKILL)


class Stop(Callback):
    def after_step(self, trainer, step):
        if trainer.state.step == 2:
            trainer.stop("enough")


def test_a_failure_is_told_with_its_place_and_its_traceback(make):
    with pytest.raises(
        RunFailed, match=r"ValueError: the user's mistake \(.*test_prove.py:"
    ) as caught:
        make(callbacks=[Bug()]).check(resume=True)
    assert "in after_step" in caught.value.__notes__[0]


def test_a_kill_by_somebody_else_is_told(make):
    with pytest.raises(RunFailed, match=r"exit code -9; the system kills what takes too much"):
        make(callbacks=[Victim()]).check(resume=True)


def test_an_end_before_the_kill_is_told(make):
    with pytest.raises(UserError, match="ends after step 2, and is to be killed after step 8"):
        make(callbacks=[Stop()]).check(resume=True)


def test_a_mistake_of_the_config_is_told_as_ever(make):
    with pytest.raises(UserError, match="no metric 'validation/f2'"):
        forked(make(training_config={"stopping_metric": "validation/f2", "mode": "max"}))


def test_a_disk_without_room_is_told(make, monkeypatch):
    monkeypatch.setattr(prove, "bytes_needed", lambda weights: 2**60)
    with pytest.raises(UserError, match=r"needs 1073741824\.00 GiB for a while, and .* GiB"):
        forked(make())


def test_several_ranks_are_refused(make, monkeypatch):
    monkeypatch.setattr(prove, "world_size", lambda: 2)
    with pytest.raises(UserError, match="without a launcher"):
        make().check(resume=True)


def test_the_worst_of_the_halves_is_the_verdict():
    ok, inexact = prove.Half(None, [], None, {}), prove.Half(2, [], None, {"data": "starts over"})
    differs = prove.Half(2, ["model"], 7, {"data": "starts over"})
    assert [half.verdict for half in (ok, inexact, differs)] == ["ok", "inexact", "differs"]
    for halves, verdict in [([ok], "ok"), ([ok, inexact], "inexact"), ([differs, ok], "differs")]:
        assert prove.Proof(4, 8, halves=halves).to_json()["verdict"] == verdict
    assert prove.Proof(4, 8, unlike_at=1).to_json()["verdict"] == "differs"
