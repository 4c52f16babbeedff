"""A training that is killed and resumed leaves the same bits as one that never stopped.

Every feature is trained once as a whole, and killed and resumed at places of all kinds: before the
first checkpoint, directly after one, in mid-epoch, at an epoch's last step, at its end.
"""

import json
import logging
import os
import random
import signal

import numpy as np
import pytest
import torch
from torch import nn
from torch.optim.lr_scheduler import CosineAnnealingLR, LambdaLR, LinearLR, SequentialLR
from torch.utils.data import DataLoader, Dataset, IterableDataset

from stride.callbacks.base import Callback
from stride.engine.signals import Interrupted
from stride.errors import RunError
from stride.models.model import Model
from stride.trainer.trainer import Trainer

HERE = __name__
BATCH, STEPS, EPOCHS = 4, 9, 3  # 34 samples: the last batch of an epoch has 2
SIZES = {"train": 34, "val": 12, "test": 8}


class Points(Dataset):
    """Points of three numbers in two classes."""

    classes = ("below", "above")

    def __init__(self, split: str):
        drawn = torch.Generator().manual_seed(len(split))
        self.x = torch.randn(SIZES[split], 3, generator=drawn)
        self.y = (self.x.sum(1) > 0).long()

    def __len__(self):
        return len(self.x)

    def __getitem__(self, i):
        return self.x[i], int(self.y[i])


class Noisy(Points):
    """Draws from all three generators for each sample."""

    def __getitem__(self, i):
        x, y = super().__getitem__(i)
        return x + random.random() + float(np.random.rand()) + torch.rand(3), y


class Sick(Points):
    """Has one sample that is no number."""

    def __init__(self, split):
        super().__init__(split)
        if split == "train":
            self.x[7, 1] = float("nan")


class Epochal(Points):
    """Other samples in each epoch."""

    epoch = 0

    def set_epoch(self, epoch):
        self.epoch = epoch

    def __getitem__(self, i):
        return self.x[i] + self.epoch, int(self.y[i])


class Randomly:
    """A user's sampler, which draws from the global generator."""

    def __init__(self, points):
        self.size = len(points)

    def __len__(self):
        return self.size

    def __iter__(self):
        return iter(torch.randperm(self.size).tolist())


def mixing(samples):
    x = torch.stack([x for x, _ in samples])
    return x + torch.rand(()) * x[torch.randperm(len(x))], torch.tensor([y for _, y in samples])


def jitter(x):
    return x + 0.1 * torch.rand(x.shape) + random.gauss(0, 0.1) + float(np.random.randn())


class Endless(IterableDataset):
    """A stream with random draws of its own."""

    def __init__(self, split: str):
        self.split, self.at = split, 0

    def __iter__(self):
        for i in range(SIZES[self.split]):
            yield torch.tensor([i / 9.0, 1.0, 2.0]) + torch.rand(3) + random.random(), i % 2


class Positioned(Endless):
    """A stream that knows where it is."""

    def __iter__(self):
        while self.at < SIZES[self.split]:
            self.at += 1
            yield torch.tensor([self.at / 9.0, 1.0, 2.0]) + torch.rand(3), self.at % 2
        self.at = 0

    def state_dict(self):
        return {"at": self.at}

    def load_state_dict(self, state):
        self.at = state["at"]


