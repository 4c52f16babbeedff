"""Know on which data trials are trained: those of the base config, or of keys that they set."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from stride.config import Resolved
from stride.config.sweep.spec import SweepSpec
from stride.errors import UserError
from stride.trainer.process_state import drawing
from stride.trainer.trainer import Trainer

_SECTION = "dataset_kwargs."


@dataclass(frozen=True)
class TrialData:
    """Hold the fingerprints of the data of trials.

    Attributes:
        base: of what the base config reads.
        others: those of listed trials that set keys of it, by these keys as `keys_of` gives them.
    """

    base: str
    others: Mapping[str, str] = field(default_factory=dict)

    def of(self, overrides: Mapping[str, Any]) -> str:
        """Return the fingerprint of the data of a trial.

        Of a search, whose values are not known beforehand, it is always that of the base config.
        """
        return self.others.get(keys_of(overrides), self.base)


def keys_of(overrides: Mapping[str, Any]) -> str:
    """Return what of overrides says which data are read, as JSON; empty where nothing does."""
    chosen = {key: one for key, one in overrides.items() if key.startswith(_SECTION)}
    return json.dumps(chosen, sort_keys=True) if chosen else ""


def fingerprints(spec: SweepSpec, base: Resolved, trainer: Trainer) -> dict[str, str]:
    """Read the data of listed trials that set keys of it; return their fingerprints by these keys.

    Args:
        spec: what is asked.
        base: the config that all trials start from.
        trainer: that trains them.

    Raises:
        UserError: data cannot be read; says of which trial they are.
    """
    return {keys: _fingerprint(point, base, trainer) for keys, point in _choosing(spec)}


def _choosing(spec: SweepSpec) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield one trial for each choice of data."""
    points = {} if spec.kind == "search" else {keys_of(point): point for point in spec.points()}
    yield from ((keys, point) for keys, point in points.items() if keys)


def _fingerprint(point: Mapping[str, Any], base: Resolved, trainer: Trainer) -> str:
    resolved = base.override(point)
    try:
        with drawing(resolved.config.seed):
            return trainer.builder.data_of(resolved).fingerprint
    except UserError as error:
        shown = ", ".join(f"{key}={value}" for key, value in point.items())
        error.where = f"{error.where}; in the trial {shown}" if error.where else shown
        raise
