"""A resumed run equals one that was never stopped, or names what it lacks: state of every kind."""

import copy
import json
from functools import partial

import pytest
import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel
from torch.utils.data import DataLoader, Dataset, TensorDataset

from stride import Callback, Step, Trainer
from stride.engine.checkpoint.checkpoint import read_state
from stride.errors import ConfigError
from stride.runs.run import Run
from stride.trainer.fit.kind import Supervised
from tests.trainer.killing import Killed, Killer

OFTEN = {"every_steps": 3, "background": False}
CHANGED = "changed while training and is not restored"
MADE = "was made while training and is not restored"


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Flatten(), nn.Linear(64, 8), nn.Tanh())
        self.head = nn.Linear(8, 10)

    def forward(self, x):
        return self.head(self.body(x))


def last_state(run):
    return read_state(run.checkpoints()[-1])


def resumed(make, tmp_path, network=Net, callbacks=list, kill=5, **arguments):
    """Train whole, and killed and resumed; return whether both end alike, and what was told."""

    def trainer(name, *more):
        torch.manual_seed(0)
        given = {k: v() if callable(v) else v for k, v in arguments.items() if k != "kind"}
        given |= {"kind": arguments["kind"]} if "kind" in arguments else {}
        made = make(
            work_dir=tmp_path / name,
            checkpoint_config=OFTEN,
            callbacks=[*callbacks(), *more],
            **given,
        )
        made.set_model(network())
        return made

    trainer("whole").fit()
    with pytest.raises(Killed):
        trainer("half", Killer(kill)).fit()
    trainer("half").fit(resume=0)
    whole, half = (Run(tmp_path / name / "0") for name in ("whole", "half"))
    one, other = last_state(whole), last_state(half)
    same = all(
        torch.equal(one["model"][name], other["model"][name]) for name in one["model"]
    ) and str(one["optimizer"]) == str(other["optimizer"])
    record = json.loads(half.paths.segment(1).read_text())
    assert record["from_step"] > 0
    return same, record["fidelity"]["inexact"]


class Images(nn.Sequential):
    def __init__(self):
        super().__init__(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Conv2d(4, 4, 3), nn.Flatten())
        self.append(nn.Linear(64, 10))
        self.to(memory_format=torch.channels_last)


class Odd(Net):
    """Parameters that lie transposed, permuted, and as views of one memory."""

    def __init__(self):
        super().__init__()
        memory = torch.randn(160) / 4
        self.t = nn.Parameter(torch.randn(10, 8).T / 4)
        self.p = nn.Parameter(torch.randn(2, 10, 8).permute(1, 2, 0) / 4)
        self.one = nn.Parameter(memory[:80].view(8, 10))
        self.two = nn.Parameter(memory[80:].view(10, 8).T)

    def forward(self, x):
        h = self.body(x)
        permuted = (h[:, None, :, None] * self.p).sum((2, 3))
        return h @ self.t + permuted + h @ self.one + h @ self.two


class Sliced(Net):
    def __init__(self):
        super().__init__()
        self.w = nn.Parameter(torch.randn(8, 20)[:, ::2])

    def forward(self, x):
        return self.body(x) @ self.w


class Unfreeze(Callback):
    """Freeze before the training and open in the middle of the first epoch, for a while."""

    def before_train(self, trainer):
        trainer.model.network.body.requires_grad_(False)

    def after_step(self, trainer, step):
        if trainer.state.step in (2, 6):
            trainer.model.network.body.requires_grad_(trainer.state.step == 2)


class Modes(Net):
    """Dropout that a hook switches off, a buffer that torch does not save, a generator."""

    def __init__(self):
        super().__init__()
        self.drop = nn.Dropout(0.5)
        self.noise = torch.Generator().manual_seed(3)
        self.register_buffer("calls", torch.zeros(()), persistent=False)

    def forward(self, x):
        if self.training:
            self.calls += 1
            x = x + torch.rand(x.shape, generator=self.noise)
        return self.head(self.drop(self.body(x))) * (1 + self.calls / 10)


class SwitchOff(Callback):
    def after_step(self, trainer, step):
        if trainer.state.step == 2:
            trainer.model.network.drop.eval()


class TwoOptimizers(Net):
    """A part of the network has an optimiser of its own."""

    late = False

    def __init__(self):
        super().__init__()
        self.side = nn.Linear(64, 10)
        self.second = None if self.late else torch.optim.Adam(self.side.parameters(), lr=0.1)

    def training_step(self, batch):
        inputs, targets = batch
        if self.training:
            self.second = self.second or torch.optim.Adam(self.side.parameters(), lr=0.1)
            self.second.zero_grad()
            nn.functional.cross_entropy(self.side(inputs.flatten(1)), targets).backward()
            self.second.step()
        return Step(nn.functional.cross_entropy(self(inputs), targets), len(inputs))


