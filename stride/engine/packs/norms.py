"""Normalisations of all members."""

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from itertools import repeat
from math import prod
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from stride.engine.packs.differentiated import Differentiated
from stride.engine.packs.layers import NO_GRADIENT, Generators, Making
from stride.engine.packs.memory import Memory, reused_room

_aten: Any = torch.ops.aten


class StackedBatchNorm(Making, Differentiated):
    """BatchNorm1d: the features of all members are the features of one layer."""

    def __init__(self, name: str, modules: Sequence[Any]) -> None:
        super().__init__(name, modules)
        self._features = reused_room()
        self._flat = {
            known: stack.values.flatten().requires_grad_()
            for known, stack in self.parameters.items()
        }

    def forward(self, inputs: Tensor, generators: Generators) -> Tensor:
        """Map (members, N, C, ...) as (N, members * C, ...)."""
        features = _exchanged(inputs, self._features.outputs)
        self._shape = features.shape
        outputs = super().forward(features.flatten(1, 2), generators)
        return _exchanged(outputs.view(self._shape), self.room.outputs)

    def make(self, inputs: Tensor, generators: Generators) -> Tensor:
        """Normalise, and keep each member's running statistics."""
        for count in self._statistics("num_batches_tracked"):
            count.add_(1)
        mean, variance = self._statistics("running_mean", "running_var") or (None, None)
        module, weight, bias = self._modules[0], self._flat.get("weight"), self._flat.get("bias")
        return functional.batch_norm(
            inputs, mean, variance, weight, bias, True, module.momentum, module.eps
        )

    def _statistics(self, *names: str) -> list[Tensor]:
        """Return buffers of all members end to end, none where the layer keeps none."""
        return [self._buffers[name].values.flatten() for name in names if name in self._buffers]

    def backward(self, gradient: Tensor) -> Tensor:
        """Go back likewise: where it lies otherwise in memory, torch takes other instructions."""
        features = _exchanged(gradient, self._features.gradients)
        found = super().backward(features.flatten(1, 2))
        if self.is_first:
            return NO_GRADIENT
        return _exchanged(found.view(self._shape), self.room.gradients)

    def leaves(self) -> Sequence[tuple[Tensor, Tensor]]:
        """Return scales and shifts of all features."""
        return [
            (self._flat[known], stack.gradients.values.view(-1))
            for known, stack in self.parameters.items()
        ]


def _exchanged(tensor: Tensor, memory: Memory) -> Tensor:
    """Exchange the first two dimensions, in memory too."""
    exchanged = tensor.transpose(0, 1)
    return memory.take(exchanged.shape).copy_(exchanged)


class EachNorm(Making):
    """A normalisation, member by member: its scale is inside of a sum, which no stack can make."""

    def __init__(self, name: str, modules: Sequence[Any]) -> None:
        super().__init__(name, modules)
        stacks = [self.parameters.get(known) for known in ("weight", "bias")]
        self._scales = [None if stack is None else stack.values for stack in stacks]
        self._gradients = [None if stack is None else stack.gradients.values for stack in stacks]
        self._made: list[list[Any]] = []

    @abstractmethod
    def normalise(self, inputs: Tensor, weight: Any, bias: Any) -> tuple[Tensor, ...]:
        """Return outputs, means and inverse deviations of one member."""

    @abstractmethod
    def differentiate(self, gradient: Tensor, made: list[Any], wanted: list[bool]) -> list[Tensor]:
        """Return the gradients of inputs, weight and bias of one member.

        Args:
            gradient: of its outputs.
            made: inputs, means, inverse deviations, weight and bias.
            wanted: of which three.
        """

    def forward(self, inputs: Tensor, generators: Generators) -> Tensor:
        """Normalise one member after the other."""
        outputs = self.room.outputs.take(inputs.shape)
        self._made.clear()
        for row, output, *scales in _by_member(inputs, outputs, *self._scales):
            values, *statistics = self.normalise(row, *scales)
            output.copy_(values)
            self._made.append([row, *statistics, *scales])
        return outputs

    def backward(self, gradient: Tensor) -> Tensor:
        """Go back likewise."""
        of_inputs = None if self.is_first else self.room.gradients.take(gradient.shape)
        into = of_inputs, *self._gradients
        wanted = [stack is not None for stack in into]
        rows = _by_member(gradient.contiguous(), *into)
        for made, (row, *places) in zip(self._made, rows, strict=True):
            found = self.differentiate(row, made, wanted)
            for place, one in zip(places, found, strict=True):
                if place is not None:
                    place.copy_(one)
        return NO_GRADIENT if of_inputs is None else of_inputs


def _by_member(*stacks: Tensor | None) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of each member; None for a stack that is None."""
    rows = [repeat(None) if stack is None else stack.unbind() for stack in stacks]
    return zip(*rows, strict=False)


class StackedLayerNorm(EachNorm):
    """LayerNorm."""

    def normalise(self, inputs: Tensor, weight: Any, bias: Any) -> tuple[Tensor, ...]:
        """Normalise each sample."""
        module = self._modules[0]
        return torch.native_layer_norm(inputs, module.normalized_shape, weight, bias, module.eps)

    def differentiate(self, gradient: Tensor, made: list[Any], wanted: list[bool]) -> list[Tensor]:
        """Call the kernel that autograd calls."""
        inputs, *others = made
        shape = [*self._modules[0].normalized_shape]
        found = _aten.native_layer_norm_backward(gradient, inputs, shape, *others, wanted)
        return [*found]


class StackedGroupNorm(EachNorm):
    """GroupNorm."""

    def normalise(self, inputs: Tensor, weight: Any, bias: Any) -> tuple[Tensor, ...]:
        """Normalise the groups of each sample."""
        module, sizes = self._modules[0], _sizes(inputs)
        return torch.native_group_norm(inputs, weight, bias, *sizes, module.num_groups, module.eps)

    def differentiate(self, gradient: Tensor, made: list[Any], wanted: list[bool]) -> list[Tensor]:
        """Call the kernel that autograd calls."""
        inputs, means, deviations, weight, _ = made
        groups = self._modules[0].num_groups
        given = gradient, inputs, means, deviations, weight, *_sizes(inputs), groups
        return [*_aten.native_group_norm_backward(*given, wanted)]


def _sizes(inputs: Tensor) -> tuple[int, int, int]:
    """Return samples, channels and what each channel has."""
    samples, channels, *rest = inputs.shape
    return samples, channels, prod(rest)
