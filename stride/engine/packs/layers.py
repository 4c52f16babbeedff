"""Layers of all members at once: each kind of layer by the rule that keeps every member's bits."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from stride.engine.packs.functions import Exchange, Linear, Rectifier, Room
from stride.engine.packs.member import drawing_from
from stride.engine.packs.stacks import ParameterStack, Stack

_VECTORS = 64  # numbers that torch takes at once at most: two vectors, or four, of 16

Generators = Mapping[int, torch.Generator]
"""What the members draw from, by their places; an idle place has none."""


class Layer(ABC):
    """One layer of each member, with their parameters and buffers in stacks.

    Attributes:
        name: of the layer in a member's network.
        room: for what it computes, where it asks for some.
        parameters: stacks by the names in the layer.
    """

    def __init__(self, name: str, modules: Sequence[Any]) -> None:
        self.name = name
        self.room = Room()
        self._modules = modules
        names = [known for known, _ in modules[0].named_parameters(recurse=False)]
        self.parameters = {
            known: ParameterStack([getattr(module, known) for module in modules]) for known in names
        }
        self._buffers = {known: self._buffer(known) for known, _ in modules[0].named_buffers()}

    def _buffer(self, name: str) -> Stack:
        tensors = [getattr(module, name) for module in self._modules]
        stack = Stack(tensors)
        stack.adopt(tensors)
        return stack

    @abstractmethod
    def forward(self, inputs: Tensor, generators: Generators) -> Tensor:
        """Map inputs (members, N, ...) to outputs (members, N, ...)."""

    def leaves(self, places: Sequence[int]) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield what a step of these places differentiates by, and where its gradient belongs."""
        for stack in self.parameters.values():
            yield stack.leaf, stack.gradients.values

    def holds(self, place: int) -> bool:
        """Tell whether a member's parameters and buffers are rows of the stacks still."""
        buffers = self._buffers.items()
        return all(stack.holds(place) for stack in self.parameters.values()) and all(
            stack.holds(place, getattr(self._modules[place], name)) for name, stack in buffers
        )

    def release(self, place: int) -> None:
        """Give a member's buffers memory of their own again."""
        for name, stack in self._buffers.items():
            stack.release(place, getattr(self._modules[place], name))

    def _leaf(self, name: str) -> Tensor | None:
        stack = self.parameters.get(name)
        return None if stack is None else stack.leaf


class StackedLinear(Layer):
    """Linear."""

    def forward(self, inputs: Tensor, generators: Generators) -> Tensor:
        """Map by one batched product over all that comes before the features."""
        rows = inputs.flatten(1, -2)
        weight, bias = self.parameters["weight"], self._leaf("bias")
        outputs: Tensor = Linear.apply(  # type: ignore[no-untyped-call]
            rows, weight.leaf, bias, self.room, weight.gradients.values
        )
        return outputs.view(*inputs.shape[:-1], -1)


class StackedReLU(Layer):
    """ReLU."""

    def forward(self, inputs: Tensor, generators: Generators) -> Tensor:
        """Map each number."""
        outputs: Tensor = Rectifier.apply(inputs, self.room)  # type: ignore[no-untyped-call]
        return outputs


class Elementwise(Layer):
    """Another activation, which knows no members.

    Torch computes what is left over of whole vectors by functions that round otherwise. So what is
    left over of a member is to be left over here.
    """

    def forward(self, inputs: Tensor, generators: Generators) -> Tensor:
        """Map each number."""
        if inputs[0].numel() % _VECTORS:
            return torch.stack([self._modules[0](rows) for rows in inputs.unbind()])
        outputs: Tensor = self._modules[0](inputs)
        return outputs


class Reshaping(Layer):
    """Flatten or Unflatten."""

    def forward(self, inputs: Tensor, generators: Generators) -> Tensor:
        """Reshape as the layer does, the dimension of the members aside."""
        module = self._modules[0]
        if isinstance(module, nn.Flatten):
            return inputs.flatten(_beside(module.start_dim), _beside(module.end_dim))
        unflatten: Any = inputs.unflatten
        outputs: Tensor = unflatten(_beside(module.dim), module.unflattened_size)
        return outputs


