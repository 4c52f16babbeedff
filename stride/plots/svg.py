"""Draw a plot as SVG that needs nothing else: no script, font or file."""

from collections.abc import Iterator
from html import escape

from stride.figures import COLOURS
from stride.plots.frame import EDGE, LINE, Frame
from stride.plots.geometry.scale import Scale
from stride.plots.geometry.spread import spread
from stride.plots.geometry.ticks import Tick
from stride.plots.plot import Plot
from stride.plots.svg_paths import PARTS, paths
from stride.plots.words import best_words, description, last_point
from stride.visible import visible

DARK_COLOURS = ("#4FA6E0", "#F0843F", "#2CC79A", "#E29BC6", "#F2B73A", "#9BD6F7", "#E9EAEC")
"""The colours of `stride.figures`, lighter, for a dark ground."""
_DASHES = ("", "70 40", "20 50", "120 40 20 40")
_MIDDLE, _CENTRED = 'text-anchor="middle"', 'dy=".35em"'
_TEXT, _SOFT, _GRID, _GROUND = "#1d1e20", "#5c5e62", "#e3e3df", "#ffffff"
# Light or dark as what is around: a page or a notebook says so by its `color-scheme`, and a file
# of its own follows the reader's choice. The rules are the same in every plot, so that those of one
# page agree; where a viewer does not know them, the light colours of the elements remain.
_RULES = (
    f".stride-plot{{fill:light-dark({_TEXT},#e9eaec)}}",
    f".stride-plot .soft{{fill:light-dark({_SOFT},#9a9da3)}}",
    f".stride-plot .ground{{fill:light-dark({_GROUND},#202226)}}",
    f".stride-plot .grid{{stroke:light-dark({_GRID},#383b41)}}",
    *(
        f".stride-plot .c{at}{{color:light-dark({light},{dark})}}"
        for at, (light, dark) in enumerate(zip(COLOURS, DARK_COLOURS, strict=True))
    ),
)
_STYLE = (
    ":root.stride-plot{color-scheme:light dark}@media print{.stride-plot{color-scheme:light}}"
    f"@media (max-width:500px){{.stride-plot{{font-size:{LINE}px}}}}{''.join(_RULES)}"
)


def svg(plot: Plot, width: int = 720, height: int = 400) -> str:
    """Return a plot as one element of SVG, light or dark as the reader has it.

    Args:
        plot: what to draw.
        width: in pixels; a page may show it smaller, and makes its letters larger then.
        height: likewise; more where labels and notes need it.
    """
    return "".join(_parts(plot, Frame.of(plot, width, height)))


def _parts(plot: Plot, frame: Frame) -> Iterator[str]:
    yield (
        '<svg xmlns="http://www.w3.org/2000/svg" class="stride-plot" role="img" '
        f'width="{frame.width}" height="{frame.height}" viewBox="0 0 {frame.width} {frame.height}" '
        'style="max-width:100%;height:auto" '
        f'font-family="system-ui,sans-serif" font-size="14" fill="{_TEXT}">'
    )
    yield f"<title>{_escaped(plot.title)}: {_escaped(plot.name)}</title>"
    yield f"<desc>{_escaped(description(plot))}</desc><style>{_STYLE}</style>"
    yield f'<rect class="ground" fill="{_GROUND}" width="100%" height="100%" rx="8"/>'
    yield _text(EDGE, 1.4 * LINE, frame.title, 'font-weight="600"')
    if plot.name not in plot.title:
        yield _soft(EDGE, 2.4 * LINE, plot.name)
    yield from _grid(frame)
    yield _soft(frame.area.x(0.5), frame.area.bottom + 2.2 * LINE, plot.along, _MIDDLE)
    yield from _curves(plot, frame)
    yield from _best(plot, frame)
    yield from _labels(plot, frame) if frame.beside else _legend(frame)
    yield from _notes(frame)
    yield "</svg>"


def _escaped(text: str) -> str:
    return escape(visible(text))


def _text(x: float, y: float, words: str, more: str = "") -> str:
    return f'<text x="{x:.5g}" y="{y:.5g}"{more and " "}{more}>{_escaped(words)}</text>'


def _soft(x: float, y: float, words: str, more: str = "") -> str:
    return _text(x, y, words, f'class="soft" fill="{_SOFT}" {more}'.rstrip())


def _in_colour(curve: int, content: str) -> str:
    at = curve % len(COLOURS)
    return f'<g class="c{at}" color="{COLOURS[at]}">{content}</g>'


