"""Give the numbers of a metric their names, and let no two numbers share one."""

from collections.abc import Collection, Iterable, Mapping

from stride.config.metrics import VALUE_NAME
from stride.errors import ComponentError, DataError, nearest_name
from stride.metrics.base import KEY


def named_numbers(name: str, value: float | Mapping[str, float]) -> dict[str, float]:
    """Return what a metric computed by name: of several numbers each as `name_part`.

    Raises:
        ComponentError: a part has a name that nothing can be recorded by.
    """
    if not isinstance(value, Mapping):
        return {name: value}
    for part in value:
        if not isinstance(part, str) or not VALUE_NAME.fullmatch(part):
            raise ComponentError(
                f"the metric {name!r} gives a number the name {part!r}",
                where=KEY,
                hint=nearest_name(part, VALUE_NAME.fullmatch)
                or "let `compute` give a dict of names, of letters, digits, _, - and .",
            )
    return {f"{name}_{part}": number for part, number in value.items()}


def require_no_clash(values: Iterable[str], metrics: Collection[str]) -> None:
    """Refuse named values of a step that a metric is recorded under.

    Raises:
        DataError: names the first.
    """
    for name in values:
        if name in metrics:
            raise DataError(
                f"a value of the model's Step is called {name!r}, and so is a metric",
                where=KEY,  # so one that nobody asked for makes way
                hint="give the value another name, or leave the metric out",
            )


def require_distinct(names: list[str]) -> list[str]:
    """Return the names as they are.

    Raises:
        DataError: two numbers of an evaluation would be recorded by one.
    """
    for number, name in enumerate(names):
        if name in names[:number]:
            raise DataError(
                f"two numbers of an evaluation would be recorded as {name!r}",
                where=KEY,
                hint='give a metric another name: {"metric_name": ..., "as": ...}',
            )
    return names
