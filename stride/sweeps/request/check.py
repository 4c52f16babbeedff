"""Check the keys and values of all trials before the first one is trained."""

from collections.abc import Iterator, Mapping
from typing import Any

from stride.config import Resolved
from stride.config.sweep.space import Choice
from stride.config.sweep.spec import SweepSpec
from stride.errors import UserError
from stride.trainer.fit.open_sections import resolve_sections
from stride.trainer.trainer import Trainer

_MOST = 1000
"""Trials of a list or grid whose arguments are all checked; of more the first ones are."""


def check_trials(base: Resolved, spec: SweepSpec, trainer: Trainer) -> None:
    """Refuse a trial that schema or constructors would refuse.

    Of a search the ends of ranges and all choices are tried, each with the first values of the
    other dimensions.

    Args:
        base: the config that all start from.
        spec: what is asked.
        trainer: has what stands for parts of the config.

    Raises:
        UserError: says which trial it is of.
    """
    given = trainer.builder.given
    for overrides in examples(spec):
        try:
            resolved = base.override(overrides)
            trainer.builder.require_trust(resolved)
            resolve_sections(resolved.config, loader=given.loaders.get("train"), model=given.model)
        except UserError as error:
            shown = ", ".join(f"{key}={value}" for key, value in overrides.items())
            error.where = f"{error.where}; in the trial {shown}" if error.where else shown
            raise


def examples(spec: SweepSpec) -> Iterator[dict[str, Any]]:
    """Yield the overrides of trials; of a search, such that each value at an end stands in one."""
    if spec.kind != "search":
        yield from spec.points()[:_MOST]
        return
    first = {key: _ends(one)[0] for key, one in spec.search.items()}
    yield _active(spec, first)
    for key, one in spec.search.items():
        for value in _ends(one)[1:]:
            chosen = {**first, **{k: v[0] for k, v in one.when.items()}, key: value}
            yield _active(spec, chosen)


def _ends(one: Any) -> list[Any]:
    return one.values if isinstance(one, Choice) else [one.low, one.high]


def _active(spec: SweepSpec, values: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, one in spec.search.items():
        if one.is_active(found):
            found[key] = values[key]
    return found