def _dashed(curve: int) -> str:
    dash = _DASHES[curve // len(COLOURS) % len(_DASHES)]
    return dash and f' stroke-dasharray="{dash}"'


def _placed(scale: Scale, marks: list[Tick]) -> Iterator[tuple[float, str]]:
    places = scale.places(one.value for one in marks)
    return zip(places, (one.text for one in marks), strict=True)


def _grid(frame: Frame) -> Iterator[str]:
    """Yield the lines behind the curves, and the words beside both axes."""
    area, lines, words = frame.area, "", ""
    for place, text in _placed(frame.axes.y, frame.marks):
        lines += f"M{area.left:.5g} {area.y(place):.5g}h{area.width:.5g}"
        words += _soft(area.left - 8, area.y(place), text, f'text-anchor="end" {_CENTRED}')
    for place, text in _placed(frame.axes.x, frame.marks_along):
        lines += f"M{area.x(place):.5g} {area.bottom + 6:.5g}v5"
        words += _soft(area.x(place), area.bottom + 1.3 * LINE, text, _MIDDLE)
    yield f'<path class="grid" stroke="{_GRID}" d="{lines}"/>{words}'


def _curves(plot: Plot, frame: Frame) -> Iterator[str]:
    found = [paths(line, frame.axes, frame.area) for line in plot.lines]
    yield f'<g transform="scale({1 / PARTS})" stroke-linecap="round" stroke-linejoin="round">'
    for curve, each in enumerate(found):
        if each.around:
            opacity = 0.18 if plot.lines[curve].is_band else 0.35
            area = f'<path fill="currentColor" fill-opacity="{opacity}" d="{each.around}"/>'
            yield _in_colour(curve, area)
    for curve, each in enumerate(found):
        drawn = f'<path stroke-width="20"{_dashed(curve)} d="{each.line}"/>'
        drawn += f'<path stroke-width="50" d="{each.marks}"/>' if each.marks else ""
        yield _in_colour(curve, f'<g fill="none" stroke="currentColor">{drawn}</g>')
    yield "</g>"


def _best(plot: Plot, frame: Frame) -> Iterator[str]:
    """Yield a ring around the best value of each curve, which says what it is."""
    for curve, line in enumerate(plot.lines):
        words = best_words(line, plot.along)
        if words and line.best is not None:
            x, y = _position(frame, line.x[line.best], line.y[line.best])
            yield _in_colour(
                curve,
                f'<circle class="ground" fill="{_GROUND}" stroke="currentColor" stroke-width="2.5" '
                f'cx="{x:.5g}" cy="{y:.5g}" r="5">'
                f"<title>{_escaped(line.label)}: best {words}</title></circle>",
            )


def _position(frame: Frame, x: float, y: float) -> tuple[float, float]:
    (across,), (up,) = frame.axes.x.places([x]), frame.axes.y.places([y])
    return frame.area.x(across), frame.area.y(up)


def _labels(plot: Plot, frame: Frame) -> Iterator[str]:
    """Yield labels as near to the ends of their curves as there is room, and lines to them."""
    area = frame.area
    ends = [(curve, *last_point(line, frame.axes.y.above)) for curve, line in enumerate(plot.lines)]
    seen = [(curve, *_position(frame, x, y)) for curve, x, y in ends if y == y]
    rows = spread([y for _, _, y in seen], LINE, area.top, area.bottom)
    for (curve, x, y), row in zip(seen, rows, strict=True):
        lead = f"M{x:.5g} {y:.5g}H{area.right + 6:.5g}L{area.right + 18:.5g} {row:.5g}"
        dotted = 'fill="none" stroke="currentColor" stroke-dasharray="2 3"'
        yield _in_colour(curve, f'<path {dotted} d="{lead}"/>')
        yield _text(area.right + 22, row, frame.labels[curve], _CENTRED)


def _legend(frame: Frame) -> Iterator[str]:
    """Yield labels below all."""
    for curve, label in enumerate(frame.labels):
        y = frame.area.bottom + (3.2 + curve) * LINE
        swatch = f'<path stroke-width="20"{_dashed(curve)} d="M{10 * EDGE} {10 * y:.0f}h180"/>'
        drawn = f'<g transform="scale({1 / PARTS})" stroke="currentColor">{swatch}</g>'
        yield _in_colour(curve, drawn)
        yield _text(EDGE + 26, y, label, _CENTRED)


def _notes(frame: Frame) -> Iterator[str]:
    start = frame.height - (len(frame.notes) - 0.4) * LINE
    for at, note in enumerate(frame.notes):
        yield _soft(EDGE, start + at * LINE, note)
