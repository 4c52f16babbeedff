"""Compose the lines that are drawn of a training under way."""

import math
from collections.abc import Collection, Iterator

from stride.figures import are_far_apart
from stride.loggers.display.ability import Ability
from stride.loggers.display.curve import Curve
from stride.loggers.display.pieces import BOLD, CYAN, DIM, GREEN, Piece, bar
from stride.loggers.display.progress import Progress
from stride.loggers.display.words import (
    acted,
    clock,
    display_name,
    filled,
    format_metrics,
    of,
    rate,
)
from stride.plots.sparkline import sparkline
from stride.tables.text import width_of
from stride.tables.words import byte_size
from stride.visible import quoted, visible

MOST_LINES = 6
_FACTS = 3
_GAP = "  "
_LEAST_BAR = 10


def head_lines(progress: Progress, width: int) -> Iterator[list[Piece]]:
    """Yield what is trained, and where, in as many lines as it takes."""
    head = progress.head
    parts = [f"run {head.run}", head.network, f"{head.parameters:,} parameters", head.data]
    parts += [head.device, quoted(head.folder)]
    first, *rest = filled((visible(part) for part in parts if part), width).split("\n")
    run = width_of(visible(parts[0]))
    yield [(first[:run], BOLD), (first[run:], "")]
    for line in rest:
        yield [(line, "")]


def live_lines(
    progress: Progress, memory: int, in_table: Collection[str], width: int, ability: Ability
) -> Iterator[list[Piece]]:
    """Yield bar, curve, speed and the newest values of what has no column.

    Args:
        progress: of the training.
        memory: bytes at most so far, 0 where that is not known.
        in_table: metrics that have a column.
        width: of the window.
        ability: of the terminal.
    """
    yield _bar_line(progress, width, ability)
    name, curve = progress.followed
    if len(curve.values) > 1 and ability.unicode:
        yield _curve_line(name, curve, width)
    lines = filled(_facts(progress, memory, {name, *in_table}), width).split("\n")
    if progress.best:
        yield [("* ", GREEN), (progress.best, "")]
    for line in lines[:_FACTS]:
        yield [(line, DIM)]


def _bar_line(progress: Progress, width: int, ability: Ability) -> list[Piece]:
    """Return epoch, bar and the time left; the time so far where no end is known."""
    stage = progress.head.stage()
    epoch = f"epoch {progress.row.get('epoch', 0)}{of(progress.total_epochs)}"
    words = _GAP.join([*[visible(stage)] * bool(stage), epoch])
    if progress.share is None:
        return [(words, BOLD), (f"{_GAP}{clock(progress.seconds)}", "")]
    left = progress.seconds_left
    end = f"{progress.share:4.0%}" + (f"{_GAP}{clock(left)} left" if left is not None else "")
    room = width - width_of(words) - len(end) - 2 * len(_GAP)
    if room < _LEAST_BAR:
        return [(words, BOLD), (_GAP + end, "")]
    done, rest = bar(progress.share, room, unicode=ability.unicode)
    return [(words + _GAP, BOLD), done, rest, (_GAP + end, "")]


def _curve_line(name: str, curve: Curve, width: int) -> list[Piece]:
    """Return the curve between its name and its newest value; logarithms where values are far."""
    values, words = curve.values, display_name(name)
    if are_far_apart(values):
        values, words = [math.log(value) for value in values], f"{words}, log"
    last = f" {curve.last:.4g}"
    room = max(width - width_of(words) - len(last) - 1, 1)
    return [(f"{words} ", ""), (sparkline(values, room), CYAN), (last, "")]


def _facts(progress: Progress, memory: int, shown: Collection[str]) -> Iterator[str]:
    """Yield steps, speed, memory, and the metrics that are not shown elsewhere."""
    row, speed = progress.row, progress.steps_per_second
    yield f"step {row.get('step', 0)}{of(progress.total_steps)}"
    if speed:
        yield f"{rate(speed)} steps/s"
    yield from acted(progress.metrics, speed)
    if memory:
        yield byte_size(memory)
    others = {name: value for name, value in progress.metrics.items() if name not in shown}
    yield from format_metrics(others)
