"""Build the optimiser from its section of the config."""

import inspect
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from torch.nn import Parameter
from torch.optim import Optimizer

from stride.components import construct, find, parameters
from stride.engine.optim.arguments import (
    DECLARED,
    bound_arguments,
    complete_section,
    require_step,
)
from stride.engine.optim.groups import parameter_groups, resolve_groups
from stride.engine.optim.rates import require_names
from stride.errors import ConfigError
from stride.models.model import Model
from stride.models.shards import local_shard
from stride.models.strides import is_dense

KEY = "optimizer_kwargs"
"""The section of the optimiser that is alone."""

_FUSED_WHOLE = ("SGD", "Adagrad")  # whose kernels torch 2.13 has for whole parameters alone


def resolve_optimizer(section: Mapping[str, Any], key: str = KEY) -> dict[str, Any]:
    """Check the section against the optimiser's signature; return it complete.

    Raises:
        ConfigError: an unknown key or a value of the wrong type.
        ComponentError: no such optimiser.
    """
    constructor = find("optimizer", section["optimizer_name"])
    resolved = complete_section("optimizer", constructor, section, key)
    if groups := section.get("groups"):
        values = {k: v for k, v in resolved.items() if k not in DECLARED["optimizer"]}
        resolved["groups"] = resolve_groups(groups, constructor, values, key=f"{key}.groups")
    return resolved


def fused(
    section: Mapping[str, Any],
    parameters: Iterable[Parameter],
    *,
    divided: bool = False,
    sparse: bool = False,
    key: str = KEY,
) -> dict[str, Any]:
    """Return the section with the fused implementation chosen, if it can be and nothing else is.

    Fused, foreach and plain implementations differ in the last bits, so the choice is recorded.
    A fused one walks through memory as it is, and takes gaps in it for numbers. That of SGD
    knows no parameters that are divided among processes, and none knows sparse gradients.

    Raises:
        ConfigError: it was asked for, and a parameter is a slice of a larger tensor, or divided.
    """
    undividable = divided and section["optimizer_name"].rpartition(":")[2] in _FUSED_WHOLE
    parameters = list(parameters)
    dense = all(is_dense(local_shard(parameter)) for parameter in parameters)
    if section.get("fused") and undividable:
        raise _unfusable(f"the fused {section['optimizer_name']} knows no divided parameters", key)
    if section.get("fused") and not dense:
        what = (
            "a parameter has gaps in memory, as a slice of a larger tensor, and a fused optimiser "
        )
        other = ", or make it nn.Parameter(slice.clone())"
        raise _unfusable(f"{what}would write into them", key, other)
    asked = any(map(section.get, ("fused", "foreach", "differentiable", "capturable")))
    if "fused" not in section or asked or section["fused"] is False or sparse:
        return dict(section)
    known = all(p.device.type in ("cpu", "cuda") and p.is_floating_point() for p in parameters)
    return dict(section) | ({"fused": True} if known and dense and not undividable else {})


def _unfusable(what: str, section: str, other: str = "") -> ConfigError:
    key = f"{section}.fused"
    return ConfigError(what, key=key, where=key, hint=f"type: {key}=false{other}")


def build_optimizer(
    section: Mapping[str, Any],
    model: Model,
    named: Sequence[tuple[str, Parameter]],
    *,
    key: str = KEY,
) -> Optimizer:
    """Build the optimiser of a resolved section.

    A constructor gets by name what it asks for: `params`, the parameters in their groups;
    `named_parameters`, pairs of name and parameter; `model`, the network.

    Args:
        section: as `resolve_optimizer` returns it.
        model: what is trained.
        named: its parameters that the optimiser moves, by name.
        key: the dotted key of the section.

    Raises:
        ConfigError: nothing in the model can be trained, although it is to learn, or a group has no
            parameter, or a name that no rate can have.
        ComponentError: the constructor refuses a value, as a negative learning rate.
    """
    constructor = find("optimizer", section["optimizer_name"])
    if model.learns and not named:
        hint = "let model_kwargs.freeze leave a part of it, or give a model with parameters"
        raise ConfigError("the model has nothing to train", key="model_kwargs.freeze", hint=hint)
    require_step("optimizer", constructor, key)
    values = bound_arguments("optimizer", constructor, section, key)
    accepted = parameters(constructor).named
    groups = section.get("groups") or []
    beside = {"named_parameters": list(named), "model": model.network}
    asked = {name: value for name, value in beside.items() if name in accepted}
    if groups and asked and "params" not in accepted:
        raise _makes_its_own_groups(section["optimizer_name"], min(asked), f"{key}.groups")

    def make(params: list[Any], options: dict[str, Any], place: str) -> Optimizer:
        taken = [] if asked and "params" not in accepted else [params]
        made: Optimizer = construct(constructor, *taken, section=place, **asked, **values | options)
        return made

    own = parameter_groups(named, groups, make, key=f"{key}.groups")
    built = make(own or [{"params": own}], {}, key)  # torch takes an empty group, and no empty list
    require_names(built, key)
    return built


def trained_parameters(model: Model) -> list[tuple[str, Parameter]]:
    """Return name and parameter of all that a model trains, in the order of its parameters."""
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    return [(names.get(id(p), "?"), p) for p in model.parameters() if p.requires_grad]


def _makes_its_own_groups(name: str, asked: str, key: str) -> ConfigError:
    return ConfigError(
        f"{name} takes `{asked}`, and makes its own groups",
        key=key,
        where=key,
        hint="leave the groups out, or let it take `params`, which holds them",
    )


def needs_closure(optimizer: Optimizer) -> bool:
    """Tell whether an optimiser asks for loss and gradients by itself, as LBFGS."""
    closure = inspect.signature(optimizer.step).parameters.get("closure")
    return closure is not None and closure.default is inspect.Parameter.empty
