"""Build the metrics that a config names."""

from collections.abc import Sequence
from inspect import signature
from typing import Any

from stride.components import find
from stride.errors import ComponentError, ConfigError, MissingExtra, nearest
from stride.metrics import classification, regression, torchmetrics
from stride.metrics.base import KEY, Metric, Task

_OWN = (
    "name a class with update, compute and reset: derive from stride.metrics.Metric, "
    "whose update(step) finds step.outputs and step.targets"
)


def default_metrics(info: Task | None) -> list[str]:
    """Return accuracy where the targets are classes, mae where they are numbers, else nothing."""
    kind = None if info is None else info.target_kind
    return {"class": ["accuracy"], "float": ["mae"]}.get(kind or "", [])


def build_metrics(names: Sequence[str] | None, info: Task | None) -> dict[str, Metric]:
    """Return a metric for each name: one of STRIDE's own, torchmetrics' or an import path.

    Args:
        names: None for the default ones.
        info: What is known of the targets.

    Raises:
        ConfigError: For an unknown name, or a metric that does not fit the targets.
        MissingExtra: For a name of torchmetrics', which is not installed.
    """
    names = default_metrics(info) if names is None else names
    return {name.rpartition(":")[2]: _build(name, info) for name in names}


def _build(name: str, info: Task | None) -> Metric:
    for kind, table in (("class", classification.METRICS), ("float", regression.METRICS)):
        if name in table:
            _check_task(name, kind, info)
            return table[name]()
    if ":" in name:
        return _imported(name)
    names = [*classification.METRICS, *regression.METRICS]
    return _of_torchmetrics(name, names, info)


def _check_task(name: str, kind: str, info: Task | None) -> None:
    given = None if info is None else info.target_kind
    fits = given is None or given == kind
    if name == "auc" and info is not None and info.num_classes not in (None, 2):
        raise ConfigError(
            f"auc is for two classes, and the targets have {info.num_classes}",
            key=KEY,
            hint="accuracy and f1 take any number, torchmetrics' MulticlassAUROC too",
        )
    if not fits:
        words = {"class": "classes", "float": "numbers"}
        raise ConfigError(
            f"{name} is for {words[kind]}, and the targets are {words[given or kind]}",
            key=KEY,
            hint="for classes: accuracy, top5_accuracy, error, f1, auc; "
            "for numbers: mse, rmse, mae, r2",
        )


def _unknown(name: str, names: Sequence[str]) -> ConfigError:
    hint = nearest(name, names) or nearest(name.lower(), names)
    return ConfigError(
        f"there is no metric {name!r}",
        key=KEY,
        hint=hint
        or f"{', '.join(names[:9])}, a class of torchmetrics, or an import path pkg.mod:Name",
    )


def _imported(name: str) -> Metric:
    built = _made(name, find("metric", name))
    if isinstance(built, Metric):
        return built
    if all(callable(getattr(built, method, None)) for method in ("update", "compute", "reset")):
        return torchmetrics.TorchMetric(built)
    raise ComponentError(f"{name} gives a {type(built).__name__}, no metric", where=KEY, hint=_OWN)


def _made(name: str, make: Any) -> Any:
    """Call what an import path names; a function of outputs and targets takes arguments."""
    try:
        signature(make).bind()
    except TypeError as error:
        what = f"{name} cannot be made without arguments: {error}"
        raise ComponentError(what, where=KEY, hint=_OWN) from None
    except ValueError:  # the signature of some built in C is not to be had
        pass
    return make()


def _of_torchmetrics(name: str, names: list[str], info: Task | None) -> Metric:
    if not name[:1].isupper():
        raise _unknown(name, names)
    if not torchmetrics.installed():
        if nearest(name.lower(), names):
            raise _unknown(name, names)
        raise MissingExtra("torchmetrics", "metrics", where=KEY)
    found = torchmetrics.find(name)
    if found is None:
        raise _unknown(name, [*names, *torchmetrics.names()])
    return torchmetrics.build(name, found, info)
