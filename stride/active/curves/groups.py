"""Read the learning curves of a work_dir's runs, grouped by the settings in which runs differ.

Neither torch nor numpy is needed.
"""

import json
import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from stride.active.curves.curve import Curve, Mode, read_curve
from stride.config.metrics import canonical, infer_mode
from stride.config.values import flatten
from stride.errors import DataError, RunError, UserError
from stride.runs.deciding.settings import MODEL_SEED
from stride.runs.deciding.settings import settings_of as alike
from stride.runs.files.atomic import read_record
from stride.runs.files.jsonl import read_lines
from stride.runs.layout import RunPaths
from stride.runs.listing.query import list_runs
from stride.runs.listing.rows.row import RunRow
from stride.runs.run import Run

STRATEGY = "active_config.strategy"
_SECTION = "active_config."
_DATA = "data_fingerprint"
_MOST_LABELS = 2**53  # beyond it floats miss some of the numbers


class SeedRun(NamedTuple):
    """A run with its seed and all other settings.

    Attributes:
        run: the run.
        state: derived, as a listing shows it.
        seed: of its config.
        settings: as `settings_of` gives them.
    """

    run: Run
    state: str
    seed: int
    settings: Mapping[str, Any]

    @property
    def has_rounds(self) -> bool:
        """Tell whether a round of active learning has come to its end."""
        return os.path.isfile(self.run.paths.rounds)


def _ignore_unreadable(name: str, why: str) -> None:
    """Ignore an unreadable run."""


def read_runs(
    work_dir: str | os.PathLike[str], unreadable: Callable[[str, str], None] = _ignore_unreadable
) -> list[SeedRun]:
    """Return the runs of a work_dir, oldest first, but forks, reproductions and unreadable ones.

    Args:
        work_dir: the folder that holds the runs.
        unreadable: called with the name of a run that has rounds and cannot be read, and why.

    Raises:
        RunError: the work_dir is missing or cannot be read.
    """
    return seed_runs(reversed(list_runs(work_dir)), unreadable)


def seed_runs(
    rows: Iterable[RunRow], unreadable: Callable[[str, str], None] = _ignore_unreadable
) -> list[SeedRun]:
    """Return some runs, but forks, reproductions and unreadable ones.

    Args:
        rows: of the runs, oldest first.
        unreadable: as of `read_runs`.
    """
    found: list[SeedRun] = []
    for row in rows:
        try:
            found += _seed_run(row)
        except UserError as error:  # one that is broken or just begins hides no other
            if os.path.lexists(RunPaths(row.path).rounds):
                unreadable(row.name, error.what)
    return found


def _seed_run(row: RunRow) -> Iterator[SeedRun]:
    """Yield what a comparison needs of a run, nothing for one that was not begun by itself."""
    if row.broken is not None:
        raise RunError(row.broken, where=str(row.path))
    run = Run(row.path)
    told = run.provenance
    origins, data = told.get("origins", {}), told.get(_DATA, "")
    if not isinstance(origins, Mapping) or not isinstance(data, str):
        raise RunError("provenance.json has no origins, or no data", where=str(row.path))
    if "parent" not in told:
        values = run.config.to_json()
        yield SeedRun(run, row.state, values["seed"], settings_of(values, origins, data))


def settings_of(
    config: Mapping[str, Any], origins: Collection[str], data_fingerprint: str
) -> dict[str, Any]:
    """Return by dotted key what decides a run's numbers, apart from its seed.

    Args:
        config: complete, as plain values.
        origins: the dotted keys that somebody has set.
        data_fingerprint: of the data: the same path may hold other data.
    """
    flat = dict(flatten(config))
    fixed = flat.get(MODEL_SEED) if MODEL_SEED in origins else None  # else it follows the seed
    return {**alike(flat), MODEL_SEED: fixed, _DATA: data_fingerprint}


@dataclass(frozen=True)
class Group:
    """The learning curves of runs that differ by their seed alone.

    Attributes:
        name: the strategy, and the settings in which the group differs from others.
        settings: what its runs share.
        runs: the names of the runs, by seed.
        curves: their curves, by seed.
    """

    name: str
    settings: Mapping[str, Any]
    runs: Mapping[int, str]
    curves: Mapping[int, Curve]

    @property
    def strategy(self) -> str:
        """Return the name or import path of the strategy."""
        return str(self.settings[STRATEGY])

    def surroundings(self) -> dict[str, Any]:
        """Return the settings that do not belong to the strategy."""
        return {key: one for key, one in self.settings.items() if not key.startswith(STRATEGY)}