class Reader:
    """A user's loader that knows where it is, in mid-epoch too."""

    batch_size = BATCH

    def __init__(self, split="train"):
        self.points, self.at, self.epoch = Points(split), 0, 0

    def __len__(self):
        return -(-len(self.points) // BATCH)

    def __iter__(self):
        if self.at == 0:
            self.epoch += 1
        drawn = torch.Generator().manual_seed(self.epoch)
        order = torch.randperm(len(self.points), generator=drawn)
        while self.at < len(self.points):
            chosen = order[self.at : self.at + BATCH]
            self.at += len(chosen)
            yield self.points.x[chosen], self.points.y[chosen]
        self.at = 0

    def state_dict(self):
        return {"at": self.at, "epoch": self.epoch}

    def load_state_dict(self, state):
        self.at, self.epoch = state["at"], state["epoch"]


class Net(nn.Module):
    """A network whose forward pass can be made to fail once, between two microbatches."""

    fuse = 0

    def __init__(self, in_features: int = 3, dropout: float = 0.0, normed: bool = False):
        super().__init__()
        norm = [nn.BatchNorm1d(5)] if normed else []
        self.layers = nn.Sequential(
            nn.Linear(in_features, 5), *norm, nn.ReLU(), nn.Dropout(dropout), nn.Linear(5, 2)
        )

    def forward(self, x):
        if self.training and Net.fuse:
            Net.fuse -= 1
            if Net.fuse == 0:
                raise InterruptedError("between two microbatches")
        return self.layers(x)


class Counted(nn.Module):
    """A network with a state that is no tensor, and two names for one weight."""

    def __init__(self):
        super().__init__()
        self.calls = 0
        self.one, self.two, self.last = nn.Linear(3, 3), nn.Linear(3, 3), nn.Linear(3, 2)
        self.two.weight = self.one.weight

    def forward(self, x):
        self.calls += self.training
        return self.last(self.two(self.one(x).relu())) * (1 + 0.01 * self.calls)

    def get_extra_state(self):
        return {"calls": self.calls}

    def set_extra_state(self, state):
        self.calls = state["calls"]


class Freely(torch.optim.Optimizer):
    """Without a schedule: trains at one point and evaluates at the mean of all."""

    def __init__(self, params, lr: float = 0.1):
        super().__init__(params, {"lr": lr, "mode": "train", "count": 0})

    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            group["count"] += 1
            for p in group["params"]:
                mean = self.state[p].setdefault("mean", p.clone())
                p.sub_(group["lr"] * p.grad)
                mean.lerp_(p, 1 / group["count"])

    def train(self):
        self._switch("train")

    def eval(self):
        self._switch("eval")

    @torch.no_grad()
    def _switch(self, mode):
        for group in self.param_groups:
            if group["mode"] != mode:
                group["mode"] = mode
                for p in group["params"]:
                    if "mean" in self.state[p]:
                        other = p.clone()
                        p.copy_(self.state[p]["mean"])
                        self.state[p]["mean"] = other


def warm_cosine(optimizer):
    parts = [LinearLR(optimizer, 0.1, total_iters=6), CosineAnnealingLR(optimizer, 21)]
    return SequentialLR(optimizer, parts, milestones=[6])


def warm(optimizer):
    return LambdaLR(optimizer, lambda step: min(1.0, 0.1 * (step + 1)) * 0.9**step)


class Averaged(Callback):
    """A user's callback: a mean of the weights, on which what it logs depends."""

    def __init__(self):
        self.mean, self.count = None, 0

    def after_step(self, trainer, step):
        weights = next(iter(trainer.model.parameters())).detach()
        self.mean = weights.clone() if self.mean is None else self.mean.lerp(weights, 0.1)
        self.count += 1
        trainer.log("mine/mean", self.mean.sum())
        trainer.log("mine/count", self.count)

    def state_dict(self):
        return {"mean": self.mean, "count": self.count}

    def load_state_dict(self, state):
        self.mean, self.count = state["mean"], state["count"]


class Thaw(Callback):
    """Train one more layer from the second epoch on."""

    def before_epoch(self, trainer):
        first = trainer.model.network.layers[0]
        if trainer.state.epoch >= 1 and not first.weight.requires_grad:
            first.requires_grad_(True)
            trainer.optimizer.add_param_group({"params": list(first.parameters()), "lr": 0.01})


def frozen(network):
    network.layers[0].requires_grad_(False)
    return network


class Warmed(Trainer):
    """A user's trainer with hooks, metrics and a state of its own, drawing at random."""

    drawn = 0.0

    def before_train(self):
        torch.rand(3)
        self.log("mine/begun", 1.0)

    def before_epoch(self):
        self.drawn = random.random()

    def after_step(self, step):
        self.log("mine/drawn", self.drawn + float(torch.rand(())) + float(np.random.rand()))

    def after_evaluate(self, metrics):
        metrics["mine/twice"] = 2 * metrics["validation/epoch_loss"]

    def state_dict(self):
        return {"drawn": self.drawn}

    def load_state_dict(self, state):
        self.drawn = state["drawn"]


class Plainly(Model):
    """A user's Model with steps of its own."""

    def training_step(self, batch):
        x, y = batch
        return nn.functional.cross_entropy(self.network(x) + torch.rand(2), y)

    def evaluation_step(self, batch):
        return super().training_step(batch)


BASE = {
    "dataset_kwargs": {"dataset_name": f"{HERE}:Points"},
    "load_data_kwargs": {"batch_size": BATCH},
    "model_kwargs": {"model_name": f"{HERE}:Net"},
    "optimizer_kwargs": {"lr": 0.05},
    "training_config": {"max_epochs": EPOCHS, "log_interval": 4},
    "checkpoint_config": {"every_steps": 5, "every_epochs": 1},
    "logging_config": {"terminal_display": "off"},
}

PLACES = {
    "before the first checkpoint": [("after_step", 3)],
    "directly after a checkpoint": [("before_step", 6)],
    "while one is announced": [("after_checkpoint", 5)],
    "in mid-epoch": [("after_step", 13)],
    "at an epoch's last step": [("after_step", 18)],
    "before an evaluation is recorded": [("after_evaluate", 18)],
    "at an epoch's end": [("after_epoch", 18)],
    "directly after an epoch": [("before_step", 19)],
    "in the last step": [("after_step", 27)],
    "thrice": [("after_step", 7), ("after_step", 8), ("after_step", 22)],
}
"""Where the plain training is killed."""

TWICE = {
    "in mid-epoch and at an epoch's end": [("after_step", 13), ("after_step", 18)],
    "early and after a checkpoint": [("after_step", 3), ("before_step", 6)],
}
"""Where the trainings of all other features are killed."""

FAST, *SLOW = TWICE


def model(name, **arguments):
    return {"model_kwargs": {"model_name": f"{HERE}:{name}", **arguments}}


def optimizer(name, **arguments):
    return {"optimizer_kwargs": {"optimizer_name": name, "lr": 0.05, **arguments}}


def schedule(name, **arguments):
    return {"scheduler_kwargs": {"scheduler_name": name, **arguments}}


def training(**values):
    return {"training_config": values}


def checkpoints(**values):
    return {"checkpoint_config": values}


def data(name, **loading):
    return {"dataset_kwargs": {"dataset_name": f"{HERE}:{name}"}, "load_data_kwargs": loading}


def digits(**values):
    thinned = {"subsample_rate": 34 / 1257, "dataset_name": "digits", **values}
    return {"dataset_kwargs": thinned, "model_kwargs": {"model_name": "MLP", "hidden": [5]}}


def series(name, **arguments):
    sizes = {"num_train": 34, "num_val": 12, "num_test": 8, "length": 12, "anomaly_length": 4}
    model = {"model_name": name, "code": 2, "dropout": 0.2, **arguments}
    return {"dataset_kwargs": {"dataset_name": "sines", **sizes}, "model_kwargs": model}


FEATURES = {
    "augmentation by the dataset": data("Noisy"),
    "augmentation by a transform": {"dataset_kwargs": {"transform": f"{HERE}:jitter"}},
    "workers": data("Noisy", num_workers=2),
    "a dataset that knows the epoch": data("Epochal"),
    "a sampler": {"load_data_kwargs": {"sampler": f"{HERE}:Randomly"}},
    "batches mixed at random": {"load_data_kwargs": {"collate_fn": f"{HERE}:mixing"}},
    "arrays in memory": digits(),
    "arrays and a transform": digits(transform=f"{HERE}:jitter"),
    "normalisation of arrays": digits(normalize="standard"),
    "normalisation of samples": {"dataset_kwargs": {"normalize": "standard"}},
    "an LSTM": series("LSTMAE", hidden=[5, 4]),
    "convolutions and Fourier transforms": series("CNNAE", channels=[4], fft="both", norm="batch"),
    "a transformer": series("TransformerAE", patch=4, width=8, heads=2),
    "a last batch dropped": {"load_data_kwargs": {"drop_last": True}},
    "no shuffling": {"load_data_kwargs": {"shuffle": False}},
    "dropout": model("Net", dropout=0.5),
    "batch norm": model("Net", normed=True),
    "accumulation": training(accumulate=2, max_epochs=6),
    "reduce on plateau": schedule("ReduceLROnPlateau", patience=0, threshold=0.5),
    "one cycle": schedule("OneCycleLR", max_lr=0.1),
    "cosine with warm-up": schedule(f"{HERE}:warm_cosine", interval="step"),
    "a schedule by a function": schedule(f"{HERE}:warm", interval="step"),
    "steps of a schedule": schedule("StepLR", step_size=4, gamma=0.5, interval="step"),
    "epochs of a schedule": schedule("StepLR", step_size=1, gamma=0.5),
    "bf16": training(precision="bf16"),
    "fp16": training(precision="fp16"),
    "clipping": training(clip_grad_norm=0.1),
    "a loss that is not finite": {**data("Sick"), **training(nonfinite="skip")},
    "LBFGS": optimizer("LBFGS", max_iter=3),
    "momentum": optimizer("SGD", momentum=0.9),
    "AdamW fused": optimizer("AdamW", fused=True),
    "AdamW foreach": optimizer("AdamW", foreach=True),
    "AdamW plain": optimizer("AdamW", foreach=False, fused=False),
    "AdamW amsgrad": optimizer("AdamW", amsgrad=True),
    "an optimiser with modes": optimizer(f"{HERE}:Freely"),
    "a user's callback": {"given": {"callbacks": lambda: [Averaged()]}},
    "a user's trainer": {"kind": Warmed},
    "a user's Model": {
        "model": lambda: Plainly(Net(), nn.CrossEntropyLoss()),
        **training(metrics=[]),
    },
    "extra state and tied weights": model("Counted"),
    "a network from Python": {"model": Net},
    "a loader that knows its place": {"given": {"train_loader": Reader}},
    "a stream that knows its place": data("Positioned"),
    "a stream": data("Endless"),
    "metrics.csv": {"logging_config": {"loggers": ["csv"]}},
    "evaluation every second epoch": training(evaluate_every=2),
    "digests of weights": training(digest_every=2),
    "early stopping": training(early_stopping=True, patience=2, min_delta=9.0, max_epochs=9),
    "checkpoints of epochs only": checkpoints(every_steps=None),
    "checkpoints at the end only": checkpoints(every_steps=None, every_epochs=None),
    "checkpoints by the clock": checkpoints(every_minutes=1e-9),
    "checkpoints in the foreground": checkpoints(background=False),
    "a deterministic training": training(deterministic=True),
    "a seed and no validation": {**training(with_validation=False), "seed": 5},
}


@pytest.fixture
def trial(trials, tmp_path):
    Net.fuse = 0
    yield trials(tmp_path, BASE)
    Net.fuse = 0


@pytest.mark.parametrize("place", PLACES)
def test_a_plain_training_resumes_exactly_wherever_it_was_killed(trial, differences, place):
    whole = trial.train({}, name="whole")
    assert whole["rows"][-1]["step"] == STEPS * EPOCHS
    assert differences(whole, trial.train({}, *PLACES[place])) == []


@pytest.mark.parametrize("kills", [FAST, *(pytest.param(n, marks=pytest.mark.slow) for n in SLOW)])
@pytest.mark.parametrize("feature", FEATURES)
def test_every_feature_resumes_exactly(trial, differences, feature, kills):
    whole = trial.train(FEATURES[feature], name="whole")
    assert whole["batches"]
    assert differences(whole, trial.train(FEATURES[feature], *TWICE[kills])) == []


@pytest.mark.parametrize("calls", [3, 16, 28], ids=lambda calls: f"call {calls}")
def test_a_kill_between_two_microbatches_has_the_whole_step_done_again(trial, differences, calls):
    feature = training(accumulate=3)
    whole = trial.train(feature, name="whole")
    Net.fuse = calls
    with pytest.raises(InterruptedError):
        trial.train(feature)
    assert Net.fuse == 0
    trainer = trial.trainer(feature, {}, "killed")
    trainer.fit(resume=0)
    left = trial.left(trainer, {})
    assert differences(whole | {"batches": {}}, left) == []


@pytest.mark.filterwarnings("ignore:This DataLoader will create 4 worker processes")
def test_the_batches_are_the_same_for_any_number_of_workers_and_after_a_resume(trial, differences):
    whole = trial.train(data("Noisy"), name="whole")
    assert sorted(whole["batches"]) == list(range(1, STEPS * EPOCHS + 1))
    for workers in (2, 4):
        feature = data("Noisy", num_workers=workers)
        kills = [("after_step", 13)] if workers == 4 else []
        assert differences(whole, trial.train(feature, *kills, name=f"{workers}")) == []


@pytest.mark.parametrize(("before", "after"), [(0, 2), (2, 0)])
def test_the_number_of_workers_may_change_on_resuming(trial, differences, before, after):
    whole = trial.train(data("Noisy"), name="whole")
    then = {"overrides": {"load_data_kwargs.num_workers": after}}
    kills = [("after_step", 13), ("after_step", 20)]
    killed = trial.train(data("Noisy", num_workers=before), *kills, then=then)
    assert differences(whole, killed) == []


LONGER = {
    "max_steps in mid-epoch": ({"max_steps": 13}, {"max_steps": 23}),
    "max_steps at an epoch's end": ({"max_steps": 9}, {"max_steps": 23}),
    "max_epochs": ({"max_epochs": 1}, {"max_epochs": 3}),
    "max_steps, then epochs": (
        {"max_steps": 13},
        {"overrides": {"training_config.max_steps": None}},
    ),
}


@pytest.mark.parametrize("feature", [{}, {"kind": Warmed}, schedule("StepLR", step_size=1)])
@pytest.mark.parametrize("case", LONGER)
def test_an_ended_run_is_extended_as_if_it_had_been_longer_from_the_start(
    trial, differences, case, feature
):
    short, long = LONGER[case]
    whole = trial.train(feature, name="whole", first=long)
    trial.train(feature, first=short)
    trainer = trial.trainer(feature, seen := {}, "killed")
    trainer.fit(resume=0, **long)
    left = trial.left(trainer, seen)
    batches = {step: whole["batches"][step] for step in seen}
    assert differences({**whole, "batches": batches}, left) == []


@pytest.mark.parametrize("hook", ["after_checkpoint", "after_epoch", "after_evaluate"])
def test_early_stopping_decides_after_a_kill_what_it_would_have_decided(trial, differences, hook):
    feature = {**FEATURES["early stopping"], **checkpoints(background=False)}
    whole = trial.train(feature, name="whole")
    assert whole["rows"][-1]["epoch"] == 3 and "early stopping" in whole["end"][1]
    assert differences(whole, trial.train(feature, (hook, 27))) == []


def test_a_stop_that_was_asked_for_is_not_forgotten(trial, differences):
    class Enough(Callback):
        def after_step(self, trainer, step):
            if trainer.state.step == 10:
                trainer.stop("enough")

    feature = {"given": {"callbacks": lambda: [Enough()]}}
    whole = trial.train(feature, name="whole")
    assert whole["rows"][-1]["step"] == 10
    assert differences(whole, trial.train(feature, ("after_evaluate", 10))) == []


def test_parameters_that_a_callback_adds_while_training_cannot_be_restored_and_it_says_so(trial):
    feature = {"given": {"callbacks": lambda: [Thaw()]}, "model": lambda: frozen(Net())}
    trial.run(feature, {}, "killed", ("after_step", 13))
    with pytest.raises(RunError, match="other groups of parameters"):
        trial.run(feature, {}, "killed", None, resume=0)


@pytest.mark.parametrize("step", [13, 18])
def test_a_signal_leaves_a_checkpoint_from_which_it_resumes_exactly(trial, differences, step):
    class Signal(Callback):
        def after_step(self, trainer, step_):
            if trainer.state.step == step:
                os.kill(os.getpid(), signal.SIGTERM)

    whole = trial.train({}, name="whole")
    trainer = trial.trainer({"given": {"callbacks": lambda: [Signal()]}}, seen := {}, "killed")
    with pytest.raises(Interrupted):
        trainer.fit()
    trainer = trial.trainer({}, seen, "killed")
    trainer.fit(resume=0)
    left = trial.left(trainer, seen)
    assert json.loads(trainer.run.paths.segment(1).read_text())["from_step"] == step
    whole["index"] = left["index"]  # which has one checkpoint more
    assert differences(whole, left) == []
    assert sorted(left["batches"]) == sorted(whole["batches"])


class OwnWay(DataLoader):
    """A loader of which nobody knows how it comes by its batches."""

    def __iter__(self):
        return super().__iter__()


def loader():
    return OwnWay(Points("train"), BATCH, shuffle=True)


BORDERS = {
    "a user's loader": {"given": {"train_loader": loader}},
    "a stream": data("Endless"),
    "a stream with workers": data("Positioned", num_workers=1),
}


@pytest.mark.parametrize("feature", BORDERS)
def test_what_cannot_seek_resumes_at_an_epoch_s_border_and_says_so(
    trial, differences, feature, caplog
):
    caplog.set_level(logging.INFO)
    whole = trial.train(BORDERS[feature], name="whole")
    assert sum(len(whole["batches"][step][0]) for step in range(1, STEPS + 1)) == 34
    killed = trial.train(BORDERS[feature], ("after_step", 16))
    assert differences(whole, killed) == []
    assert "resuming from step 9 (epoch 1)" in caplog.text
    assert "begins only where an epoch does: the steps after 9 are done again" in caplog.text


def test_start_weights_of_another_run_are_not_needed_again(trial, differences, tmp_path):
    trial.train({}, name="first")
    feature = {"model_kwargs": {"init_from": str(tmp_path / "first" / "0")}}
    whole = trial.train(feature, name="whole")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path)
        killed = trial.train(feature, ("after_step", 3), ("after_step", 13))
    assert differences(whole, killed) == []
