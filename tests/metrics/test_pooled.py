"""Steps that wait for company, and come to a metric together."""

import pytest
import torch

from stride.metrics.base import Metric
from stride.metrics.classification import Accuracy
from stride.metrics.pooled import PooledMetric
from stride.models.steps.step import Step


class Seen(Metric):
    """Note how many samples each update has."""

    def __init__(self):
        self.sizes = []

    def update(self, step):
        self.sizes.append(len(step.outputs))

    def compute(self):
        return float(sum(self.sizes))

    def reset(self):
        self.sizes = []

    def state_dict(self):
        return {"sizes": [*self.sizes]}

    def load_state_dict(self, state):
        self.sizes = [*state["sizes"]]


def test_steps_come_together_and_none_is_missed():
    pooled = PooledMetric(Seen(), copies=False)
    for _ in range(40):
        pooled.add(torch.zeros(3, 2), torch.zeros(3))
    assert pooled.metric.sizes == [32 * 3]
    assert pooled.compute_over_ranks() == 40 * 3
    assert pooled.state_dict() == {"sizes": [32 * 3, 8 * 3]}


def test_samples_of_several_shapes_come_step_by_step():
    pooled = PooledMetric(Seen(), copies=False)
    for length in (4, 5):
        pooled.add(torch.zeros(3, 2, length), torch.zeros(3, length))
    pooled.flush()
    assert pooled.metric.sizes == [3, 3]


def test_the_bits_are_those_of_single_steps():
    torch.manual_seed(0)
    steps = [(torch.randn(n, 3), torch.randint(3, (n,))) for n in (7, 7, 2)]
    single, pooled = Accuracy(), PooledMetric(Accuracy(), copies=False)
    for outputs, targets in steps:
        single.update(Step(torch.zeros(()), len(outputs), outputs, targets))
        pooled.add(outputs, targets)
    assert pooled.state_dict() == single.state_dict()
    assert pooled.compute_over_ranks() == single.compute()


@pytest.mark.parametrize("copies", [True, False])
def test_targets_that_are_filled_again_are_copied(copies):
    pooled, targets = PooledMetric(Accuracy(), copies=copies), torch.zeros(2, dtype=torch.long)
    for answer in (0, 1):
        targets.fill_(answer)
        pooled.add(torch.eye(2)[[answer, answer]], targets)
    assert pooled.compute_over_ranks() == (1.0 if copies else 0.5)


def test_its_state_goes_on_in_another():
    first, second = (PooledMetric(Seen(), copies=False) for _ in range(2))
    first.add(torch.zeros(3, 2), torch.zeros(3))
    second.load_state_dict(first.state_dict(), is_fed=first.is_fed)
    assert second.is_fed
    assert second.compute_over_ranks() == 3
    second.reset()
    assert not second.is_fed
    assert second.compute_over_ranks() == 0
