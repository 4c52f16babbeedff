"""The logarithm of softmax has torch's bits, for few classes and many."""

import pytest
import torch

from stride.engine.packs.softmax import log_softmax, log_softmax_gradient
from stride.engine.packs.traces import same_bits


@pytest.mark.parametrize("classes", [1, 2, 7, 8, 10, 15, 16, 17, 100])
def test_it_has_the_bits_of_torch(classes):
    generator = torch.Generator().manual_seed(classes)
    rows = 3 * torch.randn(97, classes, generator=generator)
    rows[3, 0], rows[5] = torch.inf, -200.0
    rows.requires_grad_()
    logs = torch.log_softmax(rows, 1)
    gradient = torch.randn(97, classes, generator=generator)
    (expected,) = torch.autograd.grad(logs, rows, gradient)
    assert same_bits(log_softmax(rows.detach()), logs)
    assert same_bits(log_softmax_gradient(gradient, logs.detach()), expected)
