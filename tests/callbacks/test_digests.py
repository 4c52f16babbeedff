"""Digests of the weights are taken every so many steps."""

import torch
from torch import nn

from stride.callbacks.digests import WeightDigests
from stride.engine.fingerprint import Fingerprint
from stride.engine.state import TrainState
from stride.models.model import Model
from stride.runs.fingerprints import digests_of


class Trainer:
    def __init__(self):
        self.state = TrainState()
        self.model = Model(nn.Linear(2, 1), nn.MSELoss())


def test_weights_are_digested_every_so_many_steps_as_they_are_then():
    trainer, fingerprint = Trainer(), Fingerprint()
    callback = WeightDigests(fingerprint, every=2)
    for step in range(1, 6):
        trainer.state.step = step
        if step == 4:
            nn.init.zeros_(trainer.model.network.weight)
        callback.after_step(trainer, None)
    fingerprint.add_losses([0.0] * 5, torch.float32)
    digests = [found for row in fingerprint.take_rows() for found in digests_of(row)]
    assert [step for step, _ in digests] == [2, 4]
    assert digests[0][1] != digests[1][1]
