"""Say what cannot be trained in a pack, and why."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Adam, AdamW, Optimizer

from stride.engine.optim.optimizers import parameters_of
from stride.engine.packs.losses import POINTWISE
from stride.engine.packs.member import Member
from stride.engine.packs.rules import RULES, layers_of
from stride.models.model import Model

_CRITERIA = (nn.CrossEntropyLoss, *POINTWISE)
_OPTIMIZERS = (Adam, AdamW)
_OTHER_KERNELS = ("amsgrad", "maximize", "differentiable", "capturable")
_MODULE_HOOKS = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
_OPTIMIZER_HOOKS = ("_optimizer_step_pre_hooks", "_optimizer_step_post_hooks")


@dataclass(frozen=True)
class Setting:
    """What surrounds the steps of a training, as far as a pack has to know it.

    Attributes:
        before_step: how many hooks run between gradients and update.
        accumulate: batches of one update.
        precision: the arithmetic.
        check_loss: whether each loss is read before its update.
        processes: that train together.
        threads: that torch computes with.
    """

    before_step: int = 0
    accumulate: int = 1
    precision: str = "fp32"
    check_loss: bool = False
    processes: int = 1
    threads: int = 1


def why_not(member: Member, setting: Setting) -> str:
    """Return the first reason for which a training cannot be a member of a pack, "" where it can.

    What it says is about the training alone: of several, ask `why_not_together` too.
    """
    return next(_faults(member, setting), "")


def _faults(member: Member, setting: Setting) -> Iterator[str]:
    yield from _setting_faults(setting)
    yield from _model_faults(member.model)
    for name, layer in layers_of(member.model.network):
        yield from _layer_faults(name or type(layer).__name__, layer)
    yield from _optimizer_faults(member.optimizer)
    if {*map(id, member.model.parameters())} != {*map(id, parameters_of(member.optimizer))}:
        yield "the optimizer does not move all parameters"


def _setting_faults(setting: Setting) -> Iterator[str]:
    if setting.before_step:
        yield "hooks run before each update"
    if setting.accumulate != 1:
        yield f"an update takes {setting.accumulate} batches"
    if setting.precision != "fp32":
        yield f"the precision is {setting.precision}"
    if setting.check_loss:
        yield "each loss is read before its update"
    if setting.processes != 1:
        yield f"{setting.processes} processes train together"
    if setting.threads != 1:
        yield f"torch computes with {setting.threads} threads"


def _model_faults(model: Model) -> Iterator[str]:
    if type(model) is not Model:
        yield f"{type(model).__name__} has steps of its own"
    if model.forward is not model.network:
        yield "the network is compiled or wrapped"
    if model.frozen_modules or not all(p.requires_grad for p in model.parameters()):
        yield "a part of the network is frozen"
    named = dict(model.network.named_parameters(remove_duplicate=False))
    if not named:
        yield "the network has no parameters"
    if len({*map(id, named.values())}) < len(named):
        yield "layers share a parameter"
    tensors = named | dict(model.network.named_buffers())
    yield from (f"{name!r} {fault}" for name, one in tensors.items() if (fault := _fault(one)))
    yield from (f"{name!r} has hooks" for name, one in named.items() if _has_tensor_hooks(one))
    yield from _hook_faults(model.network)
    yield from _criterion_faults(model.criterion)


def _hook_faults(network: nn.Module) -> Iterator[str]:
    """Name code that is called along with modules, also with those that only hold others."""
    if any(getattr(nn.modules.module, f"_global{hooks}") for hooks in _MODULE_HOOKS):
        yield "hooks are registered for all modules"
    for name, module in network.named_modules():
        if _is_hooked(module):
            yield f"layer {name or type(module).__name__} has hooks"
        if "forward" in vars(module):
            yield f"layer {name or type(module).__name__} was given another forward"


def _has_tensor_hooks(parameter: Tensor) -> bool:
    return bool(parameter._backward_hooks or parameter._post_accumulate_grad_hooks)


def _fault(tensor: Tensor) -> str:
    if tensor.device.type != "cpu":
        return f"is on {tensor.device}"
    if tensor.is_floating_point() and tensor.dtype is not torch.float32:
        return f"is of type {str(tensor.dtype).removeprefix('torch.')}"
    return "" if tensor.is_contiguous() else "does not lie row by row in memory"


def _criterion_faults(criterion: Any) -> Iterator[str]:
    name = type(criterion).__name__
    if type(criterion) not in _CRITERIA or _is_hooked(criterion):
        yield f"the criterion is {name}"
    if criterion.reduction != "mean":
        yield f"the reduction of {name} is {criterion.reduction}"
    if getattr(criterion, "weight", None) is not None:
        yield f"{name} weighs the classes"
    if getattr(criterion, "label_smoothing", 0):
        yield f"{name} smooths the labels"


def _layer_faults(name: str, layer: nn.Module) -> Iterator[str]:
    if type(layer) not in RULES:
        yield f"layer {name} is {type(layer).__name__}"
    if not all(module.training for module in layer.modules()):
        yield f"layer {name} is in evaluation mode"
    if isinstance(layer, nn.BatchNorm1d) and layer.momentum is None:
        yield f"layer {name} averages over all batches alike"


def _is_hooked(module: nn.Module) -> bool:
    return any(getattr(module, hooks) for hooks in _MODULE_HOOKS)


def _optimizer_faults(optimizer: Optimizer) -> Iterator[str]:
    name = type(optimizer).__name__
    if type(optimizer) not in _OPTIMIZERS:
        yield f"the optimizer is {name}"
    for group in optimizer.param_groups:
        if type(optimizer) is Adam and group.get("decoupled_weight_decay"):
            yield f"{name} has decoupled_weight_decay"
        if not group["fused"]:
            yield f"{name} is not fused"
        yield from (f"{name} has {option}" for option in _OTHER_KERNELS if group[option])
        numbers = (group["lr"], *group["betas"])
        if any(isinstance(number, Tensor) for number in numbers):
            yield f"{name} has a tensor for a number"
    if any(getattr(optimizer, hooks) for hooks in _OPTIMIZER_HOOKS):
        yield f"{name} has hooks"


def why_not_adopted(member: Member) -> str:
    """Return the name of a tensor that others see by a view: they would not see it in a stack.

    To be asked before a member's tensors become rows, which share their memory; "" for none.
    """
    network = member.model.network
    named = (*network.named_parameters(), *network.named_buffers())
    return next((f"a view of {name!r} is kept" for name, one in named if _is_viewed(one)), "")


def _is_viewed(tensor: Tensor) -> bool:
    storage = tensor.untyped_storage()
    return torch._C._storage_Use_Count(storage._cdata) > 2  # of the tensor, and `storage`


def why_not_together(members: Sequence[Member]) -> str:
    """Return what two members differ in that has to be the same in a pack, "" for nothing.

    Weights, order of samples, rates of dropout and all numbers of the optimiser may differ.
    """
    first, *others = map(likeness, members)
    for other in others:
        for what, one in other.items():
            if first[what] != one:
                return f"{what} differ"
    if len({id(member.generator) for member in members}) < len(members):
        return "members draw from one generator"
    return ""


def likeness(member: Member) -> dict[str, Any]:
    """Return what has to be the same in all members of a pack, by words for it."""
    return {what: of(member) for what, of in _SAME.items()}


def _architecture(member: Member) -> list[tuple[str, type, str]]:
    return [
        (name, type(layer), "" if isinstance(layer, nn.Dropout) else layer.extra_repr())
        for name, layer in layers_of(member.model.network)
    ]


def _criterion(member: Member) -> tuple[type, Any]:
    criterion = member.model.criterion
    return type(criterion), getattr(criterion, "ignore_index", None)


def _groups(member: Member) -> tuple[type, list[list[str]]]:
    names = {id(parameter): name for name, parameter in member.model.named_parameters()}
    groups = [[names[id(p)] for p in group["params"]] for group in member.optimizer.param_groups]
    return type(member.optimizer), groups


_SAME = {"the layers": _architecture, "the criteria": _criterion, "the optimizers": _groups}
