"""Warn where the best value of a key is at an end of its range: a better one may lie beyond."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from stride.config.sweep.ranges import Edge, is_number
from stride.config.sweep.space import Choice, Dimension, FloatRange, IntRange
from stride.config.sweep.spec import SweepSpec
from stride.config.sweep.value_lists import list_text
from stride.runs.deciding.settings import SEED
from stride.sweeps.following.words import short_key, shown
from stride.visible import quoted

MORE = 0.25
"""By which part of its width, or of that of its logarithms, a range is made wider."""

RATIO = 1.5
"""From which ratio of its last two numbers on a list of them is one of ratios."""


class AtEdge(NamedTuple):
    """Hold a key whose best value is at an end of what was tried.

    Attributes:
        key: of the config.
        value: the best one.
        end: the lower or upper one.
        tried: the range or the values, as they are typed.
        wider: what to type to try values beyond, nothing where there may be none.
    """

    key: str
    value: Any
    end: Edge
    tried: str
    wider: str

    @property
    def sentence(self) -> str:
        """Return the warning."""
        end = "lower" if self.end == "low" else "upper"
        value = shown({self.key: self.value})
        try_more = f"; to try values beyond: {self.wider}" if self.wider else ""
        return f"{value} is at the {end} end of what was tried, {self.tried}{try_more}"


def at_edges(spec: SweepSpec, best: Mapping[str, Any]) -> list[AtEdge]:
    """Return the keys of the best overrides that are at an end, in the range's own scale."""
    return [*_of_search(spec.search, best), *_of_grid(spec.grid, best)]


def _of_search(search: Mapping[str, Dimension], best: Mapping[str, Any]) -> Iterator[AtEdge]:
    for key, one in search.items():
        end = one.at_edge(best[key]) if key in best and key != SEED else None
        if end is not None and not isinstance(one, Choice):
            wider = widened(one, end)
            typed = "" if wider is None else f"--search {quoted(f'{short_key(key)}={wider}')}"
            yield AtEdge(key, best[key], end, str(one), typed)


def _of_grid(grid: Mapping[str, Sequence[Any]], best: Mapping[str, Any]) -> Iterator[AtEdge]:
    for key, values in grid.items():
        if key == SEED or len(values) < 2 or not all(map(is_number, values)):
            continue
        ordered = sorted(values)
        if best.get(key) in (ordered[0], ordered[-1]):
            end: Edge = "low" if best[key] == ordered[0] else "high"
            beyond = next_number(ordered if end == "high" else ordered[::-1])
            more = "" if beyond is None else list_text([*values, beyond])
            typed = f"--grid {quoted(f'{short_key(key)}={more}')}" if more else ""
            yield AtEdge(key, best[key], end, list_text(values), typed)


def widened(one: IntRange | FloatRange, end: Edge) -> IntRange | FloatRange | None:
    """Return a range that goes on at one end by a part of its width, in its own scale.

    Numbers above 0 stay so, and those that begin at 0 too: None where that leaves no room.
    """
    here, other = (one.low, one.high) if end == "low" else (one.high, one.low)
    far = here * (here / other) ** MORE if one.log else here + (here - other) * MORE
    if far == here or not math.isfinite(far):
        return None
    if one.step and not one.log:
        steps = math.ceil(abs(far - here) / one.step)
        far = _short(here + math.copysign(steps * one.step, far - here), 10)
    elif one.log:
        far = _short(far, 2)
    else:
        far = round(far, -math.floor(math.log10(abs(far - here))))
    return _with_end(one, end, far)


def _with_end(one: IntRange | FloatRange, end: Edge, far: float) -> IntRange | FloatRange | None:
    whole = isinstance(one, IntRange)
    if whole:
        far = math.floor(far) if end == "low" else math.ceil(far)
    if one.low >= 0:
        far = max(far, min(one.low, 1) if whole else 0.0)
    beyond = far < one.low if end == "low" else far > one.high
    return one.model_copy(update={end: far}) if beyond else None


def next_number(ordered: Sequence[float]) -> float | None:
    """Return what comes after numbers that rise or fall: by their last ratio, or difference.

    Whole numbers stay whole, and none goes below 0 where the others do not: None there.
    """
    before, last = ordered[-2:]
    if before * last > 0 and max(before / last, last / before) >= RATIO:
        found = _short(last * last / before, 10)
    else:
        found = _short(last + (last - before), 10)
    whole = all(isinstance(one, int) for one in ordered)
    if not math.isfinite(found) or (min(ordered) >= 0 > found) or (whole and found % 1):
        return None
    return int(found) if whole else found


def _short(value: float, digits: int) -> float:
    return float(f"{value:.{digits}g}")
