"""Shapes, options and learning of the built-in networks."""

from collections.abc import Callable, Iterator

import pytest
import torch
from torch import nn

from stride.errors import ComponentError
from stride.models.cnn import CNN
from stride.models.fcnn import FCNN
from stride.models.mlp import MLP
from stride.models.resnet import ResNet

NETWORKS: list[Callable[..., nn.Module]] = [MLP, CNN, FCNN, ResNet]
SIGNALS = [(2, 12), (3, 9, 7), (1, 6, 8, 8)]


@pytest.fixture
def one_thread() -> Iterator[None]:
    """Several threads wait for each other in layers this small."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("inputs", SIGNALS)
@pytest.mark.parametrize("outputs", [(), (5,)])
def test_each_network_gives_the_shape_asked_for(
    network: Callable[..., nn.Module], inputs: tuple[int, ...], outputs: tuple[int, ...]
) -> None:
    built = network(inputs, outputs)
    result = built(torch.randn(2, *inputs))
    assert result.shape == (2, *outputs)
    result.sum().backward()
    assert all(p.grad is not None for p in built.parameters())


@pytest.mark.parametrize("network", [MLP, CNN, ResNet])
def test_outputs_of_several_dimensions(network: Callable[..., nn.Module]) -> None:
    assert network((1, 8, 8), (2, 3))(torch.randn(4, 1, 8, 8)).shape == (4, 2, 3)


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("norm", ["none", "batch", "layer", "group"])
def test_each_normalisation(network: Callable[..., nn.Module], norm: str) -> None:
    built = network((1, 8, 8), (3,), norm=norm)
    kinds = {"none": (), "batch": (nn.BatchNorm1d, nn.BatchNorm2d)}.get(norm, (nn.GroupNorm,))
    normalising = (nn.BatchNorm1d, nn.BatchNorm2d, nn.GroupNorm)
    found = [m for m in built.modules() if isinstance(m, normalising)]
    assert bool(found) == (norm != "none")
    assert all(isinstance(m, kinds) for m in found)
    assert built(torch.randn(4, 1, 8, 8)).shape == (4, 3)


@pytest.mark.parametrize("network", NETWORKS)
def test_activation_and_dropout_options(network: Callable[..., nn.Module]) -> None:
    built = network((1, 8, 8), (3,), activation="GELU", dropout=0.5)
    assert any(isinstance(m, nn.GELU) for m in built.modules())
    assert any(isinstance(m, nn.Dropout) and m.p == 0.5 for m in built.modules())
    assert not any(isinstance(m, nn.ReLU) for m in built.modules())
    plain = network((1, 8, 8), (3,), dropout=0.0)
    assert not any(isinstance(m, nn.Dropout) for m in plain.modules())


def test_an_unknown_activation_is_refused_with_the_nearest() -> None:
    with pytest.raises(ComponentError, match=r"no activation 'relu'.*did you mean 'ReLU'"):
        MLP((4,), (2,), activation="relu")
    with pytest.raises(ComponentError, match="GELU, SiLU"):
        MLP((4,), (2,), activation="Module")


def test_widths_of_the_mlp() -> None:
    linear = [m for m in MLP((4,), (2,), hidden=[10, 7]) if isinstance(m, nn.Linear)]
    assert [(m.in_features, m.out_features) for m in linear] == [(4, 10), (10, 7), (7, 2)]
    assert [type(m) for m in MLP((4,), (2,), hidden=[])] == [nn.Linear]


def test_channels_kernels_pooling_and_head_of_the_cnn() -> None:
    built = CNN((1, 9, 9), (2,), channels=[4, 6, 8], kernel_size=5, pooling=3, hidden=[11, 12])
    convolutions = [m for m in built if isinstance(m, nn.Conv2d)]
    assert [(m.in_channels, m.out_channels) for m in convolutions] == [(1, 4), (4, 6), (6, 8)]
    assert {m.kernel_size for m in convolutions} == {(5, 5)}
    assert len([m for m in built if isinstance(m, nn.MaxPool2d)]) == 2  # 9 -> 3 -> 1
    dense = [m for m in built if isinstance(m, nn.Linear)]
    assert [(m.in_features, m.out_features) for m in dense] == [(8, 11), (11, 12), (12, 2)]
    flat = CNN((1, 6), (2,), channels=[3], pooling=1, hidden=[])
    assert [m.in_features for m in flat if isinstance(m, nn.Linear)] == [18]


@pytest.mark.parametrize(
    ("outputs", "result"),
    [((3, 8, 8), (3, 12, 5)), ((8, 8), (12, 5)), ((1, 8, 8), (1, 12, 5)), ((3,), (3,)), ((), ())],
)
def test_the_fcnn_takes_any_size(outputs: tuple[int, ...], result: tuple[int, ...]) -> None:
    network = FCNN((2, 8, 8), outputs)
    assert network(torch.randn(3, 2, 8, 8)).shape == (3, *outputs)
    assert network(torch.randn(3, 2, 12, 5)).shape == (3, *result)


def test_the_fcnn_is_translation_equivariant_inside() -> None:
    network = FCNN((1, 16, 16), (1, 16, 16)).eval()
    image = torch.zeros(1, 1, 16, 16)
    image[0, 0, 8, 8] = 1
    moved = network(image.roll(1, dims=-1))
    assert torch.allclose(moved[..., 4:12, 5:13], network(image)[..., 4:12, 4:12], atol=1e-6)


def test_the_fcnn_refuses_an_output_that_is_neither() -> None:
    with pytest.raises(ComponentError, match=r"not \(3, 4, 4\).*model_name=MLP"):
        FCNN((1, 8, 8), (3, 4, 4))


@pytest.mark.parametrize("network", [CNN, FCNN, ResNet])
def test_a_vector_is_refused_in_favour_of_the_mlp(network: Callable[..., nn.Module]) -> None:
    with pytest.raises(ComponentError, match=r"not \(64,\).*model_name=MLP"):
        network((64,), (10,))


def test_the_resnet_of_18_layers_has_18_and_the_size_of_the_paper() -> None:
    network = ResNet((3, 224, 224), (1000,), variant="18")
    wide = [m for m in network.modules() if isinstance(m, nn.Conv2d) and m.kernel_size != (1, 1)]
    assert len(wide) + sum(isinstance(m, nn.Linear) for m in network.modules()) == 18
    assert sum(p.numel() for p in network.parameters()) == 11_689_512  # as torchvision's
    assert network(torch.randn(1, 3, 64, 64)).shape == (1, 1000)


def test_the_resnet_divides_large_inputs_by_four_and_small_ones_not() -> None:
    def size_after_stem(side: int) -> int:
        network = ResNet((1, side, side), (2,))
        layers = list(network)
        stem = nn.Sequential(
            *layers[: next(i for i, m in enumerate(layers) if hasattr(m, "shortcut"))]
        )
        return int(stem(torch.zeros(2, 1, side, side)).shape[-1])

    assert size_after_stem(64) == 16
    assert size_after_stem(63) == 63


def test_widths_of_the_resnet() -> None:
    network = ResNet((1, 8, 8), (2,), widths=[4, 8])
    assert next(m for m in network if isinstance(m, nn.Linear)).in_features == 8


@pytest.mark.parametrize("network", NETWORKS)
def test_each_network_learns_a_handful_of_samples(
    network: Callable[..., nn.Module], one_thread: None
) -> None:
    torch.manual_seed(0)
    built = network((1, 8, 8), (2,))
    inputs, targets = torch.randn(16, 1, 8, 8), torch.arange(16) % 2
    optimizer = torch.optim.AdamW(built.parameters(), lr=1e-2)
    for _ in range(30):
        loss = nn.functional.cross_entropy(built(inputs), targets)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss < 0.3
