"""Give the table of a benchmark as plain values, for programs."""

from collections.abc import Iterable
from typing import Any

from stride.benchmark.cells import Cells
from stride.benchmark.results import Results
from stride.runs.deciding.comparison import Measured
from stride.runs.deciding.configurations import Study
from stride.runs.deciding.plain import left_out_run, moments, paired_values
from stride.stats.moments import mean

Plain = dict[str, Any]


def to_plain(cells: Cells, found: Iterable[Results]) -> Plain:
    """Return all cells by all metrics."""
    return {
        "models": [*cells.models],
        "datasets": [*cells.datasets],
        "metrics": [_results(one, cells) for one in found],
        "left_out": [*map(left_out_run, cells.left_out)],
    }


def _results(found: Results, cells: Cells) -> Plain:
    return {
        "metric": found.metric.title,
        "mode": found.mode,
        "cells": [
            {"model": row.configuration.name, "dataset": name, **_cell(row, found, study, name)}
            for name, study in cells.datasets.items()
            for row in found.column(name)
        ],
        "trivial": [
            {"score": score, "dataset": name, "n": len(values), "mean": mean(values)}
            for name, scores in found.trivial.items()
            for score, values in scores.items()
        ],
        "mean_ranks": found.mean_ranks,
        "ranked_over": found.ranked_over,
    }


def _cell(row: Measured, found: Results, study: Study, dataset: str) -> Plain:
    against = row.against_best
    return {
        "standing": row.standing,
        "rank": found.ranks(dataset).get(row.configuration.name),
        **moments(row, study),
        "to_the_best": None if against is None else paired_values(against),
    }
