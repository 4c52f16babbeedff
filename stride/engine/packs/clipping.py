"""Measure and clip the gradients of each member by its own norm, all members at once."""

from collections.abc import Mapping, Sequence

import torch
from torch.nn.utils import clip_grad_norm_, get_total_norm

from stride.engine.packs.member import Member
from stride.engine.packs.stacks import ParameterStack

_TINY = 1e-6  # torch adds it to the norm, and so do we, to clip by the same factor


def clip_together(members: Mapping[int, Member], stacks: Sequence[ParameterStack]) -> None:
    """Clip what has a limit, and tell the norms, by the arithmetic of `clip_grad_norm_`."""
    gradients = [stack.gradients.values for stack in stacks]
    parts = [torch.linalg.vector_norm(one.flatten(1), dim=1) for one in gradients]
    norms = torch.linalg.vector_norm(torch.stack(parts, 1), dim=1)
    limits = {place: member.clip_grad_norm for place, member in members.items()}
    given = [limits.get(place) for place in range(len(norms))]
    if any(limit is not None for limit in given):
        bounds = torch.tensor([limit or 0.0 for limit in given])
        clipped = torch.tensor([limit is not None for limit in given])
        # A number over a tensor is for torch the tensor's reciprocal, times the number.
        shares = (norms + _TINY).reciprocal() * bounds
        factors = torch.where(clipped, shares.clamp(max=1.0), 1.0)
        for one in gradients:
            one.mul_(factors.view(-1, *[1] * (one.dim() - 1)))
    for place, member in members.items():
        if member.wants_norm:
            member.note_norm(norms[place])


def clip_each(members: Mapping[int, Member], stacks: Sequence[ParameterStack]) -> None:
    """Do the same member by member."""
    for place, member in members.items():
        parameters = [stack.parameters[place] for stack in stacks]
        if member.clip_grad_norm is not None:
            member.note_norm(clip_grad_norm_(parameters, member.clip_grad_norm))
        elif member.measure_norm:
            gradients = [p.grad for p in parameters if p.grad is not None]
            member.note_norm(get_total_norm(gradients))
