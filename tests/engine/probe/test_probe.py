"""The probe: finds misfits before a run exists, and leaves no trace."""

import random
import threading
from typing import ClassVar

import pytest
import torch
from torch import nn

from stride.engine.precision import Precision
from stride.engine.probe.last_batch import LastBatch
from stride.engine.probe.messages import shapes
from stride.engine.probe.probe import probe
from stride.errors import DataError
from stride.metrics.build import build_metrics
from stride.models.detectors.neighbours import LOF
from stride.models.model import Model
from stride.models.steps.step import Step

FP32 = Precision("fp32", torch.device("cpu"))


class Numbers:
    target_kind = "float"
    num_classes = None


def batch():
    return torch.randn(4, 3), torch.randn(4, 2)


def test_it_leaves_model_buffers_gradients_and_random_state_alone():
    network = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2), nn.Dropout())
    before = {name: value.clone() for name, value in network.state_dict().items()}
    data = batch()
    torch.manual_seed(3)
    expected = (random.getstate(), torch.get_rng_state())
    found = probe(Model(network, nn.MSELoss()), data, {}, FP32)
    assert random.getstate() == expected[0]
    assert torch.equal(torch.get_rng_state(), expected[1])
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert all(p.grad is None for p in network.parameters())
    assert found["gradient_norm"] > 0
    assert found["shapes"] == [[4, 3], [4, 2]]


def test_what_learns_nothing_is_tried_without_gradients():
    found = probe(Model(LOF(), nn.L1Loss()), torch.ones(4, 1, 3), {}, FP32)
    assert (found["loss"], found["gradient_norm"]) == (1, 0)


def test_a_misfit_of_shapes_is_told_with_the_shapes():
    with pytest.raises(DataError, match=r"does not fit the data: .*\[\[4, 3\], \[4, 2\]\]"):
        probe(Model(nn.Linear(5, 2), nn.MSELoss()), batch(), {}, FP32)


@pytest.mark.parametrize("dtype", [torch.int64, torch.int16, torch.uint8])
def test_whole_numbers_for_a_network_of_floats_are_told_with_the_key(dtype):
    whole = torch.ones(4, 3, dtype=dtype), torch.randn(4, 2)
    with pytest.raises(DataError, match=r"let the dataset give floats.*input_kind=float"):
        probe(Model(nn.Linear(3, 2), nn.MSELoss()), whole, {}, FP32)
    image = torch.ones(4, 1, 3, 3, dtype=dtype), torch.randn(4, 1, 1, 1)
    with pytest.raises(DataError, match=r"let the dataset give floats"):
        probe(Model(nn.Conv2d(1, 1, 3), nn.MSELoss()), image, {}, FP32)


def test_a_loss_without_a_gradient_is_told():
    class Detached(Model):
        def training_step(self, batch):
            return torch.tensor(1.0)

    with pytest.raises(DataError, match="does not depend on the model's parameters"):
        probe(Detached(nn.Linear(3, 2), nn.MSELoss()), batch(), {}, FP32)


def test_a_metric_that_does_not_fit_is_told_by_name_and_a_fitting_one_is_reset():
    metrics = build_metrics(["mse"], Numbers())
    made = Model(nn.Linear(3, 2), nn.MSELoss())
    probe(made, batch(), metrics, FP32)
    assert metrics["mse"].compute() != metrics["mse"].compute()

    class Fussy(type(metrics["mse"])):
        def update(self, step):
            raise ValueError("no such shape")

    with pytest.raises(DataError, match="metric 'mse' does not fit the outputs: no such shape"):
        probe(made, batch(), {"mse": Fussy()}, FP32)


def test_shapes_follow_the_form_of_the_batch():
    assert shapes({"a": (torch.zeros(2, 3), "text"), 1: [torch.zeros(1)]}) == {
        "a": [[2, 3], "str"],
        "1": [[1]],
    }


def test_a_model_that_cannot_be_copied_is_tried_itself_and_put_back():
    network = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))
    network.lock = threading.Lock()
    before = {name: value.clone() for name, value in network.eval().state_dict().items()}
    assert probe(Model(network, nn.MSELoss()), batch(), {}, FP32)["gradient_norm"] > 0
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert all(p.grad is None for p in network.parameters())
    assert not network.training


def test_fewer_outputs_than_classes_are_refused_whatever_the_samples_show():
    made = Model(nn.Linear(3, 2), nn.CrossEntropyLoss())
    data = (torch.randn(2, 3), torch.tensor([0, 1]))
    assert probe(made, data, {}, FP32, num_classes=2)["loss"] > 0
    with pytest.raises(DataError, match="gives 2 outputs for 10 classes"):
        probe(made, data, {}, FP32, num_classes=10)
    made = Model(nn.Linear(3, 2), nn.CrossEntropyLoss(ignore_index=9))
    assert probe(made, data, {}, FP32, num_classes=10)["loss"] > 0


def test_a_class_number_out_of_bounds_is_said_to_be_one():
    made = Model(nn.Linear(3, 2), nn.CrossEntropyLoss())
    with pytest.raises(DataError, match="class numbers go from 0"):
        probe(made, (torch.randn(2, 3), torch.tensor([0, -1])), {}, FP32)


