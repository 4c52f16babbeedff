"""Say in words how trials of a sweep ended, and which is the best."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stride.config.names.short import ALIASES
from stride.tables.words import number, setting
from stride.visible import quoted

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial

    from stride.sweeps.following.standing import Standing
    from stride.sweeps.sweep import Sweep

_SHORT = {whole: short for short, whole in ALIASES.items()}
_LAST = 4  # lines of a traceback


def words_of(overrides: Mapping[str, Any]) -> list[str]:
    """Return overrides as `key=value` words, with the short keys that any command takes."""
    return [f"{_SHORT.get(key, key)}={setting(value)}" for key, value in overrides.items()]


def shown(overrides: Mapping[str, Any]) -> str:
    """Return overrides to be read: short keys, numbers with four digits."""
    from stride.runs.deciding.settings import named, short_names

    values = {k: float(number(v)) if isinstance(v, float) else v for k, v in overrides.items()}
    return named(values, short_names(values, values))


def runs_named(sweep: "Sweep", trial: "FrozenTrial") -> str:
    """Return the names of a trial's runs, "run 3" or "runs 3, 4"; nothing before it has one."""
    from stride.sweeps.following.standing import runs_of

    names = [one.name for one in runs_of(sweep, trial)]
    return f"run{'s' * (len(names) > 1)} {', '.join(names)}" if names else ""


def near(folder: Path) -> str:
    """Return a folder as one would type it here: what is below the current folder by that."""
    here = Path.cwd()
    return str(folder.relative_to(here) if folder.is_relative_to(here) else folder)


def overrides_of(trial: "FrozenTrial") -> dict[str, Any]:
    """Return what a trial tries; nothing before that is chosen."""
    return dict(trial.user_attrs.get("overrides") or {})


def counted(standing: "Standing") -> str:
    """Return how many trials there are, by how they ended."""
    ended, total = len(standing.ended), standing.total
    of = "" if total is None else f" of {total}"
    states = {name: count for name, count in standing.counts.items() if count}
    parts = ", ".join(f"{count} {name}" for name, count in states.items())
    return f"{ended}{of} trials ended" + (f": {parts}" if parts else "")


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
    yield f"to train it again: {train_command(sweep, best, config_file)}"


def train_command(sweep: "Sweep", trial: "FrozenTrial", config_file: str | None) -> str:
    """Return what to type to train what a trial did."""
    words = words_of({**sweep.spec.overrides, **overrides_of(trial), **_seed(sweep, trial)})
    file = [] if config_file is None else ["--config-file", config_file]
    typed = ["-w", near(sweep.work_dir), *file, *words]
    return " ".join(["stride train", *map(quoted, typed)])


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
