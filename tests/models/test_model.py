import copy
import math

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from stride.errors import DataError
from stride.models.build import as_model
from stride.models.model import Model
from stride.models.steps.batch import batch_size, split_batch
from stride.models.steps.step import Step, as_step


def linear(inputs: int = 3, outputs: int = 2) -> nn.Module:
    torch.manual_seed(0)
    return nn.Linear(inputs, outputs)


def test_a_step_holds_the_mean_loss_and_what_metrics_need() -> None:
    network, inputs, targets = linear(), torch.randn(5, 3), torch.tensor([0, 1, 0, 1, 1])
    step = as_step(Model(network, nn.CrossEntropyLoss()).training_step((inputs, targets)), inputs)
    assert torch.equal(step.loss, nn.functional.cross_entropy(network(inputs), targets))
    assert step.size == 5
    assert torch.equal(step.outputs, network(inputs))
    assert step.targets is targets
    assert step.loss.requires_grad


@pytest.mark.parametrize("form", [tuple, list, lambda b: {"inputs": b[0], "targets": b[1]}])
def test_forms_of_a_batch_give_the_same_loss(form: object) -> None:
    model = Model(linear(), nn.MSELoss())
    batch = (torch.randn(4, 3), torch.randn(4, 2))
    assert callable(form)
    assert torch.equal(model.training_step(form(batch)).loss, model.training_step(batch).loss)


@pytest.mark.parametrize("form", [lambda x: x, lambda x: (x,), lambda x: [x]])
def test_inputs_alone_are_reconstructed(form: object) -> None:
    network, inputs = linear(3, 3), torch.randn(4, 3)
    assert callable(form)
    step = Model(network, nn.MSELoss()).training_step(form(inputs))
    assert isinstance(step, Step)
    assert torch.equal(step.loss, (network(inputs) - inputs).square().mean())
    assert step.size == 4 * 3  # numbers, which the criterion has averaged


def test_a_batch_of_another_form_is_refused_with_what_to_yield() -> None:
    with pytest.raises(DataError, match=r"tuple of 3.*yield \(inputs, targets\)"):
        split_batch((1, 2, 3))
    with pytest.raises(DataError, match="yield"):
        split_batch(object())


def test_a_numbers_batch_of_n_and_n_by_1_is_not_broadcast() -> None:
    network, inputs, targets = linear(3, 1), torch.randn(6, 3), torch.randn(6)
    step = Model(network, nn.MSELoss()).training_step((inputs, targets))
    assert isinstance(step, Step)
    assert torch.equal(step.loss, (network(inputs)[:, 0] - targets).square().mean())
    assert step.targets.shape == step.outputs.shape == (6, 1)


def test_targets_that_do_not_fit_are_refused_at_every_step() -> None:
    model = Model(linear(3, 1), nn.MSELoss())
    model.training_step((torch.randn(4, 3), torch.randn(4, 1)))
    with pytest.raises(DataError, match=r"\(N, 1\) do not fit targets of shape \(N, 4\)"):
        model.training_step((torch.randn(4, 3), torch.randn(4, 4)))


def test_class_targets_of_other_types_and_shapes_are_fitted_at_every_step() -> None:
    model = Model(linear(), nn.CrossEntropyLoss())
    inputs, targets = torch.randn(4, 3), torch.tensor([0, 1, 1, 0])
    wanted = nn.functional.cross_entropy(model.network(inputs), targets)
    for _ in range(2):
        for given in (targets.int(), targets[:, None], targets.to(torch.uint8)):
            step = model.training_step((inputs, given))
            assert isinstance(step, Step)
            assert torch.equal(step.loss, wanted)
            assert torch.equal(step.targets, targets)
    assert torch.equal(model.training_step((inputs, targets)).loss, wanted)


def test_evaluation_sees_the_training_step_of_a_subclass() -> None:
    class Halved(Model):
        def training_step(self, batch: Tensor) -> Tensor:
            return self.forward(batch).mean() / 2

    model = Halved(linear(), nn.MSELoss())
    batch = torch.ones(4, 3)
    step = as_step(model.evaluation_step(batch), batch)
    assert step.size == 4
    assert torch.equal(step.loss, model.network(batch).mean() / 2)


