"""Take of a run's rows of metrics those that end an epoch, and a few of many."""

from collections.abc import Iterable, Mapping, Sequence
from math import isnan, nan
from typing import Any

from stride.config.metrics import ends_epoch

Row = Mapping[str, Any]


def epoch_rows(rows: Iterable[Row]) -> list[dict[str, Any]]:
    """Return a row for each end of an epoch and each evaluation, with all recorded there.

    What a hook logged at that step is in a line of its own; where both have a name, the value of
    the epoch stands. An epoch that a limit has cut off counts as ended.
    """
    ends: dict[tuple[Any, Any], dict[str, Any]] = {}
    for row in rows:
        end = ends.setdefault((row.get("step"), row.get("epoch")), {})
        end |= {name: value for name, value in row.items() if name not in end}
    return [row for row in ends.values() if ends_epoch(row)]


def rows_with(rows: Sequence[Row], names: Sequence[str], *, steps: bool) -> list[Row]:
    """Return the rows that have one of several metrics.

    Args:
        rows: of metrics.jsonl.
        names: of the metrics.
        steps: whether rows inside of epochs count too; they do where no epoch's end has a metric.
    """
    ends = [] if steps else _having(epoch_rows(rows), names)
    return ends or _having(rows, names)


def _having(rows: Iterable[Row], names: Sequence[str]) -> list[Row]:
    return [row for row in rows if any(name in row for name in names)]


def thinned(rows: Sequence[Row], names: Sequence[str], points: int) -> list[Row]:
    """Return a few of many rows, in their order.

    The first and the last are among them, and the smallest and the largest value of each metric,
    as far as there is room; the others lie evenly between.

    Args:
        rows: each has one of the metrics.
        names: of the metrics.
        points: how many rows to return, 2 at least.
    """
    last = len(rows) - 1
    if last < points:
        return list(rows)
    chosen = {round(n * last / (points - 1)) for n in range(points)}
    kept = {0, last}
    for place in _extremes(rows, names):
        free = chosen - kept - {place}
        if place not in chosen and free:
            chosen.remove(min(free, key=lambda one: abs(one - place)))
            chosen.add(place)
        kept |= {place} & chosen
    return [rows[place] for place in sorted(chosen)]


def _extremes(rows: Sequence[Row], names: Iterable[str]) -> Iterable[int]:
    for name in names:
        known = [(row[name], n) for n, row in enumerate(rows) if not isnan(row.get(name, nan))]
        if known:
            yield min(known)[1]
            yield max(known)[1]
