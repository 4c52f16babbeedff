"""Evaluation over a whole split: exact, in evaluation mode, with one wait."""

import pytest
import torch
from torch import nn

from stride.data.batches.memory import MemoryBatches
from stride.data.batches.sampler import Order
from stride.distributed import shard
from stride.engine.evaluate import evaluate
from stride.engine.precision import Precision
from stride.metrics.base import Metric
from stride.metrics.build import build_metrics
from stride.models.model import Model
from stride.models.steps.step import Step

FP32 = Precision("fp32", torch.device("cpu"))


class Classes:
    target_kind = "class"
    num_classes = 3


def model():
    torch.manual_seed(0)
    return Model(nn.Sequential(nn.Linear(4, 3), nn.Dropout(0.9)), nn.CrossEntropyLoss())


def test_uneven_batches_count_by_samples_and_equal_one_pass():
    made, x, y = model(), torch.randn(10, 4), torch.randint(0, 3, (10,))
    batches = [(x[:7], y[:7]), (x[7:], y[7:])]
    metrics = build_metrics(["accuracy", "f1"], Classes())
    values = evaluate(made, batches, metrics, split="val", precision=FP32)
    made.eval()
    outputs = made.network(x)
    expected = made.criterion(outputs, y).item()
    assert values["validation/epoch_loss"] == pytest.approx(expected, rel=1e-6)
    right = (outputs.argmax(1) == y).float().mean().item()
    assert values["validation/epoch_accuracy"] == pytest.approx(right)
    assert set(values) == {
        "validation/epoch_loss",
        "validation/epoch_accuracy",
        "validation/f1",
    }


def test_losses_are_summed_in_double_precision():
    losses = torch.tensor([1e8, 1.0, 1.0, 1.0])
    made = Model(nn.Identity(), nn.MSELoss())
    made.evaluation_step = lambda loss: Step(loss, torch.tensor(1.0))
    values = evaluate(made, losses, {}, split="val", precision=FP32)
    assert values == {"validation/epoch_loss": (1e8 + 3) / 4}


def test_metrics_begin_anew_at_each_evaluation():
    made, x, y = model(), torch.randn(6, 4), torch.randint(0, 3, (6,))
    metrics = build_metrics(["accuracy"], Classes())
    first = evaluate(made, [(x, y)], metrics, split="test", precision=FP32)
    assert evaluate(made, [(x, (y + 1) % 3)], metrics, split="test", precision=FP32) != first
    assert evaluate(made, [(x, y)], metrics, split="test", precision=FP32) == first


def test_a_loader_may_fill_the_same_targets_again():
    made, x, y = model(), torch.randn(9, 4), torch.randint(0, 3, (9,))
    metrics = build_metrics(["accuracy", "error"], Classes())
    expected = evaluate(
        made, [*zip(x.split(3), y.split(3), strict=True)], metrics, split="test", precision=FP32
    )

    def filling():
        held = torch.empty(3, dtype=torch.long)
        for inputs, targets in zip(x.split(3), y.split(3), strict=True):
            yield inputs, held.copy_(targets)

    assert evaluate(made, filling(), metrics, split="test", precision=FP32) == expected


@pytest.mark.parametrize("training", [True, False])
def test_the_mode_is_as_before_also_after_an_error(training):
    made = model().train(training)

    def broken():
        assert not made.network.training
        raise ValueError("broken loader")
        yield

    with pytest.raises(ValueError, match="broken loader"):
        evaluate(made, broken(), {}, split="val", precision=FP32)
    assert made.network.training is training


def test_no_graph_is_kept_and_an_own_evaluation_step_is_used():
    class Own(Model):
        def evaluation_step(self, batch):
            assert torch.is_inference_mode_enabled()
            return Step(torch.tensor(2.0), 5)

    made = Own(nn.Linear(1, 1), nn.MSELoss())
    values = evaluate(made, [None, None], {}, split="train", precision=FP32)
    assert values == {"train/epoch_loss": 2.0}


@pytest.mark.parametrize("targets", [None, -100])
def test_the_loss_of_a_weighted_criterion_does_not_depend_on_the_batches(targets):
    torch.manual_seed(4)
    inputs, labels = torch.randn(64, 3), torch.randint(0, 2, (64,))
    if targets is not None:
        labels[:20] = targets  # batches without a label
    criterion = nn.CrossEntropyLoss(weight=torch.tensor([1.0, 10.0]))
    made = Model(nn.Linear(3, 2), criterion)
    expected = criterion(made.network(inputs), labels).item()
    for size in (1, 8, 64):
        batches = zip(inputs.split(size), labels.split(size), strict=True)
        values = evaluate(made, batches, {}, split="test", precision=FP32)
        assert values["test/loss"] == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(
    ("kind", "size"), [(torch.float16, 4e4), (torch.bfloat16, 260), (torch.uint8, 200)]
)
def test_sizes_are_added_in_a_type_that_holds_their_sum(kind, size):
    losses = torch.arange(9.0).split(1)
    made = Model(nn.Identity(), nn.MSELoss())
    made.evaluation_step = lambda batch: Step(batch.mean(), torch.tensor(size).to(kind))
    values = evaluate(made, losses, {}, split="val", precision=FP32)
    assert values == {"validation/epoch_loss": pytest.approx(4)}


