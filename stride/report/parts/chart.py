"""Draw points and lines on two axes as SVG that is as wide as the page has room for.

Places are percent of the width and the height, so that texts have one size on any screen.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from stride.figures import are_far_apart
from stride.pages.page import escaped
from stride.plots.geometry.scale import Scale, linear_scale, log_scale
from stride.plots.geometry.ticks import Tick, ticks_along, value_ticks
from stride.tables.words import setting

_TICKS = 5
_LONGEST = 14  # characters of a word beside an axis
_MARGIN = 0.04  # of an axis, so that no point lies on a border


class Axis(NamedTuple):
    """Hold what an axis says.

    Attributes:
        name: what it shows.
        scale: its range.
        ticks: the values that are marked.
    """

    name: str
    scale: Scale
    ticks: Sequence[Tick]

    def percent(self, value: float) -> float:
        """Return where a value lies, 0 at the beginning and 100 at the end."""
        (place,) = self.scale.places([value])
        return 100 * (_MARGIN + (1 - 2 * _MARGIN) * place)


def number_axis(name: str, values: Sequence[float]) -> Axis:
    """Return an axis over finite numbers, logarithmic where they are positive and far apart."""
    if are_far_apart(values):
        scale = log_scale(values)
        return Axis(name, scale, value_ticks(scale, _TICKS))
    if all(type(value) is int for value in values):
        scale = linear_scale(values, least=1.0)
        return Axis(name, scale, ticks_along(scale, "step", _TICKS))
    scale = linear_scale(values)
    return Axis(name, scale, value_ticks(scale, _TICKS))


def choice_axis(name: str, values: Sequence[Any]) -> tuple[Axis, Mapping[str, float]]:
    """Return an axis of values that are no numbers, and the place of each by its text."""
    places = {text: float(at) for at, text in enumerate(sorted({*map(setting, values)}))}
    ticks = [Tick(place, _short(text)) for text, place in places.items()]
    return Axis(name, linear_scale([*places.values()]), ticks), places


class Mark(NamedTuple):
    """Hold a point.

    Attributes:
        x: where it is.
        y: likewise; NaN is at the upper border.
        title: what a pointer that rests on it is told.
        kind: class of CSS: `value`, `best` or `missing`.
    """

    x: float
    y: float
    title: str
    kind: str = "value"


def chart(
    x: Axis,
    y: Axis,
    marks: Sequence[Mark],
    words: str,
    steps: Sequence[tuple[float, float]] = (),
) -> str:
    """Return a figure.

    Args:
        x: the horizontal axis.
        y: the upright one.
        marks: the points.
        words: what it shows, for those who do not see it.
        steps: places between which a line goes, first to the side and then up or down.
    """
    inside = [*_across(y), *_along(x), *_steps(x, y, steps), *(_mark(x, y, one) for one in marks)]
    drawing = f'<svg role="img" aria-label="{escaped(words)}">{"".join(inside)}</svg>'
    name = f'<span class="upright">{escaped(y.name)}</span>'
    below = f"<figcaption>{escaped(x.name)}</figcaption>"
    return f'<figure class="chart">{name}{drawing}{below}</figure>'


def _across(y: Axis) -> Iterator[str]:
    for tick in y.ticks:
        place = f"{100 - y.percent(tick.value):.2f}%"
        yield f'<line class="grid" x1="0" x2="100%" y1="{place}" y2="{place}"/>'
        yield f'<text class="left" dx="-8" y="{place}" dy="4">{escaped(tick.text)}</text>'


def _along(x: Axis) -> Iterator[str]:
    yield '<line class="axis" x1="0" x2="100%" y1="100%" y2="100%"/>'
    for tick in x.ticks:
        place = f"{x.percent(tick.value):.2f}%"
        yield f'<text x="{place}" y="100%" dy="18">{escaped(tick.text)}</text>'


def _steps(x: Axis, y: Axis, steps: Sequence[tuple[float, float]]) -> Iterator[str]:
    places = [(x.percent(along), 100 - y.percent(up)) for along, up in steps]
    for (left, before), (right, after) in pairwise(places):
        yield _line(left, before, right, before)
        yield _line(right, before, right, after)


def _line(x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line class="step" x1="{x1:.2f}%" y1="{y1:.2f}%" x2="{x2:.2f}%" y2="{y2:.2f}%"/>'


def _mark(x: Axis, y: Axis, one: Mark) -> str:
    across, up = x.percent(one.x), 0.0 if math.isnan(one.y) else 100 - y.percent(one.y)
    title = f"<title>{escaped(one.title)}</title>"
    return f'<circle class="{one.kind}" cx="{across:.2f}%" cy="{up:.2f}%" r="4">{title}</circle>'


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
