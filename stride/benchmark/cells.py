"""Arrange runs in cells: rows are models, columns are data sets, a cell has a run for each seed."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from stride.benchmark.axes import BESIDE, DATASETS, MODELS, Place, joined, titles
from stride.runs.deciding.configurations import (
    Configuration,
    LeftOut,
    Study,
    group,
    newest_by_repeat,
)
from stride.runs.listing.facts import Facts


@dataclass(frozen=True)
class Cells:
    """Hold the runs of models on data sets.

    Attributes:
        models: what the rows are called, in their order.
        datasets: by what a column is called its cells, in the order of the models: configurations
            called as these are, without runs where there are none.
        left_out: runs of no cell.
    """

    models: Sequence[str]
    datasets: Mapping[str, Study]
    left_out: Sequence[LeftOut]

    @property
    def runs(self) -> list[Facts]:
        """Return the runs that count, of all cells."""
        cells = [one for study in self.datasets.values() for one in study.configurations]
        return [run for one in cells for run in one.runs.values()]


def arrange(runs: Iterable[Facts]) -> Cells:
    """Put runs into cells.

    A data set is all keys of `dataset_kwargs`, a model all other settings of a run but its seed.
    Keys that nobody has set, as sizes that follow from the data, tell no two models apart.

    Args:
        runs: in any order.
    """
    study = group(runs)
    rows, columns = _places(study.configurations)
    members: dict[tuple[str, str], list[Facts]] = {}
    for row, column in zip(rows, columns, strict=True):
        members.setdefault((row.key, column.key), []).extend(row.runs)
    models, datasets = titles(MODELS, rows), titles(DATASETS, columns)
    studies = {
        title: Study(
            study.over,
            [_cell(name, members.get((row, key), ()), study) for row, name in models.items()],
            (),
        )
        for key, title in datasets.items()
    }
    return Cells([*models.values()], studies, study.left_out)


def _places(configurations: Iterable[Configuration]) -> tuple[list[Place], list[Place]]:
    """Return the row and the column of each configuration, in the order of a sweep's trials."""
    in_order = sorted(configurations, key=_order)
    runs = [_members(one) for one in in_order]
    derived = _derived(in_order, runs)
    settings = [
        {key: value for key, value in one.settings.items() if key not in derived}
        for one in in_order
    ]
    rows, columns = (
        joined([Place.of(axis, *pair) for pair in zip(settings, runs, strict=True)])
        for axis in (MODELS, DATASETS)
    )
    return rows, columns


def _order(one: Configuration) -> tuple[float, float]:
    rows = [run.row for run in _members(one)]
    trials = [math.inf if row.trial is None else row.trial for row in rows]
    return min(trials), min(row.created for row in rows)


def _members(one: Configuration) -> list[Facts]:
    return [*one.runs.values(), *(left.facts for left in one.again)]


def _derived(configurations: Sequence[Configuration], runs: Sequence[Sequence[Facts]]) -> set[str]:
    """Return the keys of settings that none of the runs was given."""
    keys = {key for one in configurations for key in one.settings} - BESIDE
    every = [run for some in runs for run in some]
    return {key for key in keys if all(run.is_derived(key) for run in every)}


def _cell(name: str, runs: Sequence[Facts], study: Study) -> Configuration:
    in_order = sorted(runs, key=lambda run: run.row.created)
    return Configuration(name, {}, *newest_by_repeat(in_order, study.over))
