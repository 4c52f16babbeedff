"""Open a study of Optuna with the sampler and pruner that a sweep asks for."""

import optuna
from optuna import Study
from optuna.storages import BaseStorage
from optuna.study import StudyDirection

from stride.config.sweep.spec import SweepSpec
from stride.sweeps.search.pruners.build import build_pruner
from stride.sweeps.search.samplers import build_sampler
from stride.sweeps.search.space import Space

_DIRECTIONS = {"min": StudyDirection.MINIMIZE, "max": StudyDirection.MAXIMIZE}


def quiet() -> None:
    """Let Optuna tell warnings alone: what a trial does is told by its run."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)


def create_study(storage: BaseStorage, name: str, mode: str) -> None:
    """Make a study; one of that name that is there already stays as it is.

    Args:
        storage: where it is made.
        name: of the study.
        mode: `min` or `max`.
    """
    quiet()
    if name not in {one.study_name for one in storage.get_all_studies()}:
        storage.create_new_study([_DIRECTIONS[mode]], name)


def open_study(storage: BaseStorage, name: str, spec: SweepSpec) -> Study:
    """Open a study that is there.

    Raises:
        UserError: the sampler or pruner is not one, or refuses its arguments.
    """
    quiet()
    sampler, pruner = spec.sampler_kwargs, spec.pruner_kwargs
    always = {key: one for key, one in spec.search.items() if not one.when}
    return optuna.load_study(
        study_name=name,
        storage=storage,
        sampler=build_sampler(
            sampler.sampler_name, sampler.constructor_kwargs, spec.seed, Space(always).distributions
        ),
        pruner=build_pruner(pruner.pruner_name, pruner.constructor_kwargs),
    )
