"""Each part of the state is needed: a training that is resumed without it, or with another one,
leaves other bits, and the comparison says so.

The names of all parts are pinned: whoever adds one adds it here.
"""

import copy
import random
import shutil
from contextlib import suppress

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import Dataset

from stride.callbacks.base import Callback
from stride.engine.checkpoint.checkpoint import newest_good, snapshot
from stride.engine.state import TrainState
from stride.runs.layout import RunPaths
from stride.runs.streams import StreamPosition
from stride.trainer.starts.restore_point import RestorePoint
from stride.trainer.trainer import Trainer

HERE = __name__
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
        return self.x[i], self.y[i]


class Reader:
    """A user's loader that knows where it is."""

    batch_size = 4

    def __init__(self):
        self.points, self.at = Points("train"), 0

    def __len__(self):
        return 9

    def __iter__(self):
        while self.at < len(self.points):
            chosen = slice(self.at, self.at + 4)
            self.at += 4
            yield self.points.x[chosen], self.points.y[chosen]
        self.at = 0

    def state_dict(self):
        return {"at": self.at}

    def load_state_dict(self, state):
        self.at = state["at"]


class Net(nn.Module):
    """A network that draws at random."""

    def __init__(self, in_features: int = 3):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(3, 5), nn.ReLU(), nn.Dropout(0.3), nn.Linear(5, 2))

    def forward(self, x):
        return self.layers(x)


class Counting(Callback):
    """A user's callback with a state, which asks for the end at a step."""

    def __init__(self, end):
        self.count, self.end = 0, end

    def after_step(self, trainer, step):
        self.count += 1
        trainer.log("mine/count", self.count)
        if trainer.state.step == self.end:
            trainer.stop("enough")

    def state_dict(self):
        return {"count": self.count}

    def load_state_dict(self, state):
        self.count = state["count"]


class First(Callback):
    """Decide that the first epoch is the best: the losses differ by little more than rounding."""

    def after_evaluate(self, trainer, metrics):
        metrics["mine/worth"] = -float(trainer.state.epoch)


class Drawing(Trainer):
    """A user's trainer with a state, which draws from Python's and NumPy's generators."""

    total = 0.0

    def after_step(self, step):
        self.total += random.random() + float(np.random.rand())

    def after_epoch(self, metrics):
        self.log("mine/total", self.total)

    def state_dict(self):
        return {"total": self.total}

    def load_state_dict(self, state):
        self.total = state["total"]


BASE = {
    "dataset_kwargs": {"dataset_name": f"{HERE}:Points"},
    "load_data_kwargs": {"batch_size": 4},
    "model_kwargs": {"model_name": f"{HERE}:Net"},
    "optimizer_kwargs": {"lr": 0.05},
    "scheduler_kwargs": {"scheduler_name": "StepLR", "step_size": 3, "interval": "step"},
    # The first evaluation is the best one, and none is an improvement after it: the run ends with
    # its third epoch. The only report is in step 19; the kill is in 24, after the checkpoint of 20.
    "training_config": {
        "max_epochs": 4,
        "log_interval": 19,
        "precision": "fp16",
        "callbacks": [f"{HERE}:First"],
        "saving_metric": "mine/worth",
        "saving_mode": "max",
        "early_stopping": True,
        "stopping_metric": "validation/epoch_loss",
        "mode": "min",
        "min_delta": 9.0,
        "patience": 2,
    },
    "checkpoint_config": {"every_steps": 5, "background": False},
    "logging_config": {"terminal_display": "off"},
}
KILLS = {"last step": ("after_evaluate", 27), "stopped": ("after_evaluate", 25)}
KILL = ("after_step", 24)

FEATURES = {
    "all": {"kind": Drawing, "given": {"callbacks": lambda: [Counting(0)]}},
    "stopped": {"given": {"callbacks": lambda: [Counting(25)]}},
    "loader": {"given": {"train_loader": Reader, "val_loader": lambda: [Points("val")[:]]}},
    "last step": {"checkpoint_config": {"every_steps": 9}},
}

