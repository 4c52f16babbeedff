"""Say in words how trials of a sweep ended, and which is the best."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from stride.sweeps.following.words import near, overrides_of, shown, train_command
from stride.tables.words import number

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial

    from stride.sweeps.following.standing import Standing
    from stride.sweeps.sweep import Sweep

_LAST = 4  # lines of a traceback


def runs_named(sweep: "Sweep", trial: "FrozenTrial") -> str:
    """Return the names of a trial's runs, "run 3" or "runs 3, 4"; nothing before it has one."""
    from stride.sweeps.following.standing import runs_of

    names = [one.name for one in runs_of(sweep, trial)]
    return f"run{'s' * (len(names) > 1)} {', '.join(names)}" if names else ""


def ended_line(sweep: "Sweep", trial: "FrozenTrial", standing: "Standing", ended: int) -> str:
    """Return one line for a trial that has ended, of so many by now."""
    from stride.sweeps.following.standing import ENDED

    total = standing.total
    place = f"{ended}" if total is None else f"{ended}/{total}"
    state = ENDED[trial.state]
    value = "" if trial.value is None or state == "failed" else f"{number(trial.value)}"
    best = "best so far" if standing.best and standing.best.number == trial.number else ""
    outcome, tried = f"{state} {value}".strip(), shown(overrides_of(trial))
    parts = [place, f"trial {trial.number}", outcome, runs_named(sweep, trial), tried, best]
    return "  ".join(filter(None, parts))


def has_failed(trial: "FrozenTrial") -> bool:
    """Tell whether a trial has failed."""
    from optuna.trial import TrialState

    return trial.state == TrialState.FAIL


def failure_lines(sweep: "Sweep", trial: "FrozenTrial") -> Iterator[str]:
    """Yield the last lines of a failed trial's traceback, and where all of its log is."""
    from stride.sweeps.following.standing import runs_of

    error = str(trial.user_attrs.get("error") or "")
    lines = [line for line in error.splitlines() if line.strip(" ^~")]
    yield from (f"  {line}" for line in lines[-_LAST:])
    for run in runs_of(sweep, trial)[-1:]:
        yield f"  log: {near(run.log(0))}"


def best_lines(sweep: "Sweep", best: "FrozenTrial", config_file: str | None) -> Iterator[str]:
    """Yield what the best trial is, and what to type to train the same."""
    value = f"{sweep.record.metric} {number(best.value)}"
    yield f"best: {value}, trial {best.number}, {runs_named(sweep, best)}"
    yield f"to train it again: {train_again(sweep, best, config_file)}"


def train_again(sweep: "Sweep", trial: "FrozenTrial", config_file: str | None) -> str:
    """Return what to type to train what a trial did."""
    overrides = {**sweep.spec.overrides, **overrides_of(trial), **_seed(sweep, trial)}
    return train_command(sweep.work_dir, overrides, config_file)


def _seed(sweep: "Sweep", trial: "FrozenTrial") -> dict[str, Any]:
    """Return the seed of a trial's best run, where that is not the one of the config."""
    from stride.sweeps.following.standing import runs_of

    best = runs_of(sweep, trial)[0].name
    seeds = {one["run"]: one["seed"] for one in trial.user_attrs["runs"]}
    return {} if seeds[best] in (None, sweep.base.config.seed) else {"seed": seeds[best]}


def inexact_notes(names: Sequence[str]) -> Iterator[str]:
    """Yield for each sampler or pruner that it may choose otherwise after a kill."""
    for name in names:
        yield f"note: {name} is not exact: a sweep that is killed may go on otherwise than unkilled"
