"""Which layers a pack knows, and what it does with each: all members at once, or one by one."""

from collections.abc import Collection, Iterator, Sequence

from torch import nn

from stride.engine.packs.activations import KERNELS
from stride.engine.packs.differentiated import EachAlone, Elementwise
from stride.engine.packs.layers import (
    Layer,
    Making,
    Reshaping,
    StackedActivation,
    StackedDropout,
    StackedLinear,
)
from stride.engine.packs.memory import ReusedMemory
from stride.engine.packs.norms import StackedBatchNorm, StackedGroupNorm, StackedLayerNorm

ELEMENTWISE: tuple[type[nn.Module], ...] = (
    *(nn.ReLU6, nn.ELU, nn.SELU, nn.CELU, nn.Mish, nn.LogSigmoid, nn.Softplus, nn.Softsign),
    *(nn.Hardtanh, nn.Hardsigmoid, nn.Hardswish, nn.Hardshrink, nn.Softshrink, nn.Tanhshrink),
    nn.Identity,
)
"""Activations that are left to autograd."""

RULES: dict[type[nn.Module], type[Layer]] = {
    nn.Linear: StackedLinear,
    nn.BatchNorm1d: StackedBatchNorm,
    nn.GroupNorm: StackedGroupNorm,
    nn.LayerNorm: StackedLayerNorm,
    nn.Dropout: StackedDropout,
    nn.Flatten: Reshaping,
    nn.Unflatten: Reshaping,
    **dict.fromkeys(KERNELS, StackedActivation),
    **dict.fromkeys(ELEMENTWISE, Elementwise),
}
"""What is done with a layer of exactly this type."""


def layers_of(network: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    """Yield name and layer of what a network calls one after the other.

    A network, or a part of one, that is not a plain `nn.Sequential` counts as one layer.
    """
    yield from _chain("", network)


def _chain(name: str, module: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    if not isinstance(module, nn.Sequential) or type(module).forward is not nn.Sequential.forward:
        yield name, module
        return
    for child, part in module._modules.items():  # one that is called twice stands there twice
        if part is not None:
            yield from _chain(f"{name}.{child}" if name else child, part)


def pack_layers(networks: Sequence[nn.Module], alone: Collection[str]) -> list[Layer]:
    """Return the layers of networks of one architecture, in stacks.

    Args:
        networks: of the members.
        alone: names of the layers that are done member by member.
    """
    chains = [[module for _, module in layers_of(network)] for network in networks]
    names = [name for name, _ in layers_of(networks[0])]
    layers = [
        (EachAlone if name in alone else RULES[type(modules[0])])(name, modules)
        for name, modules in zip(names, zip(*chains, strict=True), strict=True)
    ]
    making = [layer for layer in layers if isinstance(layer, Making)]
    for layer in making[:-1]:  # the last one's outputs are those of the network
        layer.room.outputs = ReusedMemory()
    first = next(place for place, layer in enumerate(layers) if layer.parameters)
    layers[first].is_first = True
    for before in layers[:first]:
        before.is_trained = False
    return layers
