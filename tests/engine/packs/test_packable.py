"""What cannot be packed is said with its reason."""

import copy

import pytest
import torch
from torch import nn
from torch.optim import SGD, Adam, AdamW

from stride.engine.packs.member import Member
from stride.engine.packs.packable import Setting, why_not, why_not_together
from stride.engine.packs.rules import layers_of
from stride.models.model import Model
from tests.engine.packs.trainings import chain, member, members, normalised


class Own(Model):
    """A model with steps of its own."""


def network(*layers):
    return Model(nn.Sequential(nn.Linear(8, 4), *layers), nn.CrossEntropyLoss())


def with_model(model):
    return Member(model, AdamW(model.parameters(), fused=True))


def frozen():
    model = network(nn.Linear(4, 4))
    model.network[1].bias.requires_grad_(False)
    return model


def hooked():
    model = network()
    model.network[0].register_forward_hook(print)
    return model


def shared():
    layer = nn.Linear(8, 8)
    return Model(nn.Sequential(layer, nn.ReLU(), layer), nn.MSELoss())


def wrapped():
    model = network()
    model.forward = nn.Sequential(model.network)
    return model


def masked():
    model = network()
    model.network[0].weight.register_hook(lambda gradient: 0 * gradient)
    return model


def followed():
    model = network()
    model.network[0].bias.register_post_accumulate_grad_hook(print)
    return model


def watched():
    inner = nn.Sequential(nn.ReLU())
    inner.register_forward_hook(print)
    return network(inner)


def patched():
    model = network()
    model.network[0].forward = lambda inputs: inputs[:, :4]
    return model


MODELS = {
    "'0.weight' has hooks": masked,
    "'0.bias' has hooks": followed,
    "layer 1 has hooks": watched,
    "layer 0 was given another forward": patched,
    "Own has steps of its own": lambda: Own(nn.Linear(2, 2), nn.MSELoss()),
    "the network is compiled or wrapped": wrapped,
    "a part of the network is frozen": frozen,
    "layers share a parameter": shared,
    "the network has no parameters": lambda: Model(nn.Sequential(nn.ReLU()), nn.MSELoss()),
    "'0.weight' is of type float64": lambda: Model(network().network.double(), nn.MSELoss()),
    "'0.weight' is on meta": lambda: Model(network().network.to("meta"), nn.MSELoss()),
    "the criterion is HuberLoss": lambda: Model(nn.Linear(2, 2), nn.HuberLoss()),
    "the reduction of MSELoss is sum": lambda: Model(nn.Linear(2, 2), nn.MSELoss(reduction="sum")),
    "CrossEntropyLoss smooths the labels": lambda: Model(
        nn.Linear(2, 2), nn.CrossEntropyLoss(label_smoothing=0.1)
    ),
    "layer 1 is Softmax": lambda: network(nn.Softmax(1)),
    "layer 1.0 is Conv1d": lambda: network(nn.Sequential(nn.Conv1d(4, 4, 1))),
    "layer LSTM is LSTM": lambda: Model(nn.LSTM(2, 2), nn.MSELoss()),
    "layer 0 has hooks": hooked,
    "layer 1 averages over all batches alike": lambda: network(nn.BatchNorm1d(4, momentum=None)),
}


@pytest.mark.parametrize("reason", MODELS)
def test_a_model_that_cannot_be_packed_says_why(reason):
    model = MODELS[reason]()
    one = with_model(model) if [*model.parameters()] else member(0)
    assert why_not(Member(model, one.optimizer), Setting()) == reason


def test_hooks_of_all_modules_are_seen():
    handle = nn.modules.module.register_module_forward_hook(lambda *_: None)
    try:
        assert why_not(member(0), Setting()) == "hooks are registered for all modules"
    finally:
        handle.remove()


def test_a_layer_that_is_called_twice_counts_twice():
    activation = nn.Tanh()
    chained = nn.Sequential(nn.Linear(2, 2), activation, nn.Linear(2, 2), activation)
    assert [name for name, _ in layers_of(chained)] == ["0", "1", "2", "3"]


def decoupled(optimizer):
    """Have what Adam of newer versions of torch takes as an argument."""
    optimizer.param_groups[0]["decoupled_weight_decay"] = True
    return optimizer


OPTIMIZERS = {
    "the optimizer is SGD": lambda p: SGD(p, fused=True),
    "AdamW is not fused": AdamW,
    "AdamW has amsgrad": lambda p: AdamW(p, fused=True, amsgrad=True),
    "AdamW has a tensor for a number": lambda p: AdamW(p, lr=torch.tensor(0.1), fused=True),
    "Adam has decoupled_weight_decay": lambda p: decoupled(Adam(p, fused=True)),
    "the optimizer does not move all parameters": lambda p: AdamW([*p][:1], fused=True),
}


@pytest.mark.parametrize("reason", OPTIMIZERS)
def test_an_optimizer_that_cannot_be_packed_says_why(reason):
    model = network()
    assert why_not(Member(model, OPTIMIZERS[reason](model.parameters())), Setting()) == reason


SETTINGS = {
    "": {},
    "hooks run before each update": {"before_step": 1},
    "an update takes 2 batches": {"accumulate": 2},
    "the precision is bf16": {"precision": "bf16"},
    "each loss is read before its update": {"check_loss": True},
    "2 processes train together": {"processes": 2},
    "torch computes with 4 threads": {"threads": 4},
}


@pytest.mark.parametrize("reason", SETTINGS)
def test_what_surrounds_the_steps_says_why(reason):
    assert why_not(member(0), Setting(**SETTINGS[reason])) == reason


def test_members_may_differ_in_weights_and_numbers_alone():
    assert why_not_together([member(0, normalised), member(1, lambda: other_rate())]) == ""
    wide = member(1, lambda: chain(32, 65, 10))
    assert why_not_together([member(0), wide]) == "the layers differ"
    pointwise = member(1, criterion=nn.MSELoss())
    assert why_not_together([member(0), pointwise]) == "the criteria differ"
    grouped = member(1)
    halves = [{"params": [p]} for p in grouped.model.parameters()]
    optimizer = AdamW(halves, fused=True)
    assert (
        why_not_together([member(0), Member(grouped.model, optimizer)]) == "the optimizers differ"
    )
    model = member(1).model
    other = Member(model, Adam(model.parameters(), fused=True))
    assert why_not_together([member(0), other]) == "the optimizers differ"
    first, second = members(2)
    both = [first, Member(second.model, second.optimizer, first.generator)]
    assert why_not_together(both) == "members draw from one generator"


def other_rate():
    network = copy.deepcopy(normalised())
    network[3].p = 0.7
    return network
