"""Say what scores that learn nothing, a random one and the mean |x|, reach on a data set."""

import math
from collections.abc import Mapping, Sequence

from stride.runs.deciding.comparison import Comparison
from stride.runs.deciding.configurations import Repeat
from stride.runs.listing.facts import Facts

Trivial = Mapping[str, Sequence[float]]
"""By the name of a score what it reaches, a number for each repetition that knows it."""


def trivial_scores(column: Comparison) -> Trivial:
    """Return what scores that learn nothing reach on a data set, by the metric of its cells.

    They follow from the data and the seed alone, so one run of each seed is read, of whatever
    model: the first that has recorded them.
    """
    found: dict[str, list[float]] = {}
    for runs in _by_repeat(column).values():
        scores = next((known for run in runs if (known := run.trivial_scores)), {})
        for name, reached in scores.items():
            value = reached.get(column.metric.key, math.nan)
            if math.isfinite(value):
                found.setdefault(name, []).append(value)
    return found


def _by_repeat(column: Comparison) -> dict[Repeat, list[Facts]]:
    """Return the runs that count, by what they repeat."""
    found: dict[Repeat, list[Facts]] = {}
    for row in column.rows:
        for repeat in row.values:
            found.setdefault(repeat, []).append(row.configuration.runs[repeat])
    return found
