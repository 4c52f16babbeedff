"""Compose the view of a sweep under way, as wide as the terminal and no higher."""

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

from stride.loggers.display.ability import Ability
from stride.loggers.display.pieces import (
    BOLD,
    CYAN,
    GREEN,
    RED,
    YELLOW,
    Piece,
    bar,
    line_of,
)
from stride.sweeps.following.words import overrides_of, shown
from stride.tables.text import lay_out
from stride.tables.words import duration, number
from stride.visible import visible
from stride_cli.sweeping.running import RunningTrials
from stride_cli.sweeping.sentences import runs_named

if TYPE_CHECKING:
    from stride.sweeps.following.standing import Standing
    from stride.sweeps.sweep import Sweep

_AROUND = 5  # lines beside the trials under way
_GAP = "  "
_COLOURS = {"running": CYAN, "done": GREEN, "pruned": YELLOW, "failed": RED}


class View:
    """Compose what a terminal shows of a sweep, look after look.

    Args:
        sweep: that is shown.
        ability: of the terminal.
        names_best: whether the best trial so far is named.
    """

    def __init__(self, sweep: "Sweep", ability: Ability, *, names_best: bool = True) -> None:
        self._sweep, self._ability, self._names_best = sweep, ability, names_best
        self._running = RunningTrials(sweep, unicode=ability.unicode)

    def lines(self, standing: "Standing", size: os.terminal_size) -> list[str]:
        """Return the lines of where a sweep stands, for a window of a size."""
        pieces = [*self._above(standing, size.columns)]
        pieces += [[(visible(line), "")] for line in self._trials(standing, size)]
        return [line_of(line, size.columns, colours=self._ability.colours) for line in pieces]

    def _above(self, standing: "Standing", width: int) -> Iterator[list[Piece]]:
        yield self._progress(standing, width)
        yield [*_counts(standing)]
        if self._names_best:
            yield [(visible(_best(self._sweep, standing)), BOLD)]

    def _progress(self, standing: "Standing", width: int) -> list[Piece]:
        """Return how many trials have ended, a bar, and the time left."""
        ended, total = len(standing.ended), standing.total
        words = f"{ended} trials" if total is None else f"{ended}/{total} trials"
        left = standing.seconds_left
        end = "" if left is None else f"{_GAP}{duration(left)} left"
        if total is None:
            return [(words, BOLD), (end, "")]
        room = width - len(words) - len(_GAP) - len(end)
        return [
            (words + _GAP, BOLD),
            *bar(ended / total, room, unicode=self._ability.unicode),
            (end, ""),
        ]

    def _trials(self, standing: "Standing", size: os.terminal_size) -> list[str]:
        room = max(2, size.lines - _AROUND)
        table = self._running.table(standing.running[:room])
        lines = lay_out(table, size.columns) if table.rows else []
        if len(lines) > room:
            lines = [*lines[: room - 1], f"... of {len(standing.running)} trials"]
        return lines


def _counts(standing: "Standing") -> Iterator[Piece]:
    for name, count in standing.counts.items():
        words = "no end" if count is None else f"{count} {name}"
        yield words + _GAP, _COLOURS.get(name, "") if count else ""


def _best(sweep: "Sweep", standing: "Standing") -> str:
    best = standing.best
    if best is None:
        return f"best: none yet ({sweep.record.metric}, {sweep.record.mode})"
    value = f"best: {number(best.value)} {sweep.record.metric}"
    return _GAP.join([value, runs_named(sweep, best), shown(overrides_of(best))])