def _beside(dim: int) -> int:
    """Return the number of a member's dimension in the stack."""
    return dim + 1 if dim >= 0 else dim


class StackedDropout(Layer):
    """Dropout, drawn for each member from its own generator; the rates may differ."""

    def forward(self, inputs: Tensor, generators: Generators) -> Tensor:
        """Drop as torch does: a mask of 0 and 1 over what is kept, times the inputs."""
        mask = torch.ones(inputs.shape)
        kept = [1 - module.p for module in self._modules]
        for place, generator in generators.items():
            if 0 < kept[place] < 1:
                mask[place].bernoulli_(kept[place], generator=generator)
            else:
                mask[place] = kept[place]
        shares = torch.tensor([share or 1.0 for share in kept])
        return inputs * mask.div_(shares.view(-1, *[1] * (inputs.dim() - 1)))


class StackedBatchNorm(Layer):
    """BatchNorm1d: the features of all members are the features of one layer."""

    def forward(self, inputs: Tensor, generators: Generators) -> Tensor:
        """Normalise, and keep each member's running statistics."""
        for count in self._statistics("num_batches_tracked"):
            count.add_(1)
        mean, variance = self._statistics("running_mean", "running_var") or (None, None)
        module = self._modules[0]
        weight, bias = map(_flat, (self._leaf("weight"), self._leaf("bias")))
        features = _as_features(inputs)
        outputs = functional.batch_norm(
            features, mean, variance, weight, bias, True, module.momentum, module.eps
        )
        return _as_members(outputs, inputs)

    def _statistics(self, *names: str) -> list[Tensor]:
        """Return buffers of all members end to end, none where the layer keeps none."""
        return [self._buffers[name].values.flatten() for name in names if name in self._buffers]


class StackedGroupNorm(Layer):
    """GroupNorm: the groups of all members are the groups of one layer."""

    def forward(self, inputs: Tensor, generators: Generators) -> Tensor:
        """Normalise."""
        module = self._modules[0]
        weight, bias = map(_flat, (self._leaf("weight"), self._leaf("bias")))
        groups = module.num_groups * len(inputs)
        features = _as_features(inputs)
        outputs = functional.group_norm(features, groups, weight, bias, module.eps)
        return _as_members(outputs, inputs)


def _flat(stack: Tensor | None) -> Tensor | None:
    return None if stack is None else stack.flatten()


def _as_features(inputs: Tensor) -> Tensor:
    """Return (members, N, C, ...) as (N, members * C, ...)."""
    exchanged: Tensor = Exchange.apply(inputs)  # type: ignore[no-untyped-call]
    return exchanged.flatten(1, 2)


def _as_members(outputs: Tensor, inputs: Tensor) -> Tensor:
    """Return what `_as_features` and a layer made, in the shape of the inputs again."""
    samples, _, *rest = outputs.shape
    features = outputs.view(samples, inputs.shape[0], -1, *rest)
    exchanged: Tensor = Exchange.apply(features)  # type: ignore[no-untyped-call]
    return exchanged


class EachAlone(Layer):
    """Any layer, member by member, by the members' own modules."""

    def __init__(self, name: str, modules: Sequence[Any]) -> None:
        super().__init__(name, modules)
        self._draws = isinstance(modules[0], nn.Dropout)

    def forward(self, inputs: Tensor, generators: Generators) -> Tensor:
        """Call each module; an idle place repeats what another gave."""
        rows = inputs.unbind()
        given = {}
        for place, generator in generators.items():
            with drawing_from(generator) if self._draws else nullcontext():
                given[place] = self._modules[place](rows[place].contiguous())
        spare = next(iter(given.values())).detach()
        return torch.stack([given.get(place, spare) for place in range(len(rows))])

    def leaves(self, places: Sequence[int]) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield the members' own parameters, which are rows of the stacks."""
        for stack in self.parameters.values():
            for place in places:
                yield stack.parameters[place], stack.gradients.rows[place]
