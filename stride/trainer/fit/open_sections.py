"""Check the arguments of all constructors that a config chooses, before anything is built."""

from collections.abc import Callable
from functools import partial
from inspect import isclass
from typing import Any

from stride.components import binding_errors, find
from stride.config.schema import Config
from stride.config.sections.section import OpenSection
from stride.data import resolve_dataset, resolve_loader
from stride.engine.optim.build import resolve_optimizer
from stride.engine.optim.optimizers import SINGLE, optimizer_key, schedule_key
from stride.engine.optim.schedule import resolve_scheduler
from stride.errors import ConfigError
from stride.models.build import OWN_KEYS, resolve_criterion
from stride.models.composed import ComposedNetwork

Section = dict[str, Any]
SCHEDULE = "scheduler_kwargs"


def resolve_sections(
    config: Config,
    *,
    loader: Any = None,
    model: Any = None,
    constructor: Callable[..., Any] | None = None,
    trains: bool = True,
) -> dict[str, Section]:
    """Return the sections of data and optimiser complete; check the others as far as possible.

    Args:
        config: the config.
        loader: the training loader that stands for the dataset, if one was given.
        model: the model that stands for that of the config, if one was given.
        constructor: what builds the network that `model_name` only names, None to find it.
        trains: whether optimiser and schedule are needed.

    Raises:
        ConfigError: tells all wrong keys and values of all sections together.
        ComponentError: there is no component of a name.
    """
    asked: dict[str, Callable[[], Section]] = {
        "dataset_kwargs": partial(_dataset, config, loader),
        "load_data_kwargs": partial(resolve_loader, values_of(config.load_data_kwargs)),
    }
    if trains:
        asked |= {
            optimizer_key(name): partial(resolve_optimizer, section, optimizer_key(name))
            for name, section in optimizer_sections(config).items()
        }
    found: dict[str, Section] = {}
    wrong: list[ConfigError] = []
    for name, resolve in asked.items():
        try:
            found[name] = resolve()
        except ConfigError as error:
            wrong.append(error)
    if model is None:
        wrong += _of_model(config, constructor)
    wrong += [*_of_criterion(config), *(_of_scheduler(config) if trains else [])]
    if wrong:
        raise ConfigError.combine(wrong)
    return found


def values_of(section: OpenSection) -> Section:
    """Return all keys of an open section; the constructor's as they were objects."""
    declared = {name: getattr(section, name) for name in type(section).model_fields}
    return declared | section.constructor_kwargs


def optimizer_sections(config: Config) -> dict[str, Section]:
    """Return the section of each optimiser by its name; of a single one, by ""."""
    named = config.named_optimizers()
    found = {name: values_of(one) for name, one in named.items()}
    found = {name: {k: v for k, v in one.items() if k != SCHEDULE} for name, one in found.items()}
    return found or {SINGLE: values_of(config.optimizer_kwargs)}


def scheduler_sections(config: Config) -> dict[str, Section]:
    """Return the section of each optimiser's schedule likewise."""
    named = config.named_optimizers()
    found = {name: values_of(one.scheduler_kwargs) for name, one in named.items()}
    return found or {SINGLE: values_of(config.scheduler_kwargs)}


def _dataset(config: Config, loader: Any) -> Section:
    values = values_of(config.dataset_kwargs)
    if loader is not None:
        return values | {"dataset_name": type(loader).__name__}
    return resolve_dataset(values)


def _of_model(config: Config, constructor: Callable[..., Any] | None) -> list[ConfigError]:
    """Return what is wrong in model_kwargs; the sizes that the data tell are not known yet."""
    name = config.model_kwargs.model_name
    if name is None:
        return []
    made_by = constructor or find("model", name)
    if isclass(made_by) and issubclass(made_by, ComposedNetwork):
        return []  # it checks its parts itself, by the data
    given = {k: v for k, v in config.model_kwargs.constructor_kwargs.items() if k not in OWN_KEYS}
    return binding_errors(made_by, given, section="model_kwargs")


def _of_criterion(config: Config) -> list[ConfigError]:
    if config.criterion_kwargs.criterion_name is None:
        return []  # the kind of targets chooses it
    return _mistakes_of(partial(resolve_criterion, values_of(config.criterion_kwargs), None))


def ignored_target(config: Config) -> int | None:
    """Return the target that the criterion leaves out, None for none.

    Without a name, a criterion that has such a key is the one for classes.
    """
    values = values_of(config.criterion_kwargs)
    if "ignore_index" not in values:
        return None
    values["criterion_name"] = values["criterion_name"] or "CrossEntropyLoss"
    found = resolve_criterion(values, None).get("ignore_index")
    return found if isinstance(found, int) else None


def _of_scheduler(config: Config) -> list[ConfigError]:
    resolve = partial(resolve_scheduler, epochs=1, steps=1, mode="min")
    return [
        wrong
        for name, section in scheduler_sections(config).items()
        for wrong in _mistakes_of(partial(resolve, section, key=schedule_key(name)))
    ]


def _mistakes_of(resolve: Callable[[], Section]) -> list[ConfigError]:
    try:
        resolve()
    except ConfigError as error:
        return [error]
    return []
