"""What rows say of an optimiser."""

import torch
from torch import nn

from stride.engine.optim.rates import learning_rate


def test_an_optimizer_without_a_rate_has_none():
    class Rateless(torch.optim.Optimizer):
        def __init__(self, params):
            super().__init__(params, {})

    rate = learning_rate(Rateless(nn.Linear(1, 1).parameters()))
    assert rate != rate