class Evaluated(Model):
    """Train on a bare loss; note how evaluation is called, and give it outputs and targets."""

    seen: ClassVar[list[tuple[bool, bool, int]]] = []  # shared with the copy that is tried

    def training_step(self, batch):
        return self.criterion(self.network(batch[0]), batch[1])

    def evaluation_step(self, batch):
        state = (self.network.training, torch.is_inference_mode_enabled(), len(batch[0]))
        self.seen.append(state)
        outputs = self.network(batch[0])
        return Step(self.criterion(outputs, batch[1]), len(batch[0]), outputs, batch[1])


def test_the_evaluation_step_is_tried_as_an_evaluation_calls_it():
    network = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2)).train()
    made, metrics = Evaluated(network, nn.MSELoss()), build_metrics(["mse"], Numbers())
    Evaluated.seen.clear()
    found = probe(made, batch(), metrics, FP32, evaluated=(torch.randn(5, 3), torch.randn(5, 2)))
    assert Evaluated.seen == [(False, True, 5)]
    assert not found["rated"]
    assert network.training and network[1].num_batches_tracked == 0


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (KeyError("typo"), "KeyError: 'typo'"),
        (RuntimeError("shapes\nat length"), "the evaluation step fails: shapes \\(eval"),
    ],
)
def test_a_mistake_in_the_evaluation_step_is_told(wrong, said):
    class Mistaken(Evaluated):
        def evaluation_step(self, batch):
            raise wrong

    with pytest.raises(DataError, match=said) as caught:
        probe(Mistaken(nn.Linear(3, 2), nn.MSELoss()), batch(), {}, FP32)
    assert caught.value.__cause__ is wrong


def test_a_step_that_gives_no_loss_is_told_with_its_place():
    class Lightning(Evaluated):
        def evaluation_step(self, batch):
            return {"val_loss": torch.tensor(1.0)}

    with pytest.raises(DataError, match=r"step returned a dict \(evaluation_step\)"):
        probe(Lightning(nn.Linear(3, 2), nn.MSELoss()), batch(), {}, FP32)


def test_metrics_are_fed_by_the_evaluation_step():
    class Bare(Evaluated):
        evaluation_step = Evaluated.training_step

    with pytest.raises(DataError, match="needs outputs and targets"):
        probe(Bare(nn.Linear(3, 2), nn.MSELoss()), batch(), build_metrics(["mse"], None), FP32)


def test_a_mistake_in_a_metrics_value_is_told_and_too_few_samples_are_none():
    class Mistaken(type(build_metrics(["mse"], None)["mse"])):
        error: Exception = TypeError("no number")

        def value(self, sums):
            raise self.error

    made, metric = Model(nn.Linear(3, 2), nn.MSELoss()), Mistaken()
    with pytest.raises(DataError, match="'mine' does not fit the outputs: no number"):
        probe(made, batch(), {"mine": metric}, FP32)
    metric.error = ValueError("at least three samples")
    probe(made, batch(), {"mine": metric}, FP32)
    assert metric.state_dict() == {"sums": None}


class RMSE(nn.Module):
    def forward(self, outputs, targets):
        return (outputs - targets).square().mean().sqrt()


def test_a_criterion_that_spreads_is_refused_unless_the_step_is_the_users():
    data = (torch.randn(2, 3), torch.randn(2))
    with pytest.raises(DataError, match=r"RMSE compares every output .*criterion_kwargs"):
        probe(Model(nn.Linear(3, 1), RMSE()), data, {}, FP32)
    assert probe(Model(nn.Linear(3, 1), nn.MSELoss()), data, {}, FP32)["loss"] > 0
    assert probe(Evaluated(nn.Linear(3, 1), RMSE()), data, {}, FP32)["loss"] > 0


def last(size=1, **values):
    return LastBatch(size, "65 samples in batches of 64", "type: drop_last", **values)


class Squeezing(nn.Linear):
    def forward(self, inputs):
        return super().forward(inputs).squeeze()


class Deviation(nn.Module):
    def forward(self, outputs, targets):
        return ((outputs - targets) / targets.std(0)).square().mean()


@pytest.mark.parametrize(
    ("network", "criterion", "said"),
    [
        (nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2)), nn.MSELoss(), "Expected more than 1"),
        (Squeezing(3, 2), nn.MSELoss(), "do not fit"),
        (nn.Linear(3, 2), Deviation(), "whose loss is not finite"),
    ],
)
@pytest.mark.filterwarnings("ignore:std")
def test_a_model_that_cannot_take_the_smallest_batch_of_an_epoch_is_told(network, criterion, said):
    made = Model(network, criterion)
    what = rf"a batch of 1 sample, whose|which .*{said}.*65 samples in batches of 64.*type: drop"
    with pytest.raises(DataError, match=what) as caught:
        probe(made, batch(), {}, FP32, last=last())
    assert said in str(caught.value)
    for fits in (None, last(2), last(64)):
        probe(made, batch(), {}, FP32, last=fits)


def test_a_loss_that_may_be_skipped_need_not_be_finite():
    made = Model(nn.Linear(3, 2), Deviation())
    with pytest.warns(UserWarning, match="std"):
        probe(made, batch(), {}, FP32, last=last(finite=False))