class Sloped(Model):
    """A loss made of a gradient: the squared slope of the outputs; it even goes backward."""

    evaluation_needs_gradients = True

    def training_step(self, batch):
        inputs = batch[0].clone().requires_grad_()
        outputs = self.network(inputs)
        (slope,) = torch.autograd.grad(outputs.sum(), inputs, create_graph=True)
        loss = slope.square().sum(1).mean()
        loss.backward(retain_graph=True)
        return Step(loss, len(inputs), {"u": outputs}, [slope], values={"mean": outputs.mean()})


class Keeping(Metric):
    """Holds what it is given."""

    def reset(self):
        self.steps = []

    def update(self, step):
        self.steps.append(step)

    def compute(self):
        return 0.0

    def state_dict(self):
        return {}

    def load_state_dict(self, state):
        """Take nothing."""


def test_a_loss_made_of_gradients_has_them_and_nothing_is_kept_of_its_graph():
    torch.manual_seed(0)
    made = Sloped(nn.Linear(4, 1), nn.Identity())
    left = made.network.weight.grad = torch.ones(1, 4)
    metric = Keeping()
    batches = [(torch.randn(3, 4),), (torch.randn(2, 4),)]
    with torch.inference_mode():  # whoever asks
        values = evaluate(made, batches, {"kept": metric}, split="test", precision=FP32)
    assert values["test/loss"] == pytest.approx(made.network.weight.square().sum().item())
    assert made.network.weight.grad is left and torch.equal(left, torch.ones(1, 4))
    assert made.network.bias.grad is None
    kept = [(one.loss, one.outputs["u"], *one.targets, one.values["mean"]) for one in metric.steps]
    assert not any(tensor.requires_grad for step in kept for tensor in step)


def test_a_network_can_ask_for_gradients_too():
    class Forces(nn.Linear):
        evaluation_needs_gradients = True

        def forward(self, x):
            x = x.requires_grad_()
            return torch.autograd.grad(super().forward(x).square().sum(), x, create_graph=True)[0]

    torch.manual_seed(0)
    made, x = Model(Forces(2, 1), nn.MSELoss()), torch.randn(3, 2)
    predicted = made.predict(x.clone())
    assert not predicted.requires_grad and predicted.shape == x.shape
    values = evaluate(made, [(x, predicted)], {}, split="test", precision=FP32)
    assert values["test/loss"] == 0


def test_an_empty_split_has_no_number():
    values = evaluate(model(), [], {}, split="test", precision=FP32)
    assert values["test/loss"] != values["test/loss"]


def test_a_device_without_double_precision_is_evaluated_in_single():
    class Single(torch.Tensor):
        """A loss of a device that has no double precision, as MPS."""

        @property
        def device(self):
            return torch.device("mps")

        def double(self):
            raise TypeError("no float64 here")

    class Lossy(Model):
        def evaluation_step(self, batch):
            return Step(super().evaluation_step(batch).loss.as_subclass(Single), 2)

    lossy = Lossy(nn.Linear(3, 2), nn.MSELoss())
    batch = (torch.ones(2, 3), torch.zeros(2, 2))
    values = evaluate(lossy, [batch], {}, split="test", precision=FP32)
    assert values["test/loss"] == pytest.approx(lossy.training_step(batch).loss.item())


def _shared(names, info, length, network):
    made = Model(network, nn.CrossEntropyLoss() if info.target_kind == "class" else nn.MSELoss())
    generator = torch.Generator().manual_seed(5)
    inputs = torch.randn(length, 4, generator=generator)
    if info.target_kind == "class":
        targets = torch.randint(0, info.num_classes, (length,), generator=generator)
    else:
        targets = torch.randn(length, 1, generator=generator) + 100
    order = Order(length, 4, seed=0, shuffle=False, shard=shard())
    batches = MemoryBatches((inputs, targets), order, torch.device("cpu"))
    metrics = build_metrics(names, info)
    values = evaluate(made, batches, metrics, split="val", precision=FP32)
    assert evaluate(made, batches, metrics, split="val", precision=FP32) == values
    return values


class TwoClasses(Classes):
    num_classes = 2


class Numbers:
    target_kind = "float"
    num_classes = None


@pytest.mark.ddp
@pytest.mark.parametrize("length", [3, 16, 21])
@pytest.mark.parametrize(
    ("names", "info", "outputs"),
    [
        (["accuracy", "error", "f1", "auc", "MulticlassAccuracy"], TwoClasses(), 2),
        (["mse", "rmse", "mae", "r2", "MeanSquaredError"], Numbers(), 1),
    ],
)
def test_ranks_count_each_sample_once_and_agree_to_the_bit(ranks, length, names, info, outputs):
    torch.manual_seed(0)
    network = nn.Linear(4, outputs)
    alone = _shared(names, info, length, network)
    for world in (2, 3, 4):
        first, *others = ranks(world, _shared, names, info, length, network)
        assert all(other == first for other in others)
        assert first == pytest.approx(alone, rel=1e-6)
