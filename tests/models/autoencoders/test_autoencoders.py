"""What holds of every built-in autoencoder of series."""

import math
from collections.abc import Iterator

import pytest
import torch
from torch import nn

from stride.components import find
from stride.config.names.built_in import BUILT_IN
from stride.errors import ComponentError
from stride.models.build import build_network, resolve_model

SERIES = ("LSTMAE", "GRUAE", "CNNAE", "TransformerAE")
NETWORKS = ("FeedForwardAE", *SERIES)
SMALL = {
    "FeedForwardAE": {"hidden": [16, 3]},
    "LSTMAE": {"hidden": [32], "code": 3},
    "GRUAE": {"hidden": [32], "code": 3},
    "CNNAE": {"channels": [8, 8], "code": 3},
    "TransformerAE": {"width": 16, "heads": 2, "code": 3},
}


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Several threads wait for each other in layers this small."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def small(name: str, shape: tuple[int, int], **given: object) -> nn.Module:
    """Return a small network with a code of three numbers, built from a seed as a run's is."""
    arguments = {"input_shape": list(shape), **SMALL[name], **given}
    return build_network(resolve_model({"model_name": name, **arguments}, None, seed=1))


def sines(samples: int, points: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    phases = 2 * math.pi * torch.rand(samples, 1, 1, generator=generator)
    return (phases + torch.arange(points) * 2 * math.pi / 16).sin()


def test_every_one_that_has_a_name_is_looked_at_here() -> None:
    assert {name for name in BUILT_IN["model"] if name.endswith("AE")} == {*NETWORKS}


@pytest.mark.parametrize("shape", [(1, 1), (3, 1), (2, 2), (1, 7), (2, 33)])
@pytest.mark.parametrize("name", NETWORKS)
def test_any_channels_and_any_length_are_given_back_and_every_weight_takes_part(
    name: str, shape: tuple[int, int]
) -> None:
    built = find("model", name)(shape)
    inputs = torch.randn(3, *shape)
    outputs = built(inputs)
    assert outputs.shape == inputs.shape
    outputs.square().sum().backward()
    assert all(one.grad is not None for one in built.parameters())


@pytest.mark.parametrize("name", NETWORKS)
def test_the_code_is_as_narrow_as_declared_and_all_that_the_output_depends_on(name: str) -> None:
    built = small(name, (2, 24)).eval()
    inputs = torch.randn(50, 2, 24)
    code = built.get_submodule("encoder")(inputs)
    assert code.shape == (50, 3)
    assert torch.equal(built.get_submodule("decoder")(code), built(inputs))
    # By the derivatives, an output moves in three directions however the input is moved.
    jacobian = torch.autograd.functional.jacobian(built.double(), inputs[:1].double())
    assert int(torch.linalg.matrix_rank(jacobian.reshape(48, 48), rtol=1e-6)) == 3


@pytest.mark.parametrize("name", SERIES)
def test_the_code_follows_from_the_data_where_it_is_not_given(name: str) -> None:
    built = small(name, (2, 64), code=None)
    assert built.get_submodule("encoder")(torch.randn(4, 2, 64)).shape == (4, 8)


@pytest.mark.parametrize("name", NETWORKS)
def test_sines_are_learned_far_below_the_error_of_their_mean(name: str) -> None:
    inputs = sines(32, 16)
    built = small(name, (1, 16))
    optimizer = torch.optim.Adam(built.parameters(), lr=1e-2)
    for _ in range(80):
        loss = nn.functional.l1_loss(built(inputs), inputs)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss < 0.5 * (inputs - inputs.mean()).abs().mean()


@pytest.mark.parametrize("name", SERIES)
def test_the_seed_alone_decides_the_weights(name: str) -> None:
    one, other = small(name, (1, 20)).state_dict(), small(name, (1, 20)).state_dict()
    assert all(torch.equal(one[key], other[key]) for key in one)
    weights = torch.nn.utils.parameters_to_vector(small(name, (1, 20)).parameters())
    assert len(weights.unique()) > 0.8 * len(weights)  # no layer begins as a copy of another


@pytest.mark.parametrize("shape", [(20,), (1, 8, 8)])
@pytest.mark.parametrize("name", SERIES)
def test_what_is_not_a_series_is_refused_with_the_network_to_take(
    name: str, shape: tuple[int, ...]
) -> None:
    with pytest.raises(ComponentError, match=rf"{name} wants .*model_name=FeedForwardAE"):
        find("model", name)(shape)
