"""The step of a pack: one update of each member, with the bits that each has alone."""

from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import chain
from typing import Any

import torch
from torch import Tensor
from torch.nn import Parameter
from torch.optim import Adam, AdamW, Optimizer

from stride.engine.optim.optimizers import parameters_of
from stride.engine.packs.clipping import clip_each, clip_together
from stride.engine.packs.losses import pack_criterion
from stride.engine.packs.member import Member
from stride.engine.packs.memory import ReusedMemory
from stride.engine.packs.packable import likeness
from stride.engine.packs.rules import layers_of, pack_layers
from stride.models.steps.batch import split_batch
from stride.models.steps.step import Step

LOSS = "the loss"
CLIPPING = "the clipping"

Numbers = tuple[float, ...]
"""What an optimiser is told of a group: learning rate, betas, weight decay and epsilon."""

Rows = list[list[Tensor]]
"""What torch's kernel takes of a group: values, gradients, both moments and counts."""

Kernel = Callable[..., None]

_KERNELS: Mapping[type[Optimizer], Kernel] = {Adam: torch._fused_adam_, AdamW: torch._fused_adamw_}
"""Kingma and Ba, arXiv:1412.6980; Loshchilov and Hutter, arXiv:1711.05101."""


def parts_of(member: Member) -> list[str]:
    """Return the names of what can be done member by member: layers, loss and clipping."""
    return [*(name for name, _ in layers_of(member.model.network)), LOSS, CLIPPING]


