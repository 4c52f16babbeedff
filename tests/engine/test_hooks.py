"""Hooks: which are called, and what around an evaluation."""

import pytest
import torch

from stride.callbacks.base import Callback
from stride.engine.hooks import Hooks


class Trainer:
    """Has no hooks of its own."""


class Old(Callback):
    """Is written for the validation split alone."""

    def __init__(self):
        self.seen = []

    def after_evaluate(self, trainer, metrics, log=None):
        self.seen.append(dict(metrics))


class New(Callback):
    """Takes the split."""

    def __init__(self):
        self.seen = []

    def before_evaluate(self, trainer, split):
        self.seen.append(split)

    def after_evaluate(self, trainer, metrics, split="validation"):
        self.seen.append((split, dict(metrics)))
        metrics[f"{split}/more"] = torch.tensor(2.0)


def test_a_hook_without_a_split_is_for_validation_alone():
    old, new = Old(), New()
    hooks = Hooks(Trainer(), [new, old], Callback)
    for split in ("test", "validation"):
        values = hooks.around_evaluation(split, lambda name: {f"{name}/loss": 1}, {"lr": 0.1})
        assert values == {"lr": 0.1, f"{split}/loss": 1.0, f"{split}/more": 2.0}
        assert all(type(value) is float for value in values.values())
    assert [seen if isinstance(seen, str) else seen[0] for seen in new.seen] == [
        *("test", "test", "validation", "validation")
    ]
    assert [list(seen) for seen in old.seen] == [["lr", "validation/loss", "validation/more"]]


def test_what_is_no_number_is_refused():
    class Wrong(Callback):
        def after_evaluate(self, trainer, metrics):
            metrics["validation/text"] = "good"

    hooks = Hooks(Trainer(), [Wrong()], Callback)
    with pytest.raises(TypeError, match="validation/text"):
        hooks.around_evaluation("validation", lambda name: {}, {})
