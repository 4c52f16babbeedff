"""Build network, criterion and Model from resolved config sections."""

import random
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from inspect import isclass
from typing import Any

import torch
from torch import nn

from stride.components import bind, construct, find, parameters
from stride.components.convert import convert_untyped
from stride.errors import ComponentError, ConfigError, DataError
from stride.models.composed import ComposedNetwork
from stride.models.infer import Shapes, infer_sizes, output_shape
from stride.models.losses import is_of_torch
from stride.models.model import Model, OwnSteps

OWN_KEYS = ("model_name", "model_seed", "init_from", "freeze")


def resolve_model(
    kwargs: Mapping[str, Any],
    info: Shapes | None,
    *,
    seed: int = 0,
    constructor: Callable[..., Any] | None = None,
    section: str = "model_kwargs",
) -> dict[str, Any]:
    """Return model_kwargs complete: every argument of the constructor, and the seed.

    Args:
        kwargs: the section; its open keys may be raw text. A model_name of None is inferred.
        info: what is known of the data, for the sizes that are not given.
        seed: the run's seed, which `model_seed` takes where it is null.
        constructor: a class given from Python, which `model_name` only names.
        section: the dotted name of the section, for errors.

    Raises:
        ConfigError: for a key that the constructor does not take, or a value it cannot be.
        ComponentError: when there is no such model.
    """
    name = kwargs.get("model_name") or infer_model_name(info)
    constructor = constructor or find("model", name)
    own_seed = kwargs.get("model_seed")
    seed = seed if own_seed is None else own_seed
    own = {"model_name": name, "model_seed": seed, "init_from": kwargs.get("init_from")}
    if isclass(constructor) and issubclass(constructor, ComposedNetwork):
        return own | constructor.resolve(kwargs, info, seed=seed, name=section)
    given = {key: value for key, value in kwargs.items() if key not in OWN_KEYS}
    sizes = infer_sizes(constructor, given, info)
    return own | _listed(bind(constructor, {**given, **sizes}, section=section))


def infer_model_name(info: Shapes | None) -> str:
    """Return the built-in model for the data: FCNN, CNN or MLP.

    FCNN for images with a target per pixel, CNN for other images, MLP for everything else.
    """
    if info is None or len(info.input_shape) not in (3, 4):
        return "MLP"
    pixels, outputs = list(info.input_shape[1:]), output_shape(info)
    return "FCNN" if pixels in (outputs, outputs[1:]) else "CNN"


