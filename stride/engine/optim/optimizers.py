"""The optimisers of a training by name: one without a name, or several that take turns."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from torch.nn import Parameter
from torch.optim import Optimizer

from stride.engine.optim.build import KEY as OPTIMIZER
from stride.engine.optim.build import build_optimizer, needs_closure, trained_parameters
from stride.engine.optim.groups import matches, near, patterns_of, unmatched
from stride.engine.optim.rates import rates
from stride.engine.optim.schedule import KEY as SCHEDULER
from stride.engine.optim.schedule import Schedule, build_schedule
from stride.errors import ConfigError, DataError, RunError, nearest
from stride.models.model import Model
from stride.models.steps.step import Step

Sections = Mapping[str, Mapping[str, Any]]

SINGLE = ""
"""The name of an optimiser that is alone."""


class Optimizers(Mapping[str, Optimizer]):
    """Optimisers by name, of which a step updates one; a single one is called "".

    Args:
        by_name: no parameter is in two of them.
    """

    def __init__(self, by_name: Mapping[str, Optimizer]) -> None:
        self._by_name = dict(by_name)

    def __getitem__(self, name: str) -> Optimizer:
        return self._by_name[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_name)

    def __len__(self) -> int:
        return len(self._by_name)

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of several, none of a single one."""
        return () if SINGLE in self._by_name else tuple(self._by_name)

    @property
    def only(self) -> Optimizer:
        """Return the single optimiser.

        Raises:
            RunError: there are several.
        """
        if self.names:
            what = f"the training has several optimisers: {', '.join(self.names)}"
            raise RunError(what, hint=f"use trainer.optimizers[{self.names[0]!r}]")
        return self._by_name[SINGLE]

    def parameters(self) -> list[Parameter]:
        """Return all that is moved, optimiser by optimiser."""
        return [p for one in self.values() for p in parameters_of(one)]

    def num_groups(self) -> int:
        """Return how many groups of parameters there are."""
        return sum(len(one.param_groups) for one in self._by_name.values())  # in each step

    def rates(self) -> dict[str, float]:
        """Return what a row says of them: `lr`, of several `lr/<optimizer>`; see `rates`."""
        found: dict[str, float] = {}
        for name, one in self._by_name.items():
            values = rates(one)
            found |= {_of_named(key, name): v for key, v in values.items()} if name else values
        return found


def part_name(kind: str, name: str) -> str:
    """Return the name of a part of the state: `optimizer`, of several `optimizer-<name>`."""
    return f"{kind}-{name}" if name else kind


def parameters_of(optimizer: Optimizer) -> list[Parameter]:
    """Return the parameters of all groups of an optimiser."""
    return [p for group in optimizer.param_groups for p in group["params"]]


def _of_named(key: str, name: str) -> str:
    """Return the key of a rate with the optimiser's name: `lr/bias` of it is `lr/critic/bias`."""
    first, _, rest = key.partition("/")
    return "/".join(part for part in (first, name, rest) if part)


def require_named(step: Step, names: Sequence[str]) -> None:
    """Refuse a step that does not name one of several optimisers, or names one where it is alone.

    Raises:
        DataError: says what to return.
    """
    name = step.optimizer
    if name in names or not (name or names):
        return
    known = ", ".join(names)
    if not names:
        what = f"the step names the optimizer {name!r}, and the training has one, without a name"
        hint = "leave it out of the Step, or name optimizers in the config"
    elif not name:
        what = f"the step names no optimizer, and the training has {known}"
        hint = f'return Step(loss, size, optimizer="{names[0]}")'
    else:
        what, hint = f"the step names the optimizer {name!r}, and there are {known}", ""
        hint = nearest(name, names) or "return a Step that names one of them"
    raise DataError(what, where="training_step", hint=hint)


