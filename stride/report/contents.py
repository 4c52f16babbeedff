"""Hold what a report is of: runs, the settings that they have in common, and metrics."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from stride.benchmark.results import default_metrics
from stride.report.names import readable
from stride.runs.compare import PLACE, differing_settings
from stride.runs.deciding.comparison import Comparison, compare
from stride.runs.deciding.configurations import Study, group
from stride.runs.deciding.settings import MODEL_SEED, SEED
from stride.runs.listing.facts import Facts, with_all_metrics
from stride.runs.listing.rows.row import RunRow
from stride.runs.status import BROKEN
from stride.runs.where.names import Field, Names

_FEW = 3  # metrics of the test split that are shown where none is asked for
_TEST = "test/"
_BESIDE = frozenset({"std", "iqm", "min", "max"})  # of episodes, beside their mean
_DISPLAY = "logging_config."  # changes no number


@dataclass(frozen=True)
class Contents:
    """Hold what a report is of.

    Attributes:
        runs: in their order.
        metrics: by which they are compared.
        made: when, in Unix seconds.
    """

    runs: Sequence[Facts]
    metrics: Sequence[Field]
    made: float

    @classmethod
    def of(cls, rows: Iterable[RunRow], names: Sequence[str] = ()) -> "Contents":
        """Read what a report is of.

        Args:
            rows: of the runs, in their order.
            names: of metrics, as they are typed; for none the monitored, and those of the test
                split.

        Raises:
            UserError: no run has such a metric, or the name may mean several.
        """
        runs = [Facts(row) for row in rows]
        known = dict.fromkeys(name for facts in runs for name in facts.metrics)
        found = [Names([], known).find(name) for name in names]
        metrics = found or [Field("metric", name) for name in _default_metrics(runs, known)]
        return cls(runs, list(dict.fromkeys(metrics)), time.time())

    @cached_property
    def rows(self) -> list[RunRow]:
        """Return the rows of the runs with all of their metrics; broken ones say so."""
        return [with_all_metrics(_checked(facts)) for facts in self.runs]

    @cached_property
    def work_dirs(self) -> list[Path]:
        """Return the folders in which the runs lie."""
        return [*dict.fromkeys(facts.row.path.parent for facts in self.runs)]

    def name(self, row: RunRow) -> str:
        """Return what a run is called: its name, or its path where there are several work_dirs."""
        return row.name if len(self.work_dirs) == 1 else str(row.path)

    @cached_property
    def study(self) -> Study:
        """Return the runs by their settings, those that differ by their seed alone as one."""
        found = group(self.runs)
        return replace(found, configurations=readable(found.configurations))

    @cached_property
    def comparisons(self) -> list[Comparison]:
        """Return what each metric is in these settings."""
        return [compare(self.study, metric) for metric in self.metrics]

    @cached_property
    def differences(self) -> dict[str, list[Any]]:
        """Return the settings in which runs differ by dotted key: first those that were set.

        Of each there is a value for every run, ABSENT where a run has none. Those of the display
        are left out, and the seed of the weights where it is that of the run.
        """
        configs = [None if facts.config_error is not None else facts.config for facts in self.runs]
        found = differing_settings(configs)
        found = {key: one for key, one in found.items() if not key.startswith(_DISPLAY)}
        if found.get(MODEL_SEED) == found.get(SEED):
            found.pop(MODEL_SEED, None)
        return {key: found[key] for key in sorted(found, key=lambda key: not self._is_set(key))}

    @property
    def shared(self) -> dict[str, Any]:
        """Return the settings that are the same in all runs and were set by somebody."""
        config = next((facts.config for facts in self.runs if facts.config_error is None), {})
        return {
            key: value
            for key, value in config.items()
            if key not in self.differences
            and key not in PLACE
            and not key.startswith(_DISPLAY)
            and self._is_set(key)
        }

    def _is_set(self, key: str) -> bool:
        return any(facts.is_set(key) for facts in self.runs)


def _checked(facts: Facts) -> RunRow:
    why = facts.row.broken or facts.config_error
    return facts.row._replace(state=BROKEN, reason=why, broken=why) if why else facts.row


def _default_metrics(runs: Sequence[Facts], known: Iterable[str]) -> list[str]:
    """Return the monitored metrics, and of the test split first those that measure the same."""
    monitored = list(dict.fromkeys(facts.row.monitor for facts in runs if facts.row.monitor))
    alike = default_metrics([{*facts.metrics} for facts in runs])
    alike += [_TEST + name.partition("/")[2].removeprefix("epoch_") for name in monitored]
    tested = [name for name in known if name.startswith(_TEST) and not _is_beside(name)]
    tested.sort(key=lambda name: name not in alike)
    return [*monitored, *tested[:_FEW]]


def _is_beside(name: str) -> bool:
    """Tell whether a metric says how another one varies."""
    return name.rpartition("_")[2] in _BESIDE