class Late(TwoOptimizers):
    late = True


class Averaged(Callback):
    """Build the average before the training; pull the weights to it after each step."""

    loads = 0

    def before_train(self, trainer):
        self.average = AveragedModel(trainer.model.network)

    def after_step(self, trainer, step):
        self.average.update_parameters(trainer.model.network)
        with torch.no_grad():
            for mine, mean in zip(
                trainer.model.network.parameters(), self.average.module.parameters(), strict=True
            ):
                mine.lerp_(mean, 0.1)


class AveragedWithState(Averaged):
    def state_dict(self):
        return self.average.state_dict()

    def load_state_dict(self, state):
        type(self).loads += 1
        self.average.load_state_dict({name: state.pop(name) for name in [*state]})


class Redrawing(Callback):
    """Draws when its state is put back."""

    def state_dict(self):
        return {}

    def load_state_dict(self, state):
        torch.rand(3)


EXACT = {
    "channels_last": (Images, list),
    "odd layouts": (Odd, list),
    "slices": (Sliced, list),
    "requires_grad": (Net, lambda: [Unfreeze()]),
    "modes, buffers, generators": (Modes, lambda: [SwitchOff()]),
    "an average without a state": (Net, lambda: [Averaged()]),
    "an average with a state": (Net, lambda: [AveragedWithState()]),
    "a second optimiser": (TwoOptimizers, list),
    "redrawing": (Modes, lambda: [Redrawing()]),
}


@pytest.mark.parametrize("name", EXACT)
def test_a_resumed_run_equals_one_that_was_never_stopped(make, tmp_path, name):
    AveragedWithState.loads = 0
    network, callbacks = EXACT[name]
    quiet = {"training_config": {"metrics": []}}
    assert resumed(make, tmp_path, network, callbacks, **quiet) == (True, {})
    assert AveragedWithState.loads == (name == "an average with a state")


def test_a_schedule_that_takes_its_state_apart_is_resumed(make, tmp_path):
    schedule = {"scheduler_name": "CyclicLR", "base_lr": 1e-3, "max_lr": 1e-2}
    schedule |= {"cycle_momentum": False, "step_size_up": 3}
    assert resumed(make, tmp_path, scheduler_kwargs=schedule) == (True, {})


class Counting(Net):
    def __init__(self):
        super().__init__()
        self.counter, self.beta, self.width = 0, 1.0, 8

    def forward(self, x):
        if self.training:
            self.counter += 1
            self.beta *= 0.9
        return super().forward(x) * (1 + self.beta)


class Counter(Callback):
    """Count in one attribute that it saves, and in one that it does not."""

    def __init__(self):
        self.saved = self.forgotten = 0
        self.every = 3

    def before_train(self, trainer):
        self.made = [1, 2]

    def after_step(self, trainer, step):
        self.saved += 1
        self.forgotten += 1

    def state_dict(self):
        return {"saved": self.saved}

    def load_state_dict(self, state):
        self.saved = state.pop("saved")


class CountingTrainer(Trainer):
    def before_train(self):
        self.steps, self.first = 0, True

    def after_step(self, step):
        self.steps += 1


class CountingKind(Supervised):
    def set_up(self, session):
        self.evaluations = 0

    def evaluate(self, assembly, split, metrics=None):
        self.evaluations += 1
        return super().evaluate(assembly, split, metrics)


class OfCountingKind(Trainer):
    kind = CountingKind


class CountingData(Dataset):
    def __init__(self):
        self.reads = 0

    def __len__(self):
        return 64

    def __getitem__(self, index):
        self.reads += 1
        return torch.full((64,), index / 64), index % 10


class Samples:
    """Batches for evaluation that go on from where they are."""

    def __init__(self):
        self.at = 0

    def __iter__(self):
        for _ in range(2):
            self.at += 1
            yield torch.full((4, 64), self.at / 9), torch.arange(4)


class StatefulSamples(Samples):
    def state_dict(self):
        return {"at": self.at}

    def load_state_dict(self, state):
        self.at = state.pop("at")


class Meddling(Callback):
    """Hang a hook on the network, and write into the samples, in the middle of the training."""

    def after_step(self, trainer, step):
        if trainer.state.step == 2:
            trainer.model.network.head.register_forward_hook(lambda module, inputs, output: None)
            trainer.data.train_loader.tensors[1][0] += 1


