"""Layers of all members at once: each kind of layer by the rule that keeps every member's bits."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from stride.engine.packs.activations import KERNELS
from stride.engine.packs.draws import fastest_draw
from stride.engine.packs.memory import ReusedMemory, Room
from stride.engine.packs.stacks import ParameterStack, Stack

Generators = Mapping[int, torch.Generator]
"""What the members draw from, by their places; an idle place has none."""

_VECTORS = 64  # numbers that torch takes at once at most: two vectors, or four, of 16

NO_GRADIENT = torch.empty(0)
"""What stands for the gradient of inputs that nobody asks for."""


class Layer(ABC):
    """One layer of each member, with their parameters and buffers in stacks.

    The layers of a network are a chain: to go back through it needs no graph of autograd.

    Attributes:
        name: of the layer in a member's network.
        is_trained: it or one before it has parameters, so that its outputs need a gradient.
        is_first: of those, so that its inputs need none.
        parameters: stacks by the names in the layer.
    """

    def __init__(self, name: str, modules: Sequence[Any]) -> None:
        self.name = name
        self.is_trained, self.is_first = True, False
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

    @abstractmethod
    def backward(self, gradient: Tensor) -> Tensor:
        """Leave the gradients of the parameters in their stacks; return that of the inputs.

        Args:
            gradient: of the outputs of the last `forward`.
        """

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


class Making(Layer):
    """A layer that puts its outputs where it is told to.

    Attributes:
        room: for what it computes.
    """

    def __init__(self, name: str, modules: Sequence[Any]) -> None:
        super().__init__(name, modules)
        self.room = Room()


def weight_gradient(gradient: Tensor, inputs: Tensor, out: Tensor) -> Tensor:
    """Return the gradient of weights (members, out, in), in the orientation of F.linear's own.

    What torch derives of a batched product is the same product transposed, and rounds otherwise.
    """
    return torch.bmm(gradient.transpose(1, 2), inputs, out=out)


class StackedLinear(Making):
    """Linear, by the products that F.linear makes for each member."""

    def forward(self, inputs: Tensor, generators: Generators) -> Tensor:
        """Map by one batched product over all that comes before the features."""
        self._inputs = rows = inputs.flatten(1, -2)
        weight = self.parameters["weight"].values
        outputs = self.room.outputs.take((*rows.shape[:2], weight.shape[1]))
        if "bias" in self.parameters:
            bias = self.parameters["bias"].values.unsqueeze(1)
            torch.baddbmm(bias, rows, weight.transpose(1, 2), out=outputs)
        else:
            torch.bmm(rows, weight.transpose(1, 2), out=outputs)
        return outputs.view(*inputs.shape[:-1], -1)

    def backward(self, gradient: Tensor) -> Tensor:
        """Make the three products that F.linear's own derivative makes."""
        rows = gradient.flatten(1, -2).contiguous()  # as it lies in memory for a member alone
        weight = self.parameters["weight"]
        weight_gradient(rows, self._inputs, weight.gradients.values)
        if "bias" in self.parameters:
            torch.sum(rows, 1, out=self.parameters["bias"].gradients.values)
        if self.is_first:
            return NO_GRADIENT
        of_inputs = self.room.gradients.take(self._inputs.shape)
        torch.bmm(rows, weight.values, out=of_inputs)
        return of_inputs.view(*gradient.shape[:-1], -1)


def split_evenly(stack: Tensor) -> Sequence[Tensor]:
    """Return a stack whole where each member fills whole vectors, its rows otherwise.

    Torch computes what is left over of whole vectors by functions that round otherwise. So what is
    left over of a member is to be left over here.
    """
    return stack.unbind() if stack[0].numel() % _VECTORS else [stack]


class StackedActivation(Making):
    """An activation of which the kernels are known."""

    def __init__(self, name: str, modules: Sequence[Any]) -> None:
        super().__init__(name, modules)
        self._kernels = KERNELS[type(modules[0])]

    def forward(self, inputs: Tensor, generators: Generators) -> Tensor:
        """Map each number."""
        outputs = self.room.outputs.take(inputs.shape)
        for part, into in zip(split_evenly(inputs), split_evenly(outputs), strict=True):
            self._kernels.forward(self._modules[0], part, into)
        self._kept = outputs if self._kernels.keeps_outputs else inputs
        return outputs

    def backward(self, gradient: Tensor) -> Tensor:
        """Map each number."""
        of_inputs = self.room.gradients.take(gradient.shape)
        stacks = map(split_evenly, (gradient.contiguous(), self._kept, of_inputs))
        for part, kept, into in zip(*stacks, strict=True):
            self._kernels.backward(self._modules[0], part, kept, into)
        return of_inputs


class Reshaping(Layer):
    """Flatten or Unflatten."""

    def forward(self, inputs: Tensor, generators: Generators) -> Tensor:
        """Reshape as the layer does, the dimension of the members aside."""
        self._shape = inputs.shape
        module = self._modules[0]
        if isinstance(module, nn.Flatten):
            return inputs.flatten(_beside(module.start_dim), _beside(module.end_dim))
        unflatten: Any = inputs.unflatten
        outputs: Tensor = unflatten(_beside(module.dim), module.unflattened_size)
        return outputs

    def backward(self, gradient: Tensor) -> Tensor:
        """Reshape to what came in."""
        return gradient.reshape(self._shape)


def _beside(dim: int) -> int:
    """Return the number of a member's dimension in the stack."""
    return dim + 1 if dim >= 0 else dim


class StackedDropout(Making):
    """Dropout, drawn for each member from its own generator; the rates may differ."""

    def __init__(self, name: str, modules: Sequence[Any]) -> None:
        super().__init__(name, modules)
        self._memory = ReusedMemory()
        self._draw = fastest_draw()

    def forward(self, inputs: Tensor, generators: Generators) -> Tensor:
        """Drop as torch does: a mask of 0 and 1 over what is kept, times the inputs."""
        self._factors = self._memory.take(inputs.shape)
        kept = [1 - module.p for module in self._modules]
        for place, row in enumerate(self._factors.unbind()):
            if place in generators and 0 < kept[place] < 1:
                self._draw(row, kept[place], generators[place])
            else:
                row.fill_(kept[place])
        shares = torch.tensor([share or 1.0 for share in kept])
        self._factors.div_(shares.view(-1, *[1] * (inputs.dim() - 1)))
        return torch.mul(inputs, self._factors, out=self.room.outputs.take(inputs.shape))

    def backward(self, gradient: Tensor) -> Tensor:
        """Drop the same."""
        return torch.mul(gradient, self._factors, out=self.room.gradients.take(gradient.shape))
