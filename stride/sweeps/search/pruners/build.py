"""Find and make a pruner by its name."""

import inspect
from collections.abc import Mapping
from typing import Any

import optuna
from optuna.pruners import BasePruner

from stride.errors import ComponentError, nearest
from stride.sweeps.search.named import given_arguments, made
from stride.sweeps.search.pruners.pfl import PFLPruner

NAMES = {
    "nop": "NopPruner",
    "median": "MedianPruner",
    "percentile": "PercentilePruner",
    "sha": "SuccessiveHalvingPruner",
    "hyperband": "HyperbandPruner",
    "threshold": "ThresholdPruner",
    "patient": "PatientPruner",
    "wilcoxon": "WilcoxonPruner",
    "pfl": "PFLPruner",
}
"""Short names of pruners; those of Optuna's classes are taken too."""

EXACT = frozenset({"NopPruner", "MedianPruner", "PercentilePruner", "ThresholdPruner", "PFLPruner"})
"""Pruners whose decisions follow from what was reported alone; the others note some of their own.

After a kill in the instant of a decision these may decide otherwise.
"""

_SECTION = "pruner_kwargs"
_NAME, _WRAPPED = "pruner_name", "wrapped_pruner"


def pruner_class(name: str) -> type[BasePruner]:
    """Return the class that a name stands for.

    Raises:
        ComponentError: there is none; says which is nearest.
    """
    full = NAMES.get(name, name)
    found = PFLPruner if full == "PFLPruner" else getattr(optuna.pruners, full, None)
    if not (inspect.isclass(found) and issubclass(found, BasePruner)) or inspect.isabstract(found):
        hint = nearest(name, [*NAMES, *NAMES.values()]) or f"type one of: {', '.join(NAMES)}"
        raise ComponentError(f"no pruner {name!r}", where=_SECTION, hint=hint)
    return found


def build_pruner(name: str, arguments: Mapping[str, Any]) -> BasePruner:
    """Build a pruner by its name.

    Args:
        name: short, or the class.
        arguments: of its constructor; `wrapped_pruner` is a name, null, or a table with
            a `pruner_name`.

    Raises:
        UserError: there is no such pruner, or it does not take the arguments.
    """
    made_by, given = pruner_class(name), dict(arguments)
    taken: dict[str, Any] = {}
    if given.get(_WRAPPED) is not None:
        inner = given.pop(_WRAPPED)
        within = dict(inner) if isinstance(inner, Mapping) else {_NAME: inner}
        taken[_WRAPPED] = build_pruner(str(within.pop(_NAME, "median")), within)
    taken |= given_arguments(made_by, given, _SECTION, supplied=[*taken])
    return made(made_by, taken, _SECTION)
