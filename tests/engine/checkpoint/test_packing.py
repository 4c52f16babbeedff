"""State without pickle: everything torch's optimisers and schedulers hold comes back equal."""

import json
import random
from collections import Counter

import numpy as np
import pytest
import torch
from torch import nn

from stride.distributed import rank
from stride.engine.checkpoint.packing import Packer, unpack
from stride.runs.files.encoding import json_bytes


def _packed():
    from stride.models.shards import cpu_mesh, from_local_shard

    rows = from_local_shard(torch.full((2 - rank(), 2), float(rank())), (3, 2), cpu_mesh())
    packer = Packer()
    return packer.pack({"a": rows, "b": rows, "plain": torch.ones(1)}, "x"), packer.rows


@pytest.mark.ddp
def test_each_rank_keeps_its_rows_of_a_divided_tensor(ranks):
    (skeleton, first), (_, second) = ranks(2, _packed)
    spec = {"$rows": {"name": "x/a", "shape": [3, 2], "borders": [0, 2, 3]}}
    assert skeleton == {"a": spec, "b": spec, "plain": {"$tensor": "x/plain"}}
    assert list(first) == ["x/a@0"] and list(second) == ["x/a@1"]
    back = unpack(json.loads(json_bytes(skeleton)), {**first, **second, "x/plain": torch.ones(1)})
    assert back["a"].tolist() == [[0, 0], [0, 0], [1, 1]]


def round_trip(value):
    packer = Packer()
    skeleton = json.loads(json_bytes(packer.pack(value, "x")))
    # A file holds copies: what training changes later is not in it.
    return unpack(skeleton, {name: tensor.clone() for name, tensor in packer.tensors.items()})


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        3,
        0.1,
        float("inf"),
        "text",
        b"\x00\xff",
        (1, (2.5, None)),
        [1, [2]],
        {1: "a", 2: "b"},
        {"$odd": 1},
        {"a": {"b": ()}},
        {1, 2},
        Counter({5: 2}),
        random.Random(0).getstate(),
    ],
)
def test_plain_values_come_back_with_their_types(value):
    back = round_trip(value)
    assert back == value
    assert type(back) is type(value)


def test_nan_comes_back():
    assert np.isnan(round_trip(float("nan")))


def test_arrays_and_numpy_numbers_come_back():
    back = round_trip({"a": np.arange(3), "b": np.float32(0.5)})
    assert back["a"].dtype == np.arange(3).dtype
    assert back["b"] == 0.5


def test_a_tensor_met_twice_is_stored_once():
    tensor = torch.randn(3)
    packer = Packer()
    packer.pack({"a": tensor, "b": tensor, "c": tensor[:2]}, "x")
    assert set(packer.tensors) == {"x/a", "x/c"}


def test_what_needs_pickle_is_refused_by_its_place():
    with pytest.raises(TypeError, match="callback/thing: a object cannot be stored"):
        Packer().pack({"thing": object()}, "callback")


OPTIMIZERS = [
    name
    for name in dir(torch.optim)
    if isinstance(getattr(torch.optim, name), type)
    and issubclass(getattr(torch.optim, name), torch.optim.Optimizer)
    and name not in ("Optimizer", "SparseAdam", "LBFGS", "Muon")
]


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_torch_optimizer_goes_on_with_the_same_bits(name):
    def made():
        torch.manual_seed(0)
        network = nn.Linear(3, 2)
        return network, getattr(torch.optim, name)(network.parameters(), lr=0.01)

    def train(network, optimizer, steps):
        for i in range(steps):
            optimizer.zero_grad()
            network(torch.full((4, 3), float(i + 1))).square().sum().backward()
            optimizer.step()

    whole, whole_optimizer = made()
    train(whole, whole_optimizer, 2)
    saved, weights = round_trip(whole_optimizer.state_dict()), round_trip(dict(whole.state_dict()))
    other, optimizer = made()
    other.load_state_dict(weights)
    optimizer.load_state_dict(saved)
    train(whole, whole_optimizer, 2)
    train(other, optimizer, 2)
    assert torch.equal(whole.weight, other.weight)


