"""Check the keys and values of all trials before the first one is trained."""

from collections.abc import Callable, Mapping
from typing import Any

from stride.config import Resolved
from stride.config.sweep.checks import probes
from stride.config.sweep.spec import SweepSpec
from stride.errors import UserError
from stride.trainer.fit.open_sections import resolve_sections
from stride.trainer.trainer import Trainer

_MOST = 1000
"""Trials of a list or grid whose arguments are all checked; of more the first ones are."""


def check_trials(
    spec: SweepSpec, resolve: Callable[[Mapping[str, Any]], Resolved], trainer: Trainer
) -> None:
    """Refuse a trial that schema or constructors would refuse.

    Of a search the ends of ranges, a number between and all choices are tried.

    Args:
        spec: what is asked.
        resolve: gives the config of a trial of its overrides.
        trainer: has what stands for parts of the config.

    Raises:
        UserError: says which trial it is of.
    """
    given = trainer.builder.given
    for overrides in probes(spec)[:_MOST]:
        try:
            resolved = resolve(overrides)
            trainer.builder.require_trust(resolved)
            config = trainer.builder.complete(resolved).config
            resolve_sections(config, loader=given.loaders.get("train"), model=given.model)
        except UserError as error:
            shown = ", ".join(f"{key}={value}" for key, value in overrides.items())
            error.where = f"{error.where}; in the trial {shown}" if error.where else shown
            raise
