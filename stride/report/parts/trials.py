"""Gather the runs of a report that are trials of sweeps."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from stride.errors import StrideError
from stride.report.contents import Contents
from stride.report.parts.benchmark import is_of_benchmark
from stride.runs.compare import differing_settings
from stride.runs.deciding.configurations import DONE
from stride.runs.deciding.settings import MODEL_SEED, SEED
from stride.runs.files.atomic import read_record
from stride.runs.layout import WorkDirPaths
from stride.runs.listing.facts import Facts


@dataclass(frozen=True)
class Trials:
    """Hold the runs of one sweep.

    Attributes:
        work_dir: the folder in which they lie.
        name: of the sweep.
        runs: in the order of their trials.
        metric: by which the best is told.
        smaller: whether smaller values of it are better.
    """

    work_dir: Path
    name: str
    runs: Sequence[Facts]
    metric: str
    smaller: bool

    def value(self, facts: Facts) -> float:
        """Return the value of a run that is done, NaN where it has none that is finite."""
        found = facts.row.best.get(self.metric, math.nan) if facts.row.state == DONE else math.nan
        return found if math.isfinite(found) else math.nan

    @cached_property
    def known(self) -> list[Facts]:
        """Return the runs with a value."""
        return [facts for facts in self.runs if not math.isnan(self.value(facts))]

    @property
    def best(self) -> Facts:
        """Return the run with the best value; there has to be one."""
        return (min if self.smaller else max)(self.known, key=self.value)

    @cached_property
    def varied(self) -> list[str]:
        """Return the settings that differ and somebody has set, but seeds."""
        found = differing_settings([facts.config for facts in self.runs])
        keys = [key for key in found if key not in (SEED, MODEL_SEED)]
        return [key for key in keys if any(facts.is_set(key) for facts in self.runs)]


def trial(facts: Facts) -> int:
    """Return the number of a run's trial."""
    return facts.row.trial or 0


def trials_of(contents: Contents) -> list[Trials]:
    """Return the runs of each sweep of which there are several, but of benchmarks."""
    by_sweep: dict[tuple[Path, str], list[Facts]] = {}
    for facts in contents.runs:
        sweep = facts.row.sweep
        if sweep is not None and facts.config_error is None and not is_of_benchmark(facts):
            by_sweep.setdefault((facts.row.path.parent, sweep), []).append(facts)
    several = {place: runs for place, runs in by_sweep.items() if len(runs) > 1}
    return [_trials(*place, sorted(runs, key=trial)) for place, runs in several.items()]


def _trials(work_dir: Path, name: str, runs: Sequence[Facts]) -> Trials:
    metric, mode = _asked(work_dir, name, runs)
    return Trials(work_dir, name, runs, metric, mode != "max")


def _asked(work_dir: Path, name: str, runs: Sequence[Facts]) -> tuple[Any, Any]:
    """Return the metric of a sweep and which way is better: as it says, else as its runs do."""
    row = next((facts.row for facts in runs if facts.row.monitor), runs[0].row)
    try:
        record = read_record(WorkDirPaths(work_dir).sweep(name).record)
    except StrideError:
        record = {}
    return str(record.get("metric", row.monitor)), record.get("mode", row.mode)