PARTS = {
    "all": [
        "counters/step",
        "counters/epoch",
        "counters/position",
        "model/layers.0.weight",
        "model/layers.0.bias",
        "model/layers.3.weight",
        "model/layers.3.bias",
        "modules/frozen",
        "modules/evaluating",
        "optimizer/state/*/step",
        "optimizer/state/*/exp_avg",
        "optimizer/state/*/exp_avg_sq",
        "optimizer/param_groups",
        "schedule/last_epoch",
        "precision/scale",
        "precision/_growth_tracker",
        "tally/sums/epoch_loss",
        "tally/sums/epoch_size",
        "tally/sums/report_loss",
        "tally/sums/report_size",
        "tally/steps",
        "tally/accuracy",
        "callback-Counting/count",
        "callback-BestWeights/best/value",
        "callback-BestWeights/best/step",
        "callback-BestWeights/best/epoch",
        "callback-BestWeights/best/metrics",
        "callback-BestWeights/weights",
        "callback-EarlyStopping/best/value",
        "callback-EarlyStopping/best/step",
        "callback-EarlyStopping/best/epoch",
        "callback-EarlyStopping/best/metrics",
        "callback-EarlyStopping/waited",
        "metrics",
        "clock/samples",
        "trainer/total",
        "random/python",
        "random/numpy",
        "random/torch",
    ],
    "stopped": ["stop/reason", "stop/status"],
    "loader": ["batches/at"],
    "last step": ["tally/rated"],
}
"""Every value that is altered, by the training in which it matters."""

NOT_ALTERED = {
    "tally/bad": "always None: a state with a loss that is not finite is not saved",
    "clock/wall_seconds": "a time",
    "clock/train_seconds": "a time",
    "noticed/callback-Counting.count": "a digest: it is compared, and restores nothing",
    "noticed/callback-Witness._seen": "likewise",
    "noticed/schedule.last_epoch": "likewise",
    "noticed/trainer.total": "a digest: it is compared, and restores nothing",
    "random/cuda": "empty without an accelerator",
    "callback-Checkpoints/value": "overwritten, but where nothing is left to train: see below",
    **dict.fromkeys(
        [
            "latest/lr",
            "latest/mine/count",
            "latest/mine/total",
            "latest/mine/worth",
            "latest/train/epoch_accuracy",
            "latest/train/epoch_loss",
            "latest/train/loss",
            "latest/validation/epoch_accuracy",
            "latest/validation/epoch_loss",
        ],
        "overwritten by the rows that follow",
    ),
    **dict.fromkeys(
        [
            "schedule/step_size",
            "schedule/gamma",
            "schedule/base_lrs",
            "schedule/_step_count",
            "schedule/_is_initial",
            "schedule/_get_lr_called_within_step",
            "schedule/_last_lr",
            "precision/growth_factor",
            "precision/backoff_factor",
            "precision/growth_interval",
        ],
        "torch's own, with the part that holds it",
    ),
}
"""Values that no comparison could find, and why."""

LEAVES = ("param_groups", "metrics", "weights", "accuracy", "python", "numpy", "torch", "cuda")


def leaves(state, name=""):
    """Return the names of the values of a state; the optimiser's parameters count as one."""
    if not isinstance(state, dict) or name.rpartition("/")[2] in LEAVES:
        return {name}
    found = set()
    for key, value in state.items():
        key = "*" if isinstance(key, int) else key
        found |= leaves(value, f"{name}/{key}" if name else key)
    return found


def altered(value):
    """Return another value of the same kind."""
    if isinstance(value, torch.Tensor):
        return value + 1
    if isinstance(value, bool):
        return not value
    if isinstance(value, str):
        return "" if value else "other"
    if isinstance(value, list):
        return [{**group, "lr": 2 * group["lr"]} for group in value]
    return {} if isinstance(value, dict) else value + 1


ALTERED = {
    "counters/position": lambda position: position - 4,
    "modules/frozen": lambda names: ["layers.0.weight"],
    "modules/evaluating": lambda names: ["layers.2"],
    "optimizer/state/*/exp_avg_sq": lambda moments: 2 * moments,
    "callback-EarlyStopping/best/value": lambda value: None,
    "callback-EarlyStopping/waited": lambda waited: 0,
    "random/python": lambda state: random.Random(99).getstate(),
    "random/numpy": lambda state: [
        state[0],
        torch.from_numpy(state[1].numpy()[::-1].copy()),
        *state[2:],
    ],
    "stop/status": lambda status: "done",
    "random/torch": lambda state: torch.Generator().manual_seed(99).get_state(),
}


