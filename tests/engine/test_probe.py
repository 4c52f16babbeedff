"""The probe: finds misfits before a run exists, and leaves no trace."""

import random
import threading

import pytest
import torch
from torch import nn

from stride.engine.precision import Precision
from stride.engine.probe import probe, shapes
from stride.errors import DataError
from stride.metrics.build import build_metrics
from stride.models.model import Model

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


def test_a_class_number_out_of_bounds_is_said_to_be_one():
    made = Model(nn.Linear(3, 2), nn.CrossEntropyLoss())
    with pytest.raises(DataError, match="class numbers go from 0"):
        probe(made, (torch.randn(2, 3), torch.tensor([0, -1])), {}, FP32)