class NamedSchedules(Mapping[str, Schedule]):
    """The schedules of several optimisers, each of which counts its own updates.

    Attributes:
        every_step: whether `step` is to be called after each optimiser update.
    """

    def __init__(self, by_name: Mapping[str, Schedule]) -> None:
        self._by_name = dict(by_name)
        self.every_step = any(one.every_step for one in self._by_name.values())

    def __getitem__(self, name: str) -> Schedule:
        return self._by_name[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_name)

    def __len__(self) -> int:
        return len(self._by_name)

    def step(self, optimizer: str) -> None:
        """Step the schedule of the optimiser that was updated, if it counts steps."""
        if self._by_name[optimizer].every_step:
            self._by_name[optimizer].step()

    def after_epoch(self, metrics: Mapping[str, float]) -> None:
        """Step those that count epochs."""
        for one in self._by_name.values():
            one.after_epoch(metrics)

    def after_evaluation(self, metrics: Mapping[str, float]) -> None:
        """Step those that follow a metric, after an evaluation inside an epoch."""
        for one in self._by_name.values():
            one.after_evaluation(metrics)


def schedules_by_part(schedule: Schedule | NamedSchedules) -> dict[str, Schedule]:
    """Return each schedule by the name of its part of the state."""
    if isinstance(schedule, Schedule):
        return {"schedule": schedule}
    return {part_name("schedule", name): one for name, one in schedule.items()}


def build_optimizers(sections: Sections, model: Model) -> Optimizers:
    """Build the optimisers of resolved sections, each of the parameters that it matches.

    Args:
        sections: by name; a single one, called "", moves all that is trained.
        model: what is trained.

    Raises:
        ConfigError: nothing can be trained, a parameter has two optimisers or none, a pattern
            matches nothing, or an optimiser of several asks for gradients by itself.
        ComponentError: a constructor refuses a value.
    """
    named = trained_parameters(model)
    if SINGLE in sections:
        return Optimizers({SINGLE: build_optimizer(sections[SINGLE], model, named)})
    shares = {name: _share(name, section, named) for name, section in sections.items()}
    _require_one_each(named, shares)
    built = {
        name: build_optimizer(section, model, shares[name], key=optimizer_key(name))
        for name, section in sections.items()
    }
    for name, one in built.items():
        if needs_closure(one):
            key = f"{optimizer_key(name)}.optimizer_name"
            what = f"{type(one).__name__} asks for the loss again, and cannot be one of several"
            raise ConfigError(what, key=key, where=key, hint="type: another optimizer_name")
    return Optimizers(built)


def build_schedules(
    sections: Sections, optimizers: Optimizers, *, metric: str
) -> Schedule | NamedSchedules:
    """Build the schedule of each optimiser; a plateau scheduler follows `metric`.

    Raises:
        ComponentError: a constructor refuses a value.
    """
    built = {
        name: build_schedule(section, optimizers[name], metric=metric, key=schedule_key(name))
        for name, section in sections.items()
    }
    return NamedSchedules(built) if optimizers.names else built[SINGLE]


def optimizer_key(name: str) -> str:
    """Return the dotted key of an optimiser's section."""
    return f"optimizers.{name}" if name else OPTIMIZER


def schedule_key(name: str) -> str:
    """Return the dotted key of the section of an optimiser's schedule."""
    return f"{optimizer_key(name)}.{SCHEDULER}" if name else SCHEDULER


def _share(
    name: str, section: Mapping[str, Any], named: Sequence[tuple[str, Parameter]]
) -> list[tuple[str, Parameter]]:
    names, key = [known for known, _ in named], f"{optimizer_key(name)}.match"
    for pattern in unmatched(patterns_of(section), names):
        what = f"{pattern!r} matches no trained parameter"
        raise ConfigError(what, key=key, where=key, hint=near(pattern, names))
    return [(name, parameter) for name, parameter in named if matches(name, section)]


def _require_one_each(
    named: Sequence[tuple[str, Parameter]],
    shares: Mapping[str, Sequence[tuple[str, Parameter]]],
) -> None:
    """Refuse a parameter that two optimisers move, or none."""
    owners: dict[str, list[str]] = {name: [] for name, _ in named}
    for optimizer, share in shares.items():
        for name, _ in share:
            owners[name].append(optimizer)
    for name, found in owners.items():
        if len(found) > 1:
            what = f"{name!r} is moved by {' and '.join(found)}"
            key = f"{optimizer_key(found[1])}.match"
            raise ConfigError(what, key=key, where=key, hint="let patterns not overlap")
        if not found:
            what = f"no optimizer moves {name!r}"
            hint = f'match it, or freeze it: model_kwargs.freeze=["{name}"]'
            raise ConfigError(what, key="optimizers", where="optimizers", hint=hint)