def alter(state, path, change):
    """Alter the values at a path in place; `*` is every key."""
    first, _, rest = path.partition("/")
    for key in list(state) if first == "*" else [first]:
        if rest:
            alter(state[key], rest, change)
        else:
            state[key] = change(state[key])


@pytest.fixture(scope="module")
def killed(trials, tmp_path_factory, differences):
    """Return a function that gives trials in which a feature was killed, and what it has to leave.

    Without a mutation it leaves what a training leaves that never stopped.
    """
    made = {}

    def make(name):
        if name not in made:
            trial = trials(tmp_path_factory.mktemp(name), BASE)
            whole = trial.train(FEATURES[name], name="whole")
            trial.run(FEATURES[name], {}, "killed", KILLS.get(name, KILL))
            left = resumed(trial, name, "control")
            assert differences({**whole, "batches": {}}, {**left, "batches": {}}) == []
            made[name] = trial, left
        return made[name]

    return make


def resumed(trial, name, copied):
    """Resume a copy of the killed training; return what it leaves."""
    shutil.copytree(trial.folder / "killed", trial.folder / copied)
    seen = {}
    trainer = trial.run(FEATURES[name], seen, copied, None, resume=0)
    return trial.left(trainer, seen)


def resumed_with(monkeypatch, trial, name, mutation, copied):
    """Resume while every state that is restored goes through a mutation first."""
    load = TrainState.load_state_dict

    def mutated(self, state):
        state = copy.deepcopy(dict(state))
        with suppress(KeyError):  # a few parts are restored before all others, and again
            mutation(state)
        load(self, state)

    monkeypatch.setattr(TrainState, "load_state_dict", mutated)
    return resumed(trial, name, copied)


CASES = [(name, path) for name, paths in PARTS.items() for path in paths]


@pytest.mark.parametrize(("name", "path"), CASES, ids=[path for _, path in CASES])
def test_an_altered_value_is_found(killed, differences, monkeypatch, name, path):
    trial, left = killed(name)
    change = ALTERED.get(path, altered)
    copied = path.replace("/", "-").replace("*", "all")
    other = resumed_with(monkeypatch, trial, name, lambda state: alter(state, path, change), copied)
    assert differences(left, other)


WHOLE_PARTS = sorted(
    {(name, path.partition("/")[0]) for name, path in CASES}
    - {("all", "counters"), ("all", "modules")}  # nothing is frozen here, as in a new model
)


@pytest.mark.parametrize(("name", "part"), WHOLE_PARTS, ids=[part for _, part in WHOLE_PARTS])
def test_a_part_that_is_left_out_is_found(killed, differences, monkeypatch, name, part):
    trial, left = killed(name)
    other = resumed_with(monkeypatch, trial, name, lambda state: state.pop(part), f"without-{part}")
    assert differences(left, other)


@pytest.mark.parametrize("sizes", [{}, {"metrics.jsonl": 10**6, "fingerprints.jsonl": 10**6}])
def test_another_position_of_the_streams_is_found(killed, differences, monkeypatch, sizes):
    trial, left = killed("all")
    position = StreamPosition(20, sizes)
    monkeypatch.setattr(RestorePoint, "position", lambda self: position)
    try:
        other = resumed(trial, "all", f"streams-{len(sizes)}")
    except AssertionError as error:
        other = {**left, "rows": str(error)}
    assert differences(left, other)


def test_the_names_of_all_parts_are_pinned(killed):
    found = set()
    for name in FEATURES:
        trial, _ = killed(name)
        saved = newest_good(RunPaths(trial.folder / "killed" / "0"))
        assert saved is not None
        found |= leaves(saved.state)
    assert sorted(found) == sorted({path for _, path in CASES} | {*NOT_ALTERED})


def test_every_part_of_the_state_is_in_a_checkpoint():
    state = TrainState(random=TrainState())
    assert set(snapshot(state).skeletons) == {"counters", "random"}
