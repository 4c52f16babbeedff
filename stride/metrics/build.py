"""Build the metrics that a config names."""

from collections.abc import Callable, Sequence
from inspect import isclass, signature
from typing import Any

from stride.components import bind, construct, find
from stride.config.metrics import metric_name
from stride.errors import ComponentError, ConfigError, MissingExtra, nearest
from stride.metrics import classification, regression, torchmetrics
from stride.metrics.base import KEY, Metric, Task
from stride.metrics.choice import MetricChoice, MetricSpec, read_choices

_OWN = (
    "name a class with update, compute and reset: derive from stride.metrics.Metric, "
    "whose update(step) finds step.outputs and step.targets"
)


def default_metrics(info: Task | None) -> list[str]:
    """Return accuracy where the targets are classes, mae where they are numbers, else nothing."""
    kind = None if info is None else info.target_kind
    return {"class": ["accuracy"], "float": ["mae"]}.get(kind or "", [])


def build_metrics(
    specs: Sequence[MetricSpec] | None, info: Task | None, section: str = KEY
) -> dict[str, Metric]:
    """Return a metric for each name: one of STRIDE's own, torchmetrics' or an import path.

    Args:
        specs: names, or sections with a `metric_name`, arguments and `as`; None for the default.
        info: what is known of the targets.
        section: where they stand, for errors.

    Whether a metric is for classes or for numbers is not asked here: what the model's step gives
    shows whether it fits, and that need not be the targets of the data.

    Returns:
        the metrics by the names that they are recorded by.

    Raises:
        ConfigError: for an unknown name, an argument that does not fit, or two metrics that would
            be recorded by one name.
        MissingExtra: for a name of torchmetrics', which is not installed.
    """
    specs = default_metrics(info) if specs is None else specs
    choices = read_choices(specs, section)
    _require_own_names(choices)
    return {one.recorded: _build(one, info) for one in choices}


def _require_own_names(choices: Sequence[MetricChoice]) -> None:
    """Refuse two metrics of one name: the value of one would be lost."""
    taken = {metric_name("validation", "loss"): "the loss"}
    for one in choices:
        recorded = metric_name("validation", one.recorded)
        if recorded in taken:
            raise ConfigError(
                f"{one.name} would be recorded as {recorded}, as is {taken[recorded]}",
                key=one.section,
                where=one.section,
                hint='name each metric once, or give one another name: {"metric_name": '
                f'"{one.name}", "as": ...}}',
            )
        taken[recorded] = one.name


def _build(choice: MetricChoice, info: Task | None) -> Metric:
    own = classification.METRICS | regression.METRICS
    if choice.name in own:
        make: Callable[..., Any] = own[choice.name]
        # All have defaults: each evaluation makes them anew, and to read a signature takes longer.
        made: Metric = make() if choice.arguments is None else _constructed(make, choice)
        return made
    return _imported(choice) if ":" in choice.name else _of_torchmetrics(choice, [*own], info)


def _constructed(make: Callable[..., Any], choice: MetricChoice) -> Any:
    """Call a constructor with the arguments of a section, checked against its signature."""
    arguments = bind(make, choice.arguments or {}, section=choice.section)
    return construct(make, section=choice.section, **arguments)


def _unknown(choice: MetricChoice, names: Sequence[str]) -> ConfigError:
    hint = nearest(choice.name, names) or nearest(choice.name.lower(), names)
    return ConfigError(
        f"there is no metric {choice.name!r}",
        key=choice.section,
        where=choice.section,
        hint=hint
        or f"{', '.join(names[:9])}, a class of torchmetrics, or an import path pkg.mod:Name",
    )


def _imported(choice: MetricChoice) -> Metric:
    make = find("metric", choice.name)
    if isclass(make):
        _require_metric(make, choice, make)
    built = _made(make, choice) if choice.arguments is None else _constructed(make, choice)
    _require_metric(built, choice, type(built))
    return built if isinstance(built, Metric) else torchmetrics.TorchMetric(built)


def _require_metric(thing: Any, choice: MetricChoice, kind: type) -> None:
    """Refuse what has not the methods of a metric; a class before it is called."""
    if not all(callable(getattr(thing, method, None)) for method in ("update", "compute", "reset")):
        what = f"{choice.name} gives a {kind.__name__}, not a metric"
        raise ComponentError(what, where=choice.section, hint=_OWN)


def _made(make: Any, choice: MetricChoice) -> Any:
    """Call what an import path names; a function of outputs and targets takes arguments."""
    try:
        signature(make).bind()
    except TypeError as error:
        what = f"{choice.name} cannot be made without arguments: {error}"
        raise ComponentError(what, where=choice.section, hint=_OWN) from None
    except ValueError:  # the signature of some built in C is not to be had
        pass
    return make()


def _of_torchmetrics(choice: MetricChoice, names: list[str], info: Task | None) -> Metric:
    name = choice.name
    if not name[:1].isupper():
        raise _unknown(choice, names)
    if not torchmetrics.is_installed():
        if nearest(name.lower(), names):
            raise _unknown(choice, names)
        raise MissingExtra("torchmetrics", "metrics", where=choice.section)
    found = torchmetrics.find(name)
    if found is None:
        raise _unknown(choice, [*names, *torchmetrics.names()])
    return torchmetrics.build(choice, found, info)