class GroupedCurves(NamedTuple):
    """Curves of one metric, by group."""

    metric: str
    mode: Mode
    groups: list[Group]


def group_curves(runs: Sequence[SeedRun], metric: str | None = None) -> GroupedCurves:
    """Read the curves of runs, and group those that differ by their seed alone.

    Of two runs with all the same, which tell the same, the newer one counts.

    Args:
        runs: of which rounds have ended, oldest first.
        metric: by its name or alias; None: the one that all of the runs say their curves are of.

    Raises:
        DataError: there are no runs, they are of several metrics, or one has no such metric.
    """
    rows = [_rounds(one.run) for one in runs]
    name = _metric_of(runs) if metric is None else _known(metric, rows)
    members: dict[str, dict[int, tuple[SeedRun, Curve]]] = {}
    for one, told in zip(runs, rows, strict=True):
        key = json.dumps(one.settings, sort_keys=True)
        members.setdefault(key, {})[one.seed] = (one, read_curve(told, name))
    some = [dict(sorted(by_seed.items())) for by_seed in members.values()]
    settings = [next(iter(by_seed.values()))[0].settings for by_seed in some]
    names = _names(settings)
    groups = [_group(*parts) for parts in zip(names, settings, some, strict=True)]
    return GroupedCurves(name, _mode_of(name, runs), groups)


def _rounds(run: Run) -> list[dict[str, Any]]:
    """Return the rows of the rounds, each with a number of labels and a table of metrics."""
    rows = read_lines(run.paths.rounds)
    for number, row in enumerate(rows, 1):
        labelled, metrics = row.get("labelled"), row.get("metrics")
        counted = type(labelled) is int and 0 <= labelled <= _MOST_LABELS
        if not counted or not isinstance(metrics, dict):
            raise RunError(f"line {number} is not a round", where=str(run.paths.rounds))
    return rows


def _group(
    name: str, settings: Mapping[str, Any], members: Mapping[int, tuple[SeedRun, Curve]]
) -> Group:
    runs = {seed: one.run.name for seed, (one, _) in members.items()}
    curves = {seed: curve for seed, (_, curve) in members.items()}
    return Group(name, settings, runs, curves)


def _metric_of(runs: Sequence[SeedRun]) -> str:
    found = sorted({_metric_in(one.run.paths.curve) for one in runs})
    if len(found) == 1:
        return found[0]
    if not found:
        raise DataError("there are no learning curves", where="runs")
    what = f"the runs have learning curves of several metrics: {', '.join(found)}"
    raise DataError(what, hint=f"type: --metric {found[0]}")


def _metric_in(curve: Path) -> str:
    metric = read_record(curve).get("metric")
    if not isinstance(metric, str):
        raise RunError(f"{curve.name} names no metric", where=str(curve))
    return metric


def _mode_of(metric: str, runs: Sequence[SeedRun]) -> Mode:
    """Return which way is better: as the runs say whose curves are of it, else by its name.

    Raises:
        ConfigError: neither tells.
    """
    files = [one.run.paths.curve for one in runs]
    curves = [read_record(file) for file in files if os.path.lexists(file)]
    said = {one.get("mode") for one in curves if one.get("metric") == metric}
    mode: Mode = "max" if said == {"max"} else "min"
    return mode if said == {mode} else infer_mode(metric, key="active_config.metric_mode")


def _known(metric: str, rows: Iterable[Iterable[Mapping[str, Any]]]) -> str:
    known = {name for some in rows for row in some for name in row["metrics"]}
    return metric if metric in known else canonical(metric)


def _names(settings: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return for each group its strategy, and in what else it differs from the others."""
    keys = dict.fromkeys(key for one in settings for key in one)
    differ = [key for key in keys if len({_text(one.get(key)) for one in settings}) > 1]
    others = [key for key in differ if key != STRATEGY]
    names = []
    for one in settings:
        further = sorted(_typed(key, one[key]) for key in others if one.get(key) not in (None, {}))
        names.append(" ".join([str(one[STRATEGY]), *further]))
    return names


def _typed(key: str, value: Any) -> str:
    return f"{key.removeprefix(_SECTION)}={value if isinstance(value, str) else _text(value)}"


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True)