class PackedStep:
    """One update of several members, in two halves as `Update` has them.

    Parameters, gradients, buffers and moments of a member are rows of stacks, under the objects
    that its network and its optimiser hold: whoever reads, saves or loads those needs to know
    nothing of the pack. The width never changes, since another one may choose other kernels: a
    member that is done leaves an idle place.

    Args:
        members: of one architecture; `why_not` and `why_not_together` say "" of them.
        alone: names out of `parts_of` that are done member by member.
    """

    def __init__(self, members: Sequence[Member], *, alone: Collection[str] = ()) -> None:
        self._members = dict(enumerate(members))
        self._likeness = likeness(members[0])
        models = [member.model for member in members]
        self._layers = pack_layers([model.network for model in models], alone)
        self._backwards = [layer for layer in reversed(self._layers) if layer.is_trained]
        self._criterion = pack_criterion(models, alone=LOSS in alone)
        self._clip = clip_each if CLIPPING in alone else clip_together
        found = [stack for layer in self._layers for stack in layer.parameters.values()]
        by_parameter = {id(stack.parameters[0]): stack for stack in found}
        self._stacks = [by_parameter[id(p)] for p in parameters_of(members[0].optimizer)]
        self._hooks = {
            place: member.optimizer.register_load_state_dict_post_hook(self._forget_moments)
            for place, member in self._members.items()
        }
        self._kernel = _KERNELS[type(members[0].optimizer)]
        self._rows = {place: self._rows_of(place) for place in self._members}
        self._counts = [stack.moments["step"].values for stack in self._stacks]
        self._numbers: list[Numbers] = []  # of all groups, at the last update
        self._moves: list[tuple[Numbers, Rows]] = []
        self._batches = ReusedMemory()  # of inputs alone: steps report targets
        self._tied: set[int] = set()  # the places whose optimisers hold the rows of the stacks
        self._gradients = self._find_gradients()

    def _rows_of(self, place: int) -> list[Rows]:
        """Return what torch's kernel takes of each group of a member's optimiser."""
        stacks = iter(self._stacks)
        groups = []
        for group in self._members[place].optimizer.param_groups:
            rows = [next(stacks).row(place) for _ in group["params"]]
            groups.append([list(kind) for kind in zip(*rows, strict=True)])
        return groups

    @torch.no_grad()
    def gradients(self, batches: Mapping[int, Any]) -> dict[int, Step]:
        """Leave each member's gradients in its parameters; return its step, without a graph.

        Args:
            batches: of one shape, by the places of all members that are not done.
        """
        inputs, targets = self._stacked(batches)
        generators = {place: member.generator for place, member in self._members.items()}
        outputs = inputs
        for layer in self._layers:
            outputs = layer.forward(outputs, generators)
        gradient, steps = self._criterion.gradient(outputs, targets)
        for layer in self._backwards:
            gradient = layer.backward(gradient)
        self._tie_gradients()
        return {place: steps[place] for place in self._members}

    def _stacked(self, batches: Mapping[int, Any]) -> tuple[Tensor, Tensor]:
        """Stack the batches; an idle place repeats another's."""
        pairs = {place: split_batch(batches[place]) for place in self._members}
        spare = next(iter(pairs.values()))
        width = range(len(self._rows))
        inputs, targets = zip(*[pairs.get(place, spare) for place in width], strict=True)
        if all(one is other for one, other in zip(inputs, targets, strict=True)):
            stacked = torch.stack(inputs)
            return stacked, stacked
        shape = len(width), *inputs[0].shape
        memory = self._batches.take(shape, inputs[0].dtype)
        return torch.stack(inputs, out=memory), torch.stack(targets)

    def _find_gradients(self) -> list[tuple[Parameter, Tensor]]:
        """Return the parameters of the members that are not done, each with its gradient."""
        return [
            (stack.parameters[place], stack.gradients.rows[place])
            for stack in self._stacks
            for place in self._members
        ]

    def _tie_gradients(self) -> None:
        for parameter, gradient in self._gradients:
            if parameter.grad is not gradient:
                parameter.grad = gradient

    @torch.no_grad()
    def apply(self) -> None:
        """Clip, and let the optimiser's fused kernel move each member's parameters."""
        if any(member.wants_norm for member in self._members.values()):
            self._clip(self._members, self._stacks)
        for place in self._members.keys() - self._tied:
            self._tie_moments(place)
        torch._foreach_add_(self._counts, 1)
        for numbers, rows in self._find_moves():
            _move(self._kernel, numbers, *rows)

    def _find_moves(self) -> list[tuple[Numbers, Rows]]:
        """Return what the kernel is called with: groups of equal numbers together."""
        members = self._members.values()
        numbers = [_numbers_of(one) for member in members for one in member.optimizer.param_groups]
        if numbers != self._numbers:
            rows = [group for place in self._members for group in self._rows[place]]
            alike: dict[Numbers, list[Rows]] = {}
            for own, group in zip(numbers, rows, strict=True):
                alike.setdefault(own, []).append(group)
            self._numbers = numbers
            self._moves = [
                (own, [[*chain(*kind)] for kind in zip(*groups, strict=True)])
                for own, groups in alike.items()
            ]
        return self._moves

    def _tie_moments(self, place: int) -> None:
        optimizer = self._members[place].optimizer
        optimizer._opt_called = True  # type: ignore[attr-defined]  # what a scheduler asks for
        for stack in self._stacks:
            stack.tie_moments(place, optimizer)
        self._tied.add(place)

    def _forget_moments(self, optimizer: Optimizer) -> None:
        """Take the moments from an optimiser that has loaded others, at the next update."""
        loaded = {place for place, one in self._members.items() if one.optimizer is optimizer}
        self._tied -= loaded

    def why_not_on(self, place: int) -> str:
        """Return why a member can be trained no further here, "" where it can.

        To be asked where somebody may have changed it since its last step; `why_not` says "".
        """
        member = self._members[place]
        self._tied.discard(place)  # its optimiser may have been given other moments
        if any(not layer.holds(place) for layer in self._layers):
            return "parameters or buffers were exchanged"
        found = likeness(member)
        differing = (what for what, was in self._likeness.items() if found[what] != was)
        return next((f"{what} were changed" for what in differing), "")

    def release(self, place: int) -> None:
        """Let a member that is done keep what it has, apart from the pack; its place is idle.

        The place goes on as a dummy, of which nothing is kept.
        """
        member = self._members.pop(place)
        self._hooks.pop(place).remove()
        for layer in self._layers:
            layer.release(place)
        for stack in self._stacks:
            stack.release(place, member.optimizer)
        self._gradients = self._find_gradients()
        # An optimiser that took the member's moments over may hold them where they are.
        counts = [stack.moments["step"].rows for stack in self._stacks]
        self._counts = [rows[place] for rows in counts for place in self._members]


def _numbers_of(group: Mapping[str, Any]) -> Numbers:
    return group["lr"], *group["betas"], group["weight_decay"], group["eps"]


def _move(
    kernel: Kernel,
    numbers: Numbers,
    values: list[Tensor],
    gradients: list[Tensor],
    exp_avgs: list[Tensor],
    exp_avg_sqs: list[Tensor],
    steps: list[Tensor],
) -> None:
    """Call the kernel that the optimiser calls with `fused=True`.

    It takes one tensor of the lists after the other: those of several members may be in one call.
    The stack as one tensor would be cut at other places, where the kernel takes other instructions.
    """
    lr, beta1, beta2, weight_decay, eps = numbers
    kernel(
        values,
        gradients,
        exp_avgs,
        exp_avg_sqs,
        [],
        steps,
        lr=lr,
        beta1=beta1,
        beta2=beta2,
        weight_decay=weight_decay,
        eps=eps,
        amsgrad=False,
        maximize=False,
        grad_scale=None,
        found_inf=None,
    )
