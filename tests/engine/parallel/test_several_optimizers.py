"""Several optimisers on several ranks: one flat sum, in which each rank votes for one of them."""

import pytest
import torch
from torch import nn

from stride.data.batches.sampler import Counts
from stride.distributed import rank
from stride.engine.optim.optimizers import Optimizers
from stride.engine.parallel.gradients import Flat
from stride.engine.precision import Precision
from stride.engine.update import Update
from stride.errors import DataError
from stride.models.model import Model
from stride.models.steps.step import Step

NAMES = ("first", "second")


class Two(Model):
    """Two layers, of which a step moves the one that the batch names."""

    def training_step(self, batch):
        inputs, name = batch
        loss = (self.network[0](inputs) * self.network[1](inputs)).mean()
        return Step(loss, len(inputs), optimizer=name)


def trained(*windows):
    """Return the weights after windows of (inputs, name) and Counts, or what was refused."""
    torch.manual_seed(0)
    model = Two(nn.Sequential(nn.Linear(2, 1), nn.Linear(2, 1)), nn.Identity())
    made = [torch.optim.SGD(layer.parameters(), lr=0.1) for layer in model.network]
    optimizers = Optimizers(dict(zip(NAMES, made, strict=True)))
    precision = Precision("fp32", torch.device("cpu"))
    update = Update(model, optimizers, precision, gradients=Flat(model, NAMES))
    named = []
    try:
        for window in windows:
            step = update.gradients([window])
            update.apply([window], step)
            named.append(step.optimizer)
    except DataError as error:
        return str(error)
    return named, [p.tolist() for p in model.parameters()]


INPUTS = torch.arange(8.0).reshape(4, 2) / 8


def _shared():
    own = INPUTS[rank() * 2 : rank() * 2 + 2]
    late = (INPUTS[:1], "second") if rank() == 0 else None  # rank 1 has no sample of it
    last = (late, Counts(int(rank() == 0), 1))
    return trained(((own, "second"), Counts(2, 4)), ((own, "first"), Counts(2, 4)), last)


def _apart():
    return trained(((INPUTS, NAMES[rank()]), Counts(4, 8)))


def _alone():
    steps = [(INPUTS, "second"), (INPUTS, "first"), (INPUTS[:1], "second")]
    return trained(*((step, Counts(len(step[0]), len(step[0]))) for step in steps))


@pytest.mark.ddp
def test_ranks_move_what_all_of_them_name_as_one_process_would(ranks):
    named, weights = _alone()
    for found, moved in ranks(2, _shared):
        assert found == named == ["second", "first", "second"]
        for one, other in zip(moved, weights, strict=True):
            torch.testing.assert_close(torch.tensor(one), torch.tensor(other))


@pytest.mark.ddp
def test_ranks_that_name_different_ones_are_all_told(ranks):
    words = "the processes name different optimizers in one step: first, second"
    assert all(words in told for told in ranks(2, _apart))
