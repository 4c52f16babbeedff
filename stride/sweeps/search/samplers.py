"""Build Optuna's samplers so that a trial's draws follow from the sweep's seed and its number.

A sampler's own generator would stand elsewhere after a kill. Here each draw is made by a sampler of
its own, seeded by (seed, number of the trial, what is drawn): what else it needs to know it reads
in the storage. So a trial that was killed between two of its parameters gets the same ones.
"""

import hashlib
import inspect
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import optuna
from optuna import Study
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler, QMCSampler, RandomSampler
from optuna.trial import FrozenTrial

from stride.errors import ComponentError, nearest
from stride.sweeps.search.named import given_arguments, made

NAMES = {
    "tpe": "TPESampler",
    "random": "RandomSampler",
    "qmc": "QMCSampler",
    "gp": "GPSampler",
    "brute_force": "BruteForceSampler",
    "nsga2": "NSGAIISampler",
    "nsga3": "NSGAIIISampler",
}
"""Short names of Optuna's samplers; their own are taken too."""

EXACT = frozenset({"TPESampler", "RandomSampler", "QMCSampler"})
"""Samplers by which a killed sweep was shown to equal one that was not."""

_SECTION = "sampler_kwargs"
_PICKLING = frozenset({"CmaEsSampler", "cmaes", "cma_es"})
_LISTS = frozenset({"GridSampler", "PartialFixedSampler", "grid"})


def sampler_class(name: str) -> type[BaseSampler]:
    """Return the class of Optuna's that a name stands for.

    Raises:
        ComponentError: there is none, or it cannot serve a sweep; says what to type instead.
    """
    full = NAMES.get(name, name)
    found = getattr(optuna.samplers, full, None)
    if full in _PICKLING:
        what = f"{name} keeps pickles in the storage, and nothing is unpickled from a sweep's"
        raise _refused(what, "type --sampler tpe, or gp")
    if full in _LISTS:
        raise _refused(f"{name} takes lists of values", "type --grid key=value,value")
    if not (inspect.isclass(found) and issubclass(found, BaseSampler)) or inspect.isabstract(found):
        known = [*NAMES, *NAMES.values()]
        raise _refused(
            f"Optuna has no sampler {name!r}",
            nearest(name, known) or f"type one of: {', '.join(NAMES)}",
        )
    return found


def build_sampler(
    name: str,
    arguments: Mapping[str, Any],
    seed: int,
    together: Mapping[str, BaseDistribution],
) -> BaseSampler:
    """Build a sampler by its name, seeded for each trial.

    Args:
        name: short, or the class of Optuna's.
        arguments: of its constructor, the seed aside.
        seed: of the sweep.
        together: the dimensions that every trial has.

    Raises:
        UserError: there is no such sampler, it does not take the arguments, or a package is not
            installed that it needs.
    """
    made_by = sampler_class(name)
    given = given_arguments(made_by, arguments, _SECTION, supplied=("seed",))
    if made_by is QMCSampler:
        return made(partial(_QMC, dict(together)), {**given, "seed": seed}, _SECTION)

    def make(number: int, what: str) -> BaseSampler:
        return made(made_by, {**given, "seed": _seed(seed, number, what)}, _SECTION)

    make(0, "")
    return SeededSampler(make)


class SeededSampler(BaseSampler):
    """Let each draw of each trial be made by a sampler of its own.

    It is not told how trials end: it reads that in the study. Optuna tells samplers for the sake of
    constraints, which a sweep has none of, and to let them end an optimisation of Optuna's own.

    Args:
        make: gives the sampler for the number of a trial and what is drawn.
    """

    def __init__(self, make: Callable[[int, str], BaseSampler]) -> None:
        self._make = make

    def infer_relative_search_space(
        self, study: Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        """Return which parameters are drawn together."""
        return self._make(trial.number, "together").infer_relative_search_space(study, trial)

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Draw these together."""
        return self._make(trial.number, "together").sample_relative(study, trial, search_space)

    def sample_independent(
        self,
        study: Study,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        """Draw one by itself."""
        one = self._make(trial.number, param_name)
        return one.sample_independent(study, trial, param_name, param_distribution)


class _QMC(QMCSampler):
    """Take the point of the sequence by the trial's number: Optuna's counter moves at each asking.

    Optuna has no public way to choose the point, so that a private method of its class is filled.

    Args:
        together: the dimensions of the sequence; others are drawn by themselves.
        seed: of the sweep.
        arguments: of Optuna's.
    """

    def __init__(self, together: dict[str, BaseDistribution], seed: int, **arguments: Any) -> None:
        super().__init__(**arguments, seed=seed, warn_independent_sampling=False)
        self._together, self._sweep_seed, self._number = together, seed, 0

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> Any:
        return self._together

    def sample_relative(self, study: Study, trial: FrozenTrial, search_space: Any) -> Any:
        self._number = trial.number
        return super().sample_relative(study, trial, search_space)

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: Any
    ) -> Any:
        alone = RandomSampler(_seed(self._sweep_seed, trial.number, param_name))
        return alone.sample_independent(study, trial, param_name, param_distribution)

    def _find_sample_id(self, study: Study, search_space: Any) -> int:
        return self._number


def _seed(seed: int, number: int, what: str) -> int:
    """Return the seed of one draw: 32 bits, as numpy's legacy generator takes."""
    text = f"{seed} {number} {what}".encode()
    return int.from_bytes(hashlib.sha256(text).digest()[:4], "little")


def _refused(what: str, hint: str) -> ComponentError:
    return ComponentError(what, where=_SECTION, hint=hint)
