"""What the loss of each criterion is the mean of, so that no cut of the data changes the mean."""

import copy

import pytest
import torch
from torch import nn

from stride.errors import DataError
from stride.models.model import Model
from stride.models.steps.step import loss_or_zero

CLASSES = 4
WEIGHTS = torch.tensor([0.0, 1.0, 10.0, 0.5])


class Focal(nn.CrossEntropyLoss):
    """A criterion of one's own that only looks like one of torch's: the mean over samples."""

    def forward(self, outputs, targets):
        chances = nn.functional.cross_entropy(outputs, targets, reduction="none").neg().exp()
        return -((1 - chances).square() * chances.log()).mean()


def labels(*shape):
    made = torch.Generator().manual_seed(3)
    found = torch.randint(0, CLASSES, shape, generator=made)
    return found.masked_fill(torch.rand(shape, generator=made) < 0.3, -100)


PADDED = labels(30).masked_fill(torch.arange(30) < 6, -100)
NUMBERS = torch.linspace(-1, 1, 30 * CLASSES).reshape(30, CLASSES)
CASES = {
    "labels": (nn.CrossEntropyLoss(), labels(30)),
    "one's own, of the single losses of torch's": (Focal(reduction="none"), labels(30).clamp(0)),
    "divergences": (nn.KLDivLoss(reduction="batchmean"), NUMBERS.softmax(1)),
    "no label in some batches": (nn.CrossEntropyLoss(), PADDED),
    "weights": (nn.CrossEntropyLoss(weight=WEIGHTS), labels(30)),
    "weights, smoothed": (nn.CrossEntropyLoss(weight=WEIGHTS, label_smoothing=0.1), labels(30)),
    "only weights of zero in some batches": (nn.CrossEntropyLoss(weight=WEIGHTS), PADDED.clamp(0)),
    "a class left out": (nn.CrossEntropyLoss(ignore_index=1), PADDED.clamp(0)),
    "fields": (nn.CrossEntropyLoss(weight=WEIGHTS), labels(30, 3)),
    "images": (nn.CrossEntropyLoss(), labels(30, 3, 2)),
    "probabilities": (nn.CrossEntropyLoss(weight=WEIGHTS), NUMBERS.softmax(1)),
    "log chances": (nn.NLLLoss(weight=WEIGHTS), labels(30)),
    "numbers": (nn.MSELoss(), NUMBERS),
    "yes or no": (nn.BCEWithLogitsLoss(pos_weight=WEIGHTS), (NUMBERS > 0).float()),
    "one's own": (Focal(), labels(30).clamp(0)),
}


def outputs_for(targets):
    made = torch.Generator().manual_seed(1)
    shape = targets.shape if targets.is_floating_point() else (30, CLASSES, *targets.shape[1:])
    return torch.randn(shape, generator=made)


def mean(criterion, targets, size):
    """Return loss and gradient of the mean over all, taken in batches of that size."""
    outputs = nn.Parameter(outputs_for(targets))
    model = Model(nn.Identity(), criterion)
    parts = zip(outputs.split(size), targets.split(size), strict=True)
    steps = [model.training_step(part) for part in parts]
    whole = sum(step.size for step in steps)
    for step in steps:
        (step.loss * step.size).backward()
    loss = sum(loss_or_zero(step) * step.size for step in steps) / whole
    return loss, outputs.grad / whole


@pytest.mark.parametrize("case", CASES)
def test_no_cut_changes_the_mean_or_its_gradient(case):
    criterion, targets = CASES[case]
    loss, gradient = mean(criterion, targets, 30)
    outputs = nn.Parameter(outputs_for(targets))
    expected = criterion(outputs, targets)
    expected.backward()
    torch.testing.assert_close(loss, expected.detach(), rtol=1e-6, atol=0)
    torch.testing.assert_close(gradient, outputs.grad, rtol=1e-5, atol=1e-8)
    for size in (1, 4, 7):
        one, other = mean(criterion, targets, size)
        torch.testing.assert_close(one, loss, rtol=1e-6, atol=0)
        torch.testing.assert_close(other, gradient, rtol=1e-5, atol=1e-8)


def test_sequences_of_several_lengths_count_by_their_length():
    model = Model(nn.Identity(), nn.L1Loss())
    steps = [model.training_step((torch.ones(2, n), torch.zeros(2, n))) for n in (3, 50)]
    assert [step.size for step in steps] == [6, 100]


def test_the_kernel_that_counts_labels_has_the_bits_of_the_criterion():
    outputs, targets = nn.Parameter(torch.randn(30, CLASSES)), labels(30)
    plain = nn.CrossEntropyLoss()
    hooked = copy.deepcopy(plain)
    seen = []
    hooked.register_forward_hook(lambda *_: seen.append(1))
    bits = []
    for criterion in (plain, hooked):
        step = Model(nn.Identity(), criterion).training_step((outputs, targets))
        (gradient,) = torch.autograd.grad(step.loss, outputs)
        bits.append((step.loss.detach(), step.size.double(), gradient))
    assert seen and all(map(torch.equal, *bits))
    assert torch.equal(bits[0][0], plain(outputs, targets).detach())


def test_labels_that_a_criterion_leaves_out_are_negative_for_the_metrics():
    targets = torch.tensor([0, 1, 2, 1])
    step = Model(nn.Identity(), nn.CrossEntropyLoss(ignore_index=1)).training_step(
        (torch.zeros(4, 3), targets)
    )
    assert step.targets.tolist() == [0, -1, 2, -1]


@pytest.mark.parametrize("reduction", ["sum", "none"])
def test_a_criterion_that_gives_no_mean_is_refused(reduction):
    model = Model(nn.Identity(), nn.MSELoss(reduction=reduction))
    with pytest.raises(DataError, match=f"reduction='{reduction}'.* gives no mean.*stride.Step"):
        model.training_step((torch.ones(2, 1), torch.ones(2, 1)))
