"""Say with which seeds the runs of a trial are trained."""

from collections.abc import Mapping
from typing import Any

from stride.config.sweep.spec import SweepSpec


def seeds_of(spec: SweepSpec, overrides: Mapping[str, Any], first: int) -> list[int | None]:
    """Return the seeds of a trial's runs; None where its overrides choose one.

    Args:
        spec: what is asked.
        overrides: of the trial.
        first: the seed of the config, with which they begin.
    """
    if "seed" in overrides:
        return [None]
    return [*spec.seeds] if isinstance(spec.seeds, list) else [*range(first, first + spec.seeds)]
