"""Best weights: copied, put back, written to the run."""

import torch
from torch import nn

from stride.callbacks.best_weights import BestWeights
from stride.callbacks.monitor import Monitor
from stride.engine.state import TrainState
from stride.models.model import Model


class Trainer:
    def __init__(self):
        self.model = Model(nn.Linear(1, 1), nn.MSELoss())
        self.state = TrainState()
        self.run = self
        self.written = []

    def write_weights(self, weights):
        self.written.append(weights["weight"].item())

    def epoch(self, callback, weight, loss):
        with torch.no_grad():
            self.model.network.weight.fill_(weight)
        callback.after_epoch(self, {"loss": loss})


def test_the_best_weights_are_a_copy_and_are_put_back():
    trainer, callback = Trainer(), BestWeights(Monitor("loss", "min"))
    for weight, loss in [(1.0, 3.0), (2.0, 1.0), (3.0, 2.0)]:
        trainer.epoch(callback, weight, loss)
    callback.restore(trainer.model)
    assert trainer.model.network.weight.item() == 2.0
    callback.write(trainer)
    assert trainer.written == [1.0, 2.0]  # not at each improvement, but the last one in the end


def test_improvements_are_written_once_in_five_seconds():
    seconds = [100.0]
    trainer = Trainer()
    callback = BestWeights(Monitor("loss", "min"), now=lambda: seconds[0])
    for passed, weight, loss in [(0.0, 1.0, 3.0), (4.0, 2.0, 2.0), (0.5, 3.0, 1.0)]:
        seconds[0] += passed
        trainer.epoch(callback, weight, loss)
    assert trainer.written == [1.0]
    seconds[0] += 0.5
    trainer.epoch(callback, 4.0, 9.0)  # no improvement: what was the best is written
    assert trainer.written == [1.0, 3.0]


def test_without_keeping_the_last_weights_are_the_runs():
    trainer, callback = Trainer(), BestWeights(Monitor("loss", "min"), keep=False)
    for weight, loss in [(1.0, 1.0), (2.0, 5.0)]:
        trainer.epoch(callback, weight, loss)
    callback.restore(trainer.model)
    callback.write(trainer)
    assert trainer.written == []
    callback.write(trainer, or_present=True)
    assert trainer.written == [2.0]
    assert callback.best.value == 1.0


def test_its_state_is_the_best_so_far():
    trainer, callback = Trainer(), BestWeights(Monitor("loss", "min"))
    trainer.epoch(callback, 1.0, 1.0)
    other = BestWeights(Monitor("loss", "min"))
    other.load_state_dict(callback.state_dict())
    trainer.epoch(other, 2.0, 5.0)  # no improvement: the old best is known
    other.restore(trainer.model)
    assert trainer.model.network.weight.item() == 1.0


def test_best_weights_of_a_checkpoint_are_written_again():
    """The process that wrote it may have ended between the checkpoint and the weights' file."""
    trainer, callback = Trainer(), BestWeights(Monitor("loss", "min"))
    trainer.epoch(callback, 1.0, 1.0)
    other = BestWeights(Monitor("loss", "min"))
    other.load_state_dict(callback.state_dict())
    trainer.written.clear()
    other.write(trainer, or_present=True)
    assert trainer.written == [1.0]