def test_a_module_with_its_own_steps_is_used_as_it_is() -> None:
    class Own(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.ones(()))

        def training_step(self, batch: Tensor) -> Tensor:
            return self.weight * batch.mean()

    own = Own()
    model = as_model(own, nn.MSELoss())
    assert model.training_step.__self__ is own  # type: ignore[attr-defined]
    assert model.training_step.__func__ is Own.training_step  # type: ignore[attr-defined]
    assert torch.equal(model.evaluation_step(torch.ones(3)), torch.ones(()))  # type: ignore[arg-type]
    assert set(model.state_dict()) == {"weight"}
    copied = copy.deepcopy(model)
    with torch.no_grad():
        own.weight.fill_(7)
    assert torch.equal(copied.training_step(torch.ones(3)), torch.ones(()))  # type: ignore[arg-type]


def test_a_model_is_kept_and_anything_else_refused() -> None:
    model = Model(linear(), nn.MSELoss())
    assert as_model(model, nn.L1Loss()) is model
    with pytest.raises(DataError, match=r"nn\.Module or a stride Model, not int"):
        as_model(3, nn.MSELoss())


def test_a_copy_shares_nothing_with_the_original() -> None:
    model = Model(linear(), nn.CrossEntropyLoss())
    copied = copy.deepcopy(model)
    assert copied.forward is copied.network is not model.network
    batch = (torch.randn(2, 3), torch.tensor([0, 1]))
    copied.training_step(batch).loss.backward()
    assert all(p.grad is None for p in model.parameters())


def test_predict_gives_outputs_in_evaluation_mode_and_restores_the_mode() -> None:
    network = nn.Sequential(nn.Linear(3, 2), nn.Dropout(0.9))
    model = Model(network, nn.MSELoss())
    inputs = torch.randn(4, 3)
    assert torch.equal(model.predict(inputs), network[0](inputs))
    assert network.training and network[1].training
    model.eval()
    model.predict(inputs)
    assert not network.training


def test_state_holds_the_criterion_too_and_loads_strictly() -> None:
    class Scaled(nn.MSELoss):
        def __init__(self) -> None:
            super().__init__()
            self.scale = nn.Parameter(torch.ones(()))

    model = Model(linear(), Scaled())
    assert set(model.state_dict()) == {"weight", "bias", "criterion:scale"}
    assert len(list(model.parameters())) == 3
    other = Model(nn.Linear(3, 2), Scaled())
    state = {k: v + 1 for k, v in model.state_dict().items()}
    other.load_state_dict(state)
    assert all(torch.equal(v, state[k]) for k, v in other.state_dict().items())
    for broken in ({"weight": state["weight"]}, {**state, "extra": torch.ones(1)}):
        with pytest.raises(RuntimeError, match=r"Missing|Unexpected"):
            other.load_state_dict(broken)


def test_modes_and_devices_reach_network_and_criterion() -> None:
    model = Model(linear(), nn.CrossEntropyLoss(weight=torch.ones(2)))
    assert not model.eval().network.training and not model.criterion.training
    assert model.train().network.training and model.criterion.training
    assert model.to("meta").device.type == "meta"
    assert next(iter(model.criterion.buffers())).device.type == "meta"
    assert Model(nn.Identity(), nn.MSELoss()).device.type == "cpu"


def test_a_bare_loss_becomes_a_step_and_anything_else_is_refused() -> None:
    step = as_step(torch.ones(1), {"x": torch.zeros(7, 2)})
    assert step.size == 7 and step.loss.shape == ()
    assert as_step(step, None) is step
    with pytest.raises(DataError, match=r"Tensor of shape \(2,\); return the mean loss"):
        as_step(torch.ones(2), torch.zeros(2))
    with pytest.raises(DataError, match="returned a NoneType"):
        as_step(None, torch.zeros(2))


def test_the_batch_size_is_that_of_the_first_tensor() -> None:
    assert batch_size([{"a": "text", "b": torch.zeros(5, 2)}]) == 5
    assert batch_size(torch.zeros(())) == 1
    assert batch_size("text") == batch_size({"a": object()}) == 1


def test_a_users_step_needs_a_scalar_loss_and_a_number_of_samples():
    for size in (2, 2.5, np.int64(2), torch.tensor(2)):
        assert as_step(Step(torch.zeros(()), size), None).size is size
    for loss, size in ((1, 2), ((), torch.ones(2)), ((), -1), ((), math.nan), ((), True)):
        step = Step(torch.zeros(loss), size)
        with pytest.raises(DataError, match="no scalar loss, or no number"):
            as_step(step, torch.zeros(2, 1))
