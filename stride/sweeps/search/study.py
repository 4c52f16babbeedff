"""Open a study of Optuna with the sampler and pruner that a sweep asks for."""

import re
from itertools import count

import optuna
from optuna import Study
from optuna.pruners import BasePruner
from optuna.samplers import BaseSampler, BruteForceSampler
from optuna.storages import BaseStorage
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from stride.config.sweep.spec import SweepSpec
from stride.errors import UserError
from stride.sweeps.search.named import refusing
from stride.sweeps.search.pruners.build import EXACT as EXACT_PRUNERS
from stride.sweeps.search.pruners.build import build_pruner, pruner_class
from stride.sweeps.search.pruners.pfl import PFLPruner
from stride.sweeps.search.samplers import EXACT as EXACT_SAMPLERS
from stride.sweeps.search.samplers import build_sampler, sampler_class
from stride.sweeps.search.space import Space

_TARGET = "target_epoch"
_DIRECTIONS = {"min": StudyDirection.MINIMIZE, "max": StudyDirection.MAXIMIZE}


def quiet() -> None:
    """Let Optuna tell warnings alone: what a trial does is told by its run."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)


def create_study(storage: BaseStorage, name: str, mode: str) -> str:
    """Make a study and return its name: this one, or with a number where it is taken.

    It is taken by what was asked before, by another work_dir in the same database, or by a study
    that a kill left half made: none of them is touched.

    Args:
        storage: where it is made.
        name: of the sweep.
        mode: `min` or `max`.
    """
    quiet()
    taken = {one.study_name for one in storage.get_all_studies()}
    names = (name if n == 1 else f"{name}-{n}" for n in count(1))
    free = next(one for one in names if one not in taken)
    storage.create_new_study([_DIRECTIONS[mode]], free)
    return free


def open_study(storage: BaseStorage, name: str, spec: SweepSpec) -> Study:
    """Open a study that is there.

    Raises:
        UserError: it is not there; or the sampler or pruner is not one, or refuses its arguments.
    """
    quiet()
    sampler, pruner = build_choosers(spec)
    try:
        return optuna.load_study(study_name=name, storage=storage, sampler=sampler, pruner=pruner)
    except KeyError:
        what = f"the sweep's storage has no study {name!r} any more"
        hint = "bring its file or database back, or ask for the sweep under another --name"
        raise UserError(what, hint=hint) from None


def completed_trials(storage: BaseStorage, name: str) -> list[FrozenTrial]:
    """Return the complete trials of all studies that a sweep of this name may have had.

    Args:
        storage: where they are, of other work_dirs too where it is a database.
        name: of the sweep.
    """
    numbered = re.compile(rf"{re.escape(name)}(-\d+)?")
    names = [one.study_name for one in storage.get_all_studies()]
    studies = [storage.get_study_id_from_name(one) for one in names if numbered.fullmatch(one)]
    complete = (TrialState.COMPLETE,)
    return [
        trial
        for study in studies
        for trial in storage.get_all_trials(study, deepcopy=False, states=complete)
    ]


def build_choosers(spec: SweepSpec) -> tuple[BaseSampler, BasePruner]:
    """Build what chooses the next trial, and what ends one early.

    Raises:
        UserError: the sampler or pruner is not one, or refuses its arguments.
    """
    sampler, pruner = spec.sampler_kwargs, spec.pruner_kwargs
    always = {key: one for key, one in spec.search.items() if not one.when}
    together = Space(always).distributions
    return (
        build_sampler(sampler.sampler_name, sampler.constructor_kwargs, spec.seed, together),
        build_pruner(pruner.pruner_name, pruner.constructor_kwargs),
    )


def require_draws(spec: SweepSpec) -> None:
    """Refuse a search whose sampler cannot draw from its space.

    Raises:
        UserError: says what the sampler or pruner refuses.
    """
    sampler, pruner = build_choosers(spec)
    if spec.kind == "search":
        quiet()
        study = optuna.create_study(sampler=sampler, pruner=pruner)
        with refusing("sampler_kwargs"):
            Space(spec.search).suggest(study.ask())


def completed(spec: SweepSpec, epochs: int | None) -> SweepSpec:
    """Return a spec that says when it ends where that follows from the rest.

    A pruner of forecasts is told with how many epochs a trial ends, and a search that tries each
    point of its space once has no more trials than there are points.

    Args:
        spec: as it was asked for; what it says itself counts.
        epochs: of a training, None where its end is not counted by them.
    """
    return _with_last_trial(_with_target(spec, epochs))


def _with_last_trial(spec: SweepSpec) -> SweepSpec:
    points = Space(spec.search).size
    brute = sampler_class(spec.sampler_kwargs.sampler_name) is BruteForceSampler
    if spec.kind != "search" or not brute or points is None:
        return spec
    return spec.model_copy(update={"trials": min(points, spec.trials or points)})


def _with_target(spec: SweepSpec, epochs: int | None) -> SweepSpec:
    section = spec.pruner_kwargs
    told = _TARGET in section.constructor_kwargs or epochs is None
    if told or pruner_class(section.pruner_name) is not PFLPruner:
        return spec
    return spec.model_copy(update={"pruner_kwargs": section.model_copy(update={_TARGET: epochs})})


def inexact(spec: SweepSpec) -> list[str]:
    """Return the sampler and the pruner as far as they may decide otherwise after a kill."""
    sampler = sampler_class(spec.sampler_kwargs.sampler_name).__name__
    pruner = pruner_class(spec.pruner_kwargs.pruner_name).__name__
    found = [sampler] if spec.kind == "search" and sampler not in EXACT_SAMPLERS else []
    return [*found, *([] if pruner in EXACT_PRUNERS else [pruner])]
