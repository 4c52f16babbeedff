"""Put recorded numbers into rows of metrics.jsonl: in the order of steps, each name once a step."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from operator import attrgetter
from typing import Any

from stride.exchange.imports.names import EPOCH
from stride.exchange.imports.source import COUNTED, Tell, Value

TOGETHER = 1.0
"""Seconds between the first and the last number of a row: what is logged for a step call by call
is one row, and what is measured for it later another, which has its own time."""

_LARGEST = 2.0**1023  # of whole numbers; what is larger has no float, and no reader takes it


def fitting(values: Sequence[Value], tell: Tell) -> list[Value]:
    """Return what a row can hold, in the order of steps; of a name at a step the newest.

    Args:
        values: in the order in which they were recorded.
        tell: is given in words what is left out.
    """
    kept = [value for value in values if 0 <= value.step < COUNTED and _fits(value.number)]
    if len(kept) < len(values):
        what = "numbers at steps below 0 or beyond 2**53, or beyond all floats"
        tell(f"{what}: {len(values) - len(kept):,}")
    kept.sort(key=attrgetter("step"))
    found: list[Value] = []
    again = 0
    for _, some in groupby(kept, attrgetter("step")):
        group = [*some]
        newest = {value.name: value for value in group}
        again += sum(repr(value.number) != repr(newest[value.name].number) for value in group)
        found += newest.values()
    if again:
        tell(f"numbers that others replaced at their step: {again:,}")
    return found


def _fits(number: int | float) -> bool:
    """Tell whether every reader of JSON can take a number."""
    return isinstance(number, float) or abs(number) < _LARGEST


def counts_epochs(values: Sequence[Value]) -> bool:
    """Tell whether the metric `epoch` counts epochs, as a row's own number does."""
    found = [value.number for value in values if value.name == EPOCH]
    counted = all(0 <= one < COUNTED and one == int(one) for one in found)
    return bool(found) and counted and found == sorted(found)


def rows_of(values: Sequence[Value], names: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """Yield rows as a run's own are.

    Args:
        values: as `fitting` returns them.
        names: under which each metric is recorded; without `epoch` where that counts epochs.
    """
    epoch = 0
    for step, some in groupby(values, attrgetter("step")):
        group = [*some]
        epoch = next((int(v.number) for v in group if v.name == EPOCH not in names), epoch)
        for row in _together([value for value in group if value.name in names]):
            place = {"step": step, "epoch": epoch, "time": row[0].time}
            yield place | {names[value.name]: value.number for value in row}


def _together(values: Sequence[Value]) -> Iterator[list[Value]]:
    """Yield the numbers of one step in rows, by their times."""
    row: list[Value] = []
    for value in values:
        if row and abs(value.time - row[0].time) > TOGETHER:
            yield row
            row = []
        row.append(value)
    if row:
        yield row
