"""Each run of a pack has its own words and its own random numbers."""

import logging
import random
import warnings

import numpy as np
import pytest
import torch

from stride.callbacks.base import Callback
from stride.data.seeding import read_globals

SPEAKER = logging.getLogger("mine")


class Speaks(Callback):
    """Log and warn after each epoch, and in the hook of a checkpoint."""

    def __init__(self, name):
        self.name = name

    def after_epoch(self, trainer, metrics):
        SPEAKER.warning("%s was heard", self.name)
        warnings.warn(f"{self.name} warns", stacklevel=1)

    def after_checkpoint(self, trainer, path):
        SPEAKER.warning("%s was saved", self.name)


def test_the_log_of_a_run_has_its_own_words_alone(fleet):
    names = ["Anna", "Bert", "Carl"]
    members = [{"callbacks": lambda name=name: [Speaks(name)]} for name in names]
    with pytest.warns(UserWarning) as warned:
        fleet.pack(members)
    assert len(warned) == 6
    for place, name in enumerate(names):
        lines = fleet.log(place).splitlines()
        for words, count in {"was heard": 2, "warns": 2, "was saved": 1}.items():
            found = [line for line in lines if words in line]
            assert len(found) == count and all(f"{name} {words}" in line for line in found)
        assert sum("epoch 1/2" in line for line in lines) == 1


class Draws(Callback):
    """Draw from all generators of the process, more and more often."""

    def __init__(self, number):
        self.number = number

    def before_epoch(self, trainer):
        self._draw()

    def after_evaluate(self, trainer, metrics):
        for kind, value in zip(("python", "numpy", "torch"), self._draw(), strict=True):
            trainer.log(f"drawn/{kind}", value)

    def after_checkpoint(self, trainer, path):
        self._draw()

    def _draw(self):
        for _ in range(self.number):
            drawn = random.random(), float(np.random.rand()), float(torch.rand(()))
        return drawn


def test_each_run_draws_what_it_draws_alone_and_the_process_as_if_there_were_none(fleet):
    members = [
        {
            "kind": "normalised",
            "callbacks": lambda number=number: [Draws(number)],
            "checkpoint_config": {"every_steps": 3, "background": False},
        }
        for number in (1, 2, 3)
    ]
    fleet.alone(members)
    before = read_globals()
    fleet.pack(members)
    after = read_globals()
    assert fleet.problems(range(3)) == {}
    assert before[0] == after[0] and torch.equal(before[2], after[2])
    assert all(map(np.array_equal, before[1], after[1]))


class Warns(Callback):
    """Warn after each epoch, in the same words as others."""

    def after_epoch(self, trainer, metrics):
        warnings.warn("as everybody", stacklevel=1)


@pytest.mark.parametrize("action", ["default", "always"])
def test_what_several_runs_warn_of_is_in_the_log_of_each_as_often_as_alone(fleet, action):
    members = [{"callbacks": lambda: [Warns()]}] * 2
    with warnings.catch_warnings(record=True):
        warnings.simplefilter(action)
        fleet.alone(members)
        fleet.pack(members)
    alone, packed = (
        [fleet.log(place, name).count("UserWarning: as everybody") for place in range(2)]
        for name in ("alone", "packed")
    )
    assert packed == alone
    assert alone[0] == {"always": 2, "default": 1}[action]