def _listed(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return arguments as JSON would give them back: tuples are lists."""
    return {k: list(v) if isinstance(v, tuple) else v for k, v in arguments.items()}


def build_network(
    resolved: Mapping[str, Any],
    info: Shapes | None = None,
    *,
    constructor: Callable[..., Any] | None = None,
) -> nn.Module:
    """Build the nn.Module of a model section on the CPU, from its seed alone.

    What it starts from, `init_from`, is not loaded here.

    Args:
        resolved: what `resolve_model` returned; a section that it has not seen is resolved.
        info: needed for sizes that the section leaves open.
        constructor: a class given from Python, which `model_name` only names.

    Raises:
        ComponentError: when the constructor refuses its arguments, or gives no model.
    """
    built = _construct(resolved, info, constructor)
    return built.network if isinstance(built, Model) else built


def build_model(
    resolved: Mapping[str, Any],
    criterion: nn.Module,
    info: Shapes | None = None,
    *,
    constructor: Callable[..., Any] | None = None,
) -> Model:
    """Build the Model of a model section: as `build_network`, with the criterion round it.

    A class that is a Model itself, or a module with its own training_step, is used as it is.
    """
    return as_model(_construct(resolved, info, constructor), criterion)


def _construct(
    resolved: Mapping[str, Any], info: Shapes | None, constructor: Callable[..., Any] | None
) -> nn.Module | Model:
    constructor = constructor or find("model", resolved["model_name"])
    arguments = {key: value for key, value in resolved.items() if key not in OWN_KEYS}
    arguments |= infer_sizes(constructor, arguments, info)
    name, where = resolved["model_name"], "model_kwargs.model_name"
    kinds = (nn.Module, Model)
    if isclass(constructor):
        _require_module(issubclass(constructor, kinds), constructor, name, where)
    with seeded(resolved.get("model_seed") or 0):
        built: nn.Module | Model = construct(constructor, section="model_kwargs", **arguments)
    _require_module(isinstance(built, kinds), type(built), name, where)
    return built


def _require_module(right: bool, kind: type, name: str, where: str) -> None:
    """Refuse what is not a module; a class before it is called."""
    if not right:
        raise ComponentError(
            f"{name} gives a {kind.__name__}, not a torch.nn.Module",
            where=where,
            hint="name a class of modules, or a function that returns one",
        )


def resolve_criterion(kwargs: Mapping[str, Any], info: Shapes | None) -> dict[str, Any]:
    """Return criterion_kwargs complete; without a name, the criterion that suits the targets.

    Classes take CrossEntropyLoss; numbers, and inputs to be reconstructed, take MSELoss.

    Raises:
        ConfigError: for a wrong key or value, or a torch reduction that is not the mean.
        ComponentError: when there is no such criterion.
    """
    name = kwargs.get("criterion_name") or infer_criterion_name(info)
    constructor = find("criterion", name)
    given = {key: value for key, value in kwargs.items() if key != "criterion_name"}
    tensors = {
        key: convert_untyped(given.pop(key), f"criterion_kwargs.{key}")
        for key in _tensor_arguments(constructor)
        if key in given
    }
    bound = _listed(bind(constructor, given, section="criterion_kwargs")) | tensors
    means = ("mean", "batchmean") if constructor is nn.KLDivLoss else ("mean",)
    if is_of_torch(constructor) and bound.get("reduction", "mean") not in means:
        raise ConfigError(
            f"criterion_kwargs.reduction={bound['reduction']} is not a mean over the samples",
            key="criterion_kwargs.reduction",
            hint="leave it at mean: a step's loss is the mean over its batch",
        )
    return {"criterion_name": name, **bound}


def _tensor_arguments(constructor: Callable[..., Any]) -> list[str]:
    """Return which arguments of a criterion of torch's are tensors: a config gives lists."""
    if not is_of_torch(constructor):
        return []
    return [name for name in ("weight", "pos_weight") if name in parameters(constructor).named]


def _numbers(value: Any, key: str) -> torch.Tensor:
    try:
        return torch.tensor(value, dtype=torch.float32)
    except (TypeError, ValueError) as error:
        raise ConfigError(
            f"{key} is a list of numbers, not {value!r}", key=key, hint=f"type: {key}=[1,2,1]"
        ) from error


def infer_criterion_name(info: Shapes | None) -> str:
    """Return the criterion's name for the kind of targets."""
    return "CrossEntropyLoss" if info is not None and info.target_kind == "class" else "MSELoss"


def as_model(thing: Any, criterion: nn.Module) -> Model:
    """Return a Model for a Model, a module that says which or has its steps, or a plain one."""
    if isinstance(thing, Model):
        return thing
    if not isinstance(thing, nn.Module):
        raise DataError(
            f"a model is an nn.Module or a stride Model, not {type(thing).__name__}",
            hint="give an instance of one of them",
        )
    if isinstance(thing, ComposedNetwork):
        return thing.with_criterion(criterion)
    if callable(getattr(thing, "training_step", None)):
        return OwnSteps(thing)
    return Model(thing, criterion)


def build_criterion(resolved: Mapping[str, Any]) -> nn.Module:
    """Build the criterion of a section that `resolve_criterion` returned.

    Raises:
        ComponentError: when the constructor refuses its arguments, or gives no module.
    """
    name = resolved["criterion_name"]
    constructor = find("criterion", name)
    arguments = {key: value for key, value in resolved.items() if key != "criterion_name"}
    for key in _tensor_arguments(constructor):
        if arguments.get(key) is not None:
            arguments[key] = _numbers(arguments[key], f"criterion_kwargs.{key}")
    where = "criterion_kwargs.criterion_name"
    if isclass(constructor):
        _require_module(issubclass(constructor, nn.Module), constructor, name, where)
    built: nn.Module = construct(constructor, section="criterion_kwargs", **arguments)
    _require_module(isinstance(built, nn.Module), type(built), name, where)
    return built


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seed torch, Python and NumPy for a block and restore their state after it."""
    initialised = torch.cuda.is_initialized()  # type: ignore[no-untyped-call]
    cuda = list(range(torch.cuda.device_count())) if initialised else []
    numpy = sys.modules.get("numpy")
    python_state, numpy_state = random.getstate(), numpy and numpy.random.get_state()
    try:
        with torch.random.fork_rng(devices=cuda):
            # torch.manual_seed would queue a seed for a CUDA that is not initialised yet.
            torch.default_generator.manual_seed(seed)
            if cuda:
                torch.cuda.manual_seed_all(seed)
            random.seed(seed)
            if numpy:
                numpy.random.seed(seed % 2**32)
            yield
    finally:
        random.setstate(python_state)
        if numpy:
            numpy.random.set_state(numpy_state)
