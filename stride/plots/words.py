"""Say in words what a plot shows."""

import math
from collections.abc import Iterable, Iterator

from stride.plots.plot import Line, Plot
from stride.tables.words import duration, number


def place(x: float, along: str) -> str:
    """Return a place on a horizontal axis: `epoch 17`, `step 1200`, `4m 05s`."""
    if along == "time":
        return duration(x)
    return f"{along} {x:.0f}" if x == math.floor(x) else f"{along} {x:g}"


def last_point(line: Line, above: float = -math.inf) -> tuple[float, float]:
    """Return the last point of a curve that is finite and above a value; of none both are NaN."""
    points = zip(reversed(line.x), reversed(line.y), strict=True)
    return next(((x, y) for x, y in points if above < y < math.inf), (math.nan, math.nan))


def best_words(line: Line, along: str) -> str:
    """Return the best value of a curve and where it is, empty where none counted as the best."""
    if line.best is None or not math.isfinite(line.y[line.best]):
        return ""
    return f"{number(line.y[line.best])} at {place(line.x[line.best], along)}"


def best_line(plot: Plot) -> str:
    """Return the best value of the one curve of a plot that has one; empty of several."""
    found = [words for line in plot.lines if (words := best_words(line, plot.along))]
    return found[0] if len(found) == 1 else ""


def remarks(plot: Plot) -> Iterator[str]:
    """Yield the sentences below a plot: its own, and what of its curves has no place in it."""
    yield from plot.notes
    for line in plot.lines:
        if not any(map(math.isfinite, line.y)):
            yield f"{line.label}: no finite value"
        elif plot.log and not min(_finite(line.y if line.is_band else line.low)) > 0:
            yield f"{line.label}: what is not above 0 has no place on a logarithmic axis"


def description(plot: Plot) -> str:
    """Return the curves of a plot in sentences, for those who do not see them."""
    return " ".join(_sentence(line, plot.along) for line in plot.lines)


def _sentence(line: Line, along: str) -> str:
    there = [at for at, y in enumerate(line.y) if math.isfinite(y)]
    if not there:
        return f"{line.label}: no finite value."
    first, last = ((number(line.y[at]), place(line.x[at], along)) for at in (there[0], there[-1]))
    ends = f"{line.label}: {first[0]} at {first[1]}"
    ends += f", {last[0]} at {last[1]}" if len(there) > 1 else ""
    best = best_words(line, along)
    return f"{ends}; best {best}." if best else f"{ends}."


def _finite(values: Iterable[float]) -> list[float]:
    return [value for value in values if math.isfinite(value)]
