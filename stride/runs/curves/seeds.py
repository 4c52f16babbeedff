"""Average curves over runs that differ by their seed alone, with a band around the mean."""

import math
from collections.abc import Iterator, Sequence

from stride.plots.plot import Line
from stride.plots.words import place
from stride.runs.curves.cells import Cells
from stride.stats.intervals import t_interval
from stride.stats.moments import mean


def mean_line(label: str, lines: Sequence[Line]) -> Line:
    """Return the mean of curves, with Student's interval of it in 95 of 100 cases as a band.

    Where the points of all lie at the places of the longest it is taken point by point, else cell
    by cell. Where some have nothing, as they ended earlier or are not so far yet, it is that of
    the others, without a band where only one is left. Where one is not finite it is NaN.

    Args:
        label: of the mean.
        lines: of single runs; two at least.
    """
    width = 0.0 if _are_at_same_places(lines) else _width(lines)
    values: dict[float, list[float]] = {}
    starts: dict[float, float] = {}
    for line in lines:
        for at, x, y in _placed(line, width):
            starts[at] = min(x, starts.get(at, x))
            values.setdefault(at, []).append(y)
    order = sorted(values)
    middle, low, high = zip(*(_bounds(values[at]) for at in order), strict=True)
    return Line(label, [starts[at] for at in order], middle, low, high, width, is_band=True)


def remarks(mean: Line, lines: Sequence[Line], along: str) -> Iterator[str]:
    """Yield sentences on where a mean is not that of all runs; nothing of a line of one run."""
    ends = sorted(line.x[-1] for line in lines if line.x)
    if ends and ends[0] < ends[-1]:
        beyond = sum(end > ends[0] for end in ends)
        rest = "one run" if beyond == 1 else f"{beyond} runs at most"
        yield f"{mean.label}: after {place(ends[0], along)} the mean is of {rest}"
    if mean.is_band and any(map(math.isnan, mean.y)):
        yield f"{mean.label}: there is no mean where a run is not finite"


def _are_at_same_places(lines: Sequence[Line]) -> bool:
    longest = {*max((line.x for line in lines), key=len)}
    return all(
        not line.cell and longest.issuperset(line.x) and len({*line.x}) == len(line.x)
        for line in lines
    )


def _width(lines: Sequence[Line]) -> float:
    """Return a width of cells in which each curve has about a point: a power of two."""
    gaps = [(line.x[-1] - line.x[0]) / (len(line.x) - 1) for line in lines if len(line.x) > 1]
    widest = max(gaps, default=0.0)
    return max(2.0 ** math.ceil(math.log2(widest)) if widest else 1.0, *(one.cell for one in lines))


def _placed(line: Line, width: float) -> Iterator[tuple[float, float, float]]:
    """Yield place, first x and mean of the points that are averaged with those of other runs."""
    if not width:
        yield from zip(line.x, line.x, line.y, strict=True)
        return
    cells = Cells(width=width)
    cells.add(line.x, line.y)
    wide = cells.line(line.label)
    for x, y in zip(wide.x, wide.y, strict=True):
        yield math.floor(x / width), x, y


def _bounds(values: Sequence[float]) -> tuple[float, float, float]:
    middle = mean(values)
    interval = t_interval(values)
    if interval is None or not math.isfinite(interval.high - interval.low):
        return middle, middle, middle  # as of one run, or where it is beyond all floats
    return middle, *interval