class Lazy(Net):
    """Take numbers from a generator of Python, and count in a closure and in a partial."""

    def __init__(self):
        super().__init__()
        calls = 0

        def count(by, seen):
            nonlocal calls
            calls += by
            seen.append(calls)

        self.count = partial(count, 1, seen=[])
        self.scales = (1 + n for n in range(99))
        self.never = (n for n in range(9))

    def forward(self, x):
        if self.training:
            self.count()
            x = x / next(self.scales)
        return super().forward(x)


NAMED = {
    "hooks and samples": (
        {"callbacks": lambda: [Meddling()]},
        {"network.head.forward_hooks": MADE, "dataset": CHANGED},
    ),
    "generators, closures, partials": (
        {"network": Lazy},
        {
            "network.count.calls": CHANGED,
            "network.count.keywords": CHANGED,
            "network.scales": CHANGED,
        },
    ),
    "network": (
        {"network": Counting},
        {"network.counter": CHANGED, "network.beta": CHANGED},
    ),
    "callback": ({"callbacks": lambda: [Counter()]}, {"callback-Counter.forgotten": CHANGED}),
    "trainer": ({"kind": CountingTrainer}, {"trainer.steps": CHANGED}),
    "kind of training": (
        {"kind": OfCountingKind, "trainer": f"{__name__}:OfCountingKind", "kill": 7},
        {"kind.evaluations": CHANGED},
    ),
    "an optimiser made in a step": (
        {"network": Late, "training_config": {"metrics": []}},
        {"network.second": MADE},
    ),
    "dataset": (
        {
            "dataset_kwargs": {"dataset_name": CountingData, "subsample_rate": 1},
            "load_data_kwargs": {"batch_size": 8},
        },
        {"dataset.reads": CHANGED},
    ),
    "validation": (
        {"val_loader": Samples, "train_loader": lambda: plain_loader(), "kill": 7},
        {"dataset of validation.at": CHANGED},
    ),
    "validation with a state": (
        {"val_loader": StatefulSamples, "train_loader": lambda: plain_loader(), "kill": 7},
        {},
    ),
}


def plain_loader():
    points = torch.linspace(0, 1, 1280).reshape(20, 64)
    return DataLoader(TensorDataset(points, torch.arange(20) % 10), batch_size=5)


@pytest.mark.parametrize("name", NAMED)
def test_what_training_changed_and_nothing_restores_is_named_and_nothing_else(make, tmp_path, name):
    arguments, named = NAMED[name]
    assert resumed(make, tmp_path, **arguments)[1] == named


class Expanded(Net):
    def __init__(self):
        super().__init__()
        self.register_buffer("mask", torch.ones(1).expand(10))


class Wide(Net):
    def __init__(self):
        super().__init__()
        self.w = nn.Parameter(torch.zeros(10, dtype=torch.complex128))

    def forward(self, x):
        return super().forward(x) + self.w.real.float()


@pytest.mark.parametrize(("network", "words"), [(Expanded, "mask"), (Wide, "complex128")])
def test_what_no_checkpoint_can_hold_is_refused_before_there_is_a_run(
    make, tmp_path, network, words
):
    trainer = make()
    trainer.set_model(network())
    with pytest.raises(ConfigError, match=words):
        trainer.fit()
    assert not (tmp_path / "w").exists()


class Refusing(Counter):
    def load_state_dict(self, state):
        raise ValueError("not mine")


def test_a_run_that_was_done_stays_so_where_its_state_cannot_be_put_back(make):
    (trainer := make(callbacks=[Counter()])).fit()
    run = Run(trainer.run.paths.path)
    kept = {name: getattr(run.paths, name).read_bytes() for name in ("results", "weights")}
    metrics = copy.deepcopy(run.status["metrics"])
    Refusing.__name__ = "Counter"  # by which its state is found
    with pytest.raises(ValueError, match="not mine"):
        make(callbacks=[Refusing()]).fit(resume=0, max_epochs=3)
    again = Run(run.path)
    assert again.state == "done" and again.status["metrics"] == metrics
    assert {name: getattr(run.paths, name).read_bytes() for name in kept} == kept
    with pytest.raises(Killed):
        make(callbacks=[Counter(), Killer(9)]).fit(resume=0, max_epochs=3)
    assert Run(run.path).state == "failed"  # in training, which its state was put back for
    make(callbacks=[Counter()]).fit(resume=0, max_epochs=3)
    assert Run(run.path).results["last"]["epoch"] == 3
