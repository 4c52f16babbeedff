"""Averages of the weights in a whole training, beside torch's own."""

import pytest
import torch
from safetensors.torch import load_file
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn, get_swa_multi_avg_fn

from stride.callbacks.base import Callback
from stride.engine.checkpoint.checkpoint import read_state
from stride.errors import ConfigError
from stride.runs.run import Run
from tests.integration.same_runs import problems_of
from tests.trainer.killing import Killed, Killer

EMA = {"kind": "ema", "decay": 0.8}
COMMON = {
    "checkpoint_config": {"every_steps": 3, "background": False},
    "dataset_kwargs": {"normalize": "standard"},
    "logging_config": {"loggers": ["csv"]},
}


def network():
    torch.manual_seed(0)
    layers = nn.Linear(64, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 10)
    return nn.Sequential(nn.Flatten(), *layers)


@pytest.fixture
def averaging(make):
    """Return a function that makes a trainer of a network with statistics, with an average."""

    def make_averaging(average, **arguments):
        trainer = make(average_config=average, **{**COMMON, **arguments})
        trainer.set_model(network())
        return trainer

    return make_averaging


class Torchs(Callback):
    """Average as torch does, beside."""

    def __init__(self, function, buffers, start=0, every=1):
        self.function, self.buffers = function, buffers
        self.start, self.every = start, every

    def before_train(self, trainer):
        module = trainer.model.network
        self.model = AveragedModel(module, multi_avg_fn=self.function, use_buffers=self.buffers)

    def after_step(self, trainer, step):
        done = trainer.state.step - self.start
        if done > 0 and done % self.every == 0:
            self.model.update_parameters(trainer.model.network)


def last_state(trainer):
    return read_state(Run(trainer.run.paths.path).checkpoints()[-1])


def epochs_of(trainer, name):
    return [row[name] for row in Run(trainer.run.paths.path).metrics() if name in row]


@pytest.mark.parametrize(
    ("average", "torchs"),
    [
        (EMA, Torchs(get_ema_multi_avg_fn(0.8), True)),
        # torch 2.13 cannot divide the count of batches by a number: parameters alone
        (
            {"kind": "swa", "start_step": 2, "every_steps": 3},
            Torchs(get_swa_multi_avg_fn(), False, 2, 3),
        ),
    ],
    ids=["ema", "swa"],
)
def test_the_average_is_that_of_torch(averaging, average, torchs):
    (trainer := averaging(average, callbacks=[torchs])).fit()
    state = last_state(trainer)
    theirs = torchs.model.module.state_dict()
    ours = state["callback-WeightAverage"]
    assert ours["count"] == int(torchs.model.n_averaged)
    for name, tensor in ours["weights"].items():
        if torchs.buffers or "running" not in name:
            torch.testing.assert_close(tensor, theirs[name], rtol=1e-6, atol=1e-8)
    assert set(theirs) - set(ours["weights"]) == {"2.num_batches_tracked"}
    assert not torch.equal(ours["weights"]["1.weight"], state["model"]["1.weight"])


def test_what_is_evaluated_kept_and_tested_is_the_average_or_the_model(averaging, tmp_path):
    folders = {name: tmp_path / name for name in ("plain", "model", "average")}
    configs = {"plain": {}, "model": {**EMA, "evaluate": "model"}, "average": EMA}
    made = {name: averaging(one, work_dir=folders[name]) for name, one in configs.items()}
    for trainer in made.values():
        trainer.fit()
    losses = {n: epochs_of(t, "train/epoch_loss") for n, t in made.items()}
    assert losses["plain"] == losses["model"] == losses["average"]
    values = {n: t.results["test"]["test/loss"] for n, t in made.items()}
    assert values["plain"] == values["model"] != values["average"]
    best = last_state(made["average"])["callback-BestWeights"]["weights"]
    kept = load_file(made["average"].run.paths.weights)
    held = made["average"].model.network.state_dict()
    average = last_state(made["average"])["callback-WeightAverage"]["weights"]
    for name, tensor in average.items():
        assert all(torch.equal(tensor, one[name]) for one in (best, kept, held))


def test_without_best_weights_the_average_is_the_runs_weights(averaging):
    (trainer := averaging(EMA, checkpoint_config={"keep_best": 0, "background": False})).fit()
    average = last_state(trainer)["callback-WeightAverage"]["weights"]
    kept = load_file(trainer.run.paths.weights)
    assert all(torch.equal(tensor, kept[name]) for name, tensor in average.items())


def test_it_is_resumed_and_reproduced_to_the_bit(averaging, tmp_path):
    (whole := averaging(EMA)).fit()
    killed = averaging(EMA, callbacks=[Killer(5)], work_dir=tmp_path / "killed")
    with pytest.raises(Killed):
        killed.fit()
    averaging(EMA, work_dir=tmp_path / "killed").fit(resume=0)
    assert problems_of(killed.run.paths.path, whole.run.paths.path) == []
    assert averaging(EMA).reproduce(0).identical


@pytest.mark.parametrize(
    ("average", "words"),
    [
        ({"decay": 0.9}, "average_config.decay is set, and there is no average"),
        ({"kind": "swa", "decay": 0.9}, "average_config.decay is set: a mean has no decay"),
        ({"kind": "ema", "decay": 1.0}, "average_config.decay must be less than 1"),
        ({"kind": "eam"}, "average_config.kind must be 'ema' or 'swa'.*did you mean 'ema'"),
        ({"kind": "ema", "deca": 0.9}, "unknown key average_config.deca.*'decay'"),
    ],
)
def test_wrong_keys_leave_no_folder(make, tmp_path, average, words):
    with pytest.raises(ConfigError, match=words):
        make(average_config=average).fit()
    assert not (tmp_path / "w").exists()


def test_divided_weights_are_refused(averaging):
    with pytest.raises(ConfigError, match=r"\(fsdp\) cannot be averaged"):
        averaging(EMA, distributed_config={"strategy": "fsdp"}).fit()
