"""Draw the values of settings over their seeds as rows of points, with mean and interval."""

import math
from collections.abc import Iterator, Sequence

from stride.pages.page import escaped
from stride.plots.geometry.scale import Scale, linear_scale
from stride.plots.geometry.ticks import value_ticks
from stride.runs.deciding.comparison import Comparison, Measured
from stride.runs.deciding.tables import ALL, MetricWriter

_MOST = 16  # settings that are drawn
_TICKS = 5


def intervals(found: Comparison) -> Iterator[str]:
    """Yield a row for each setting: a point for each run, the mean, and its interval of 95 %.

    Nothing is drawn where no setting has several runs.

    The ends of an interval that lie far beyond all values are not shown: of two seeds it may be
    twelve times as wide as these lie apart.
    """
    known = [row for row in found.rows if row.values]
    rows = known[:_MOST]
    if not any(len(row.values) > 1 for row in rows):
        return
    scale = _widened(linear_scale([value for row in rows for value in row.values.values()]))
    yield f'<figure class="intervals" role="img" aria-label="{escaped(_words(found, rows))}">'
    for row in rows:
        yield f'<div class="name">{escaped(row.configuration.name or ALL)}</div>'
        yield f'<svg aria-hidden="true">{"".join(_row(row, scale))}</svg>'
    yield '<svg class="axis" aria-hidden="true">'
    for tick in value_ticks(scale, _TICKS):
        place = _percent(tick.value, scale)
        yield f'<line x1="{place}" x2="{place}" y1="0" y2="5"/>'
        yield f'<text x="{place}" y="19">{escaped(tick.text)}</text>'
    yield "</svg></figure>"
    if len(known) > _MOST:
        yield f'<p class="soft">The first {_MOST} of {len(known)} settings.</p>'


def _widened(scale: Scale) -> Scale:
    """Return an axis with a margin, in which intervals too have some room."""
    margin = (scale.high - scale.low) / 4
    wider = Scale(scale.low - margin, scale.high + margin)
    return wider if all(map(math.isfinite, wider[:2])) else scale


def _row(row: Measured, scale: Scale) -> Iterator[str]:
    yield '<line class="track" x1="0" x2="100%" y1="50%" y2="50%"/>'
    interval = row.mean_interval
    if interval is not None and math.isfinite(interval.low):
        low, high = (_percent(end, scale) for end in (interval.low, interval.high))
        yield f'<line class="interval" x1="{low}" x2="{high}" y1="50%" y2="50%"/>'
    for value in row.values.values():
        yield f'<circle class="value" cx="{_percent(value, scale)}" cy="50%" r="4"/>'
    mean = _percent(row.mean, scale)
    yield f'<line class="mean" x1="{mean}" x2="{mean}" y1="12%" y2="88%"/>'


def _percent(value: float, scale: Scale) -> str:
    (place,) = scale.places([value])
    return f"{100 * min(max(place, 0.0), 1.0):.2f}%"


def _words(found: Comparison, rows: Sequence[Measured]) -> str:
    """Return what is drawn, for those who do not see it."""
    write = MetricWriter(rows)
    means = (f"{row.configuration.name or ALL}: {write(row.mean)}" for row in rows)
    return (
        f"means of {found.metric.title} over seeds, with points and intervals: {'; '.join(means)}"
    )
