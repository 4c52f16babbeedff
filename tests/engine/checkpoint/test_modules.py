"""What a model's modules have beside their weights is saved and put back."""

import pytest
import torch
from torch import nn

from stride.engine.checkpoint.modules import ModuleState, WeightsState
from stride.models.model import Model
from tests.engine.checkpoint.test_packing import round_trip


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Linear(2, 3), nn.Dropout()
        self.register_buffer("count", torch.zeros(1), persistent=False)
        self.register_buffer("late", None)
        self.register_buffer("cache", None, persistent=False)


def model():
    torch.manual_seed(0)
    return Model(Net(), nn.CrossEntropyLoss(weight=torch.ones(3)))


def carried(saved, other):
    """Carry the state of one model over to another, through a checkpoint's form."""
    for kind in (WeightsState, ModuleState):
        kind(other).load_state_dict(round_trip(kind(saved).state_dict()))
    return other.network


def test_frozen_parameters_modes_and_buffers_come_back():
    trained = model()
    network = trained.network
    network.first.bias.requires_grad_(False)
    network.second.eval()
    network.count += 5
    network.late, network.cache = torch.arange(3.0), torch.ones(2)
    again = carried(trained, model())
    assert (again.first.weight.requires_grad, again.first.bias.requires_grad) == (True, False)
    assert (again.training, again.first.training, again.second.training) == (True, True, False)
    assert again.count.item() == 5 and again.cache.tolist() == [1, 1]
    assert again.late.tolist() == [0, 1, 2]


def test_what_was_frozen_before_is_open_again():
    other = model()
    other.network.requires_grad_(False).eval()
    again = carried(model(), other)
    assert all(p.requires_grad for p in again.parameters()) and again.second.training


def test_a_buffer_that_has_gone_or_grown_is_as_it_was():
    trained, other = model(), model()
    other.network.late, trained.network.cache = torch.ones(1), torch.ones(4)
    other.network.cache = torch.ones(2)
    again = carried(trained, other)
    assert again.late is None and again.cache.tolist() == [1] * 4


def test_a_parameter_lies_as_it_lay_and_views_of_one_memory_stay_so():
    trained, other = model(), model()
    weight = trained.network.first.weight
    weight.data = weight.data.T.contiguous().T
    again = carried(trained, other)
    assert again.first.weight.stride() == (1, 3) and torch.equal(again.first.weight, weight)
    trained, other = model(), model()
    trained.network.first.weight.data = trained.network.first.weight.data.T.contiguous().T
    memory = torch.zeros(9)
    first = other.network.first
    first.weight.data, first.bias.data = memory[:6].view(3, 2), memory[6:]
    carried(trained, other)
    assert torch.equal(memory[:6].view(3, 2), trained.network.first.weight)


def test_another_model_is_refused_by_the_names_that_differ():
    saved = WeightsState(model()).state_dict()
    saved["gone.weight"] = saved.pop("first.bias")
    saved["first.weight"] = torch.zeros(4, 2)
    with pytest.raises(RuntimeError) as caught:
        WeightsState(model()).require_fit(saved)
    assert str(caught.value) == (
        "missing: first.bias; unknown: gone.weight; "
        "of another shape: first.weight (4, 2) instead of (3, 2)"
    )
    WeightsState(model()).require_fit({**WeightsState(model()).state_dict(), "late": torch.ones(2)})