SCHEDULERS = {
    "StepLR": {"step_size": 2},
    "MultiStepLR": {"milestones": [1, 3]},
    "ConstantLR": {},
    "LinearLR": {},
    "ExponentialLR": {"gamma": 0.9},
    "CosineAnnealingLR": {"T_max": 5},
    "CosineAnnealingWarmRestarts": {"T_0": 2},
    "CyclicLR": {"base_lr": 0.01, "max_lr": 0.1},
    "OneCycleLR": {"max_lr": 0.1, "total_steps": 10},
    "PolynomialLR": {},
    "ReduceLROnPlateau": {"patience": 0},
}


@pytest.mark.parametrize("name", SCHEDULERS)
def test_every_torch_scheduler_goes_on_with_the_same_rates(name):
    def made():
        optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=0.1, momentum=0.9)
        make = getattr(torch.optim.lr_scheduler, name)
        return optimizer, make(optimizer, **SCHEDULERS[name])

    def train(optimizer, scheduler, steps):
        rates = []
        for _ in range(steps):
            optimizer.step()
            scheduler.step(*([1.0] if name == "ReduceLROnPlateau" else []))
            rates.append(optimizer.param_groups[0]["lr"])
        return rates

    optimizer, scheduler = made()
    train(optimizer, scheduler, 3)
    saved, saved_optimizer = round_trip(scheduler.state_dict()), round_trip(optimizer.state_dict())
    other_optimizer, other = made()
    other.load_state_dict(saved)
    other_optimizer.load_state_dict(saved_optimizer)
    assert train(other_optimizer, other, 4) == train(optimizer, scheduler, 4)


def test_two_places_that_read_alike_keep_their_own_tensors():
    back = round_trip({"a/b": torch.tensor(1), "a": {"b": torch.tensor(2)}})
    assert (back["a/b"].item(), back["a"]["b"].item()) == (1, 2)


def test_a_sparse_tensor_is_refused_by_its_place():
    with pytest.raises(TypeError, match=r"x/w: a torch.sparse_coo tensor"):
        Packer().pack({"w": torch.eye(3).to_sparse()}, "x")


def test_a_tensor_comes_back_as_it_lay_in_memory():
    images = torch.randn(2, 3, 4, 5).contiguous(memory_format=torch.channels_last)
    values = {"t": torch.randn(2, 3).T, "c": images, "p": torch.randn(2, 3, 4).permute(1, 2, 0)}
    packer = Packer()
    skeleton = json.loads(json_bytes(packer.pack(values | {"rows": torch.ones(2, 3)}, "x")))
    assert skeleton["t"] == {"$tensor": "x/t", "strides": [1, 3]}
    assert skeleton["rows"] == {"$tensor": "x/rows"}
    back = unpack(skeleton, {name: t.contiguous().clone() for name, t in packer.tensors.items()})
    for name, value in values.items():
        assert torch.equal(back[name], value) and back[name].stride() == value.stride(), name


def test_a_slice_comes_back_as_its_numbers_alone():
    back = round_trip(torch.arange(10.0)[::2])
    assert back.tolist() == [0, 2, 4, 6, 8] and back.stride() == (1,)


def test_arrays_come_back_in_their_order_and_numbers_in_their_precision():
    back = round_trip(
        {"f": np.ones((2, 3), order="F"), "r": np.arange(3)[::-1], "n": np.float32(3)}
    )
    assert back["f"].flags.f_contiguous and not back["f"].flags.c_contiguous
    assert back["r"].tolist() == [2, 1, 0] and type(back["n"]) is np.float32
    frozen = np.arange(2)
    frozen.setflags(write=False)
    assert round_trip(frozen).tolist() == [0, 1]


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (torch.zeros(1).expand(3), "x/w: .* one place in memory .* clone"),
        (torch.zeros(2, dtype=torch.complex128), "x/w: a tensor of torch.complex128"),
    ],
)
def test_what_no_file_can_give_back_is_refused_by_its_place(value, words):
    with pytest.raises(TypeError, match=words):
        Packer().pack({"w": value}, "x")
