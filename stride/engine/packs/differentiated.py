"""Layers that are left to autograd, each with a graph of its own."""

from abc import abstractmethod
from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any

import torch
from torch import Tensor, nn

from stride.engine.packs.layers import NO_GRADIENT, Generators, Layer, split_evenly
from stride.engine.packs.member import drawing_from


class Differentiated(Layer):
    """A layer of which autograd finds the gradients."""

    @abstractmethod
    def make(self, inputs: Tensor, generators: Generators) -> Tensor:
        """Map inputs (members, N, ...) to outputs (members, N, ...), with their graph."""

    def leaves(self) -> Sequence[tuple[Tensor, Tensor]]:
        """Return what the last outputs are differentiated by, and where its gradient belongs."""
        return ()

    def forward(self, inputs: Tensor, generators: Generators) -> Tensor:
        """Map with a graph."""
        self._inputs = inputs.detach().requires_grad_(not self.is_first)
        with torch.enable_grad():
            self._outputs = self.make(self._inputs, generators)
        return self._outputs.detach()

    def backward(self, gradient: Tensor) -> Tensor:
        """Go back through the graph."""
        inputs = [] if self.is_first else [self._inputs]
        leaves = self.leaves()
        by = [*(leaf for leaf, _ in leaves), *inputs]
        found = torch.autograd.grad(self._outputs, by, gradient)
        for (_, place), one in zip(leaves, found, strict=False):
            place.copy_(one)
        return NO_GRADIENT if self.is_first else found[-1]


class Elementwise(Differentiated):
    """An activation, which knows no members."""

    def make(self, inputs: Tensor, generators: Generators) -> Tensor:
        """Map each number."""
        parts = [part.clone() for part in split_evenly(inputs)]  # a layer may write into them
        return torch.stack([*map(self._modules[0], parts)]).view_as(inputs)


class EachAlone(Differentiated):
    """Any layer, member by member, by the members' own modules."""

    def __init__(self, name: str, modules: Sequence[Any]) -> None:
        super().__init__(name, modules)
        self._draws = isinstance(modules[0], nn.Dropout)

    def make(self, inputs: Tensor, generators: Generators) -> Tensor:
        """Call each module on inputs of its own; an idle place repeats what another gave."""
        rows = inputs.unbind()
        self._places = [*generators]
        given = {}
        for place, generator in generators.items():
            with drawing_from(generator) if self._draws else nullcontext():
                given[place] = self._modules[place](rows[place].clone())
        spare = next(iter(given.values())).detach()
        return torch.stack([given.get(place, spare) for place in range(len(rows))])

    def leaves(self) -> Sequence[tuple[Tensor, Tensor]]:
        """Return the members' own parameters, which are rows of the stacks."""
        return [
            (stack.parameters[place], stack.gradients.rows[place])
            for stack in self.parameters.values()
            for place in self._places
        ]
