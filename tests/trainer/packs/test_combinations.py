"""Trainings drawn at random from the options of a config leave the same, packed and alone."""

import random

import numpy as np
import pytest
import torch

from stride import Callback
from tests.trainer.packs.packed_and_alone import differences

OPTIONS = {
    "dataset_kwargs": {"normalize": ["standard"], "val_fraction": [0.3]},
    "load_data_kwargs": {
        "batch_size": [9, 16, 40],
        "shuffle": [False],
        "train_loader_kwargs": [{"drop_last": True}],
    },
    "model_kwargs": {
        "hidden": [[], [17], [8, 16]],
        "norm": ["batch", "layer", "none"],
        "activation": ["Tanh", "GELU", "ELU"],
        "dropout": [0.1, 0.5],
    },
    "optimizer_kwargs": {"groups": [[{"match": "*.bias", "weight_decay": 0.0}]], "eps": [1e-6]},
    "scheduler_kwargs": {
        "": [
            {"scheduler_name": "CosineAnnealingLR"},
            {"scheduler_name": "OneCycleLR", "max_lr": 0.02},
            {"scheduler_name": "ReduceLROnPlateau", "patience": 0},
            {"scheduler_name": "WarmupCosine", "warmup_steps": 3},
            {"scheduler_name": "StepLR", "step_size": 2, "interval": "step"},
        ]
    },
    "training_config": {
        "clip_grad_norm": [0.1, 1.0],
        "log_grad_norm": [True],
        "digest_every": [1, 3],
        "evaluate_every": [2],
        "evaluate_batches": [1],
        "limit_train_batches": [3],
        "": [
            {"early_stopping": True, "patience": 1},
            {"with_validation": False},
            {"evaluate_every_steps": 3, "log_interval": 50},
        ],
        "deterministic": [True],
        "predict_final_loss": [True],
    },
    "average_config": {
        "": [{"kind": "ema", "decay": 0.9}, {"kind": "swa", "every_steps": 2, "start_step": 3}]
    },
    "checkpoint_config": {
        "every_steps": [1, 4],
        "keep_last": [100],
        "keep_best": [0],
        "background": [False],
    },
}
"""What all members have, each key with a chance of one in four."""

OWN = {
    "model_kwargs": {"dropout": [0.0, 0.3, 0.7]},
    "optimizer_kwargs": {
        "lr": [1e-2, 1e-3, 1e4],
        "weight_decay": [0.0, 0.1],
        "betas": [[0.8, 0.9], [0.5, 0.99]],
    },
    "training_config": {"max_epochs": [1, 2], "max_steps": [5], "clip_grad_norm": [0.5]},
}
"""In what a member may differ."""


class Drawing(Callback):
    """Draw from all generators in all hooks but those of steps, and move the weights by it."""

    def _draw(self, trainer):
        drawn = random.random() + np.random.rand() + float(torch.rand(()))
        with torch.no_grad():
            for parameter in trainer.model.parameters():
                parameter.mul_(1 + 1e-3 * drawn)

    def before_train(self, trainer):
        self._draw(trainer)

    def before_epoch(self, trainer):
        self._draw(trainer)

    def before_evaluate(self, trainer, split):
        self._draw(trainer)

    def after_epoch(self, trainer, metrics):
        self._draw(trainer)


def members_of(number):
    """Return the members that a number stands for."""
    rng = random.Random(number)
    shared = _drawn(rng, OPTIONS, 0.25)
    callbacks = [Drawing] if rng.random() < 0.5 else []
    return [_member(rng, shared, seed, callbacks) for seed in range(rng.choice([2, 3]))]


def _member(rng, shared, seed, callbacks):
    own = _drawn(rng, OWN, 0.4)
    sections = {name: shared.get(name, {}) | own.get(name, {}) for name in shared | own}
    return {**sections, "seed": seed, "callbacks": callbacks}


def _drawn(rng, sections, chance):
    drawn = {}
    for name, keys in sections.items():
        taken = {key: rng.choice(some) for key, some in keys.items() if rng.random() < chance}
        drawn[name] = taken.pop("", {}) | taken
    return {name: values for name, values in drawn.items() if values}


def found_in(folder, number):
    found, runs = differences(folder, members_of(number))
    assert not found, (number, found)
    return [run.segments[0].get("pack", {}).get("width", 1) for run in runs]


def test_drawn_trainings_leave_the_same_packed_and_alone(tmp_path):
    widths = [found_in(tmp_path / str(number), number) for number in range(5)]
    assert all(max(some) > 1 for some in widths)  # else nothing was compared


@pytest.mark.slow
def test_many_drawn_trainings_leave_the_same_packed_and_alone(tmp_path):
    widths = [found_in(tmp_path / str(number), number) for number in range(5, 80)]
    assert sum(max(some, default=1) > 1 for some in widths) > 50
