"""Lay out the lines of epochs in columns that stay where they are."""

from collections.abc import Iterator, Mapping
from typing import Any

from stride.loggers.base import Row
from stride.loggers.display.epochs import EpochLine
from stride.loggers.display.pieces import DIM, GREEN, Piece
from stride.loggers.display.words import display_name, filled, metrics_of
from stride.tables.text import width_of
from stride.tables.words import duration
from stride.visible import visible

_GAP = "  "
_NUMBER = 9  # as 1.234e-05
_SECONDS = 7  # as 59m 59s
_EPOCH, _BEST, _TIME = "epoch", " *", "time"


class EpochTable:
    """Lay out one line per epoch, below a head that is repeated where it would be out of sight.

    A metric keeps its column. One that comes later has its own behind them; those that a window
    has no room for are left out from the right, which is told, but for the monitored one.

    Args:
        metric: the monitored one, empty where there is none.
        total_epochs: None where that is not known.

    Attributes:
        shown: the names that have columns now.
    """

    def __init__(self, metric: str, total_epochs: int | None) -> None:
        self._metric = metric
        self._epoch_width = max(len(_EPOCH), len(str(total_epochs or "")))
        self._columns: dict[str, int] = {}  # name -> width, in their order
        self._fractions: set[str] = set()  # names of which not all values were whole
        self._steps_too = False
        self._last_epoch = 0
        self.shown: tuple[str, ...] = ()
        self._told: tuple[str, ...] = ()
        self._head: tuple[str, ...] | None = None
        self._since_head = 0

    def count_line(self) -> None:
        """Count a line that was printed between those of the table."""
        self._since_head += 1

    def lines(self, line: EpochLine, width: int, height: int) -> Iterator[list[Piece]]:
        """Yield the line of an epoch, and before it the head of the columns where it is needed."""
        row = metrics_of(line.row)
        self._take_columns(line.row, row)
        self._fit(width)
        yield from self._left_out(width)
        head = ("step",) * self._steps_too + self.shown
        if head != self._head or self._since_head >= height:
            self._head, self._since_head = head, 0
            yield self._titles()
        self._since_head += 1
        yield self._cells(line, row)

    def _take_columns(self, row: Row, metrics: Mapping[str, Any]) -> None:
        """Give each metric that has none a column, and the steps where epochs do not tell lines."""
        first = [name for name in metrics if name not in self._columns]
        if first and self._metric and self._metric not in (*self._columns, *first):
            first.append(self._metric)
        rates = [name for name in first if _is_rate(name)]
        for name in (*(name for name in first if name not in rates), *rates):
            self._columns[name] = max(width_of(display_name(name)), _NUMBER)
        epoch = row.get("epoch", 0)
        self._steps_too |= epoch == self._last_epoch
        self._last_epoch = epoch

    def _fit(self, width: int) -> None:
        """Choose the columns that the window has room for."""
        left = width - self._epoch_width - len(_BEST) - len(_GAP) - _SECONDS
        left -= self._steps_too * (len(_GAP) + _NUMBER)
        needs = {name: len(_GAP) + size for name, size in self._columns.items()}
        left -= needs.get(self._metric, 0)
        shown = {self._metric}
        for name, size in needs.items():
            if name != self._metric:
                left -= size
                shown |= {name} if left >= 0 else set()
        self.shown = tuple(name for name in self._columns if name in shown)

    def _titles(self) -> list[Piece]:
        titles = [display_name(name).rjust(self._columns[name]) for name in self.shown]
        steps = ["step".rjust(_NUMBER)] * self._steps_too
        first = _EPOCH.rjust(self._epoch_width) + " " * len(_BEST)
        return [(_GAP.join([first, *steps, *titles, _TIME.rjust(_SECONDS)]), DIM)]

    def _left_out(self, width: int) -> Iterator[list[Piece]]:
        """Yield the names of those that have no room, once."""
        without = tuple(name for name in self._columns if name not in self.shown)
        if without and without != self._told:
            names = filled(["without a column:", *map(display_name, without)], width)
            yield from ([(line, DIM)] for line in names.split("\n"))
        self._told = without

    def _cells(self, line: EpochLine, row: Mapping[str, Any]) -> list[Piece]:
        epoch = str(line.row.get("epoch", 0)).rjust(self._epoch_width)
        pieces = [(epoch, ""), (_BEST if line.is_best else " " * len(_BEST), GREEN)]
        if self._steps_too:
            pieces.append((_GAP + str(line.row.get("step", 0)).rjust(_NUMBER), ""))
        for name in self.shown:
            cell = self._cell(name, row.get(name, ""))
            pieces.append((_GAP + cell, GREEN if line.is_best and name == self._metric else ""))
        return [*pieces, (_GAP + duration(line.seconds).rjust(_SECONDS), DIM)]

    def _cell(self, name: str, value: Any) -> str:
        """Return a value, of a number as many digits as fit, four at most."""
        width = self._columns[name]
        if not isinstance(value, float):
            return visible(str(value))[:width].rjust(width)
        if not value.is_integer():
            self._fractions.add(name)
        elif name not in self._fractions and abs(value) < 10 ** (width - 1):
            return str(int(value)).rjust(width)
        form = "" if _is_rate(name) else "#"  # which keeps zeros at the end: points stand in line
        digits = (format(value, f"{form}.{count}g") for count in (4, 3, 2, 1))
        return next((text for text in digits if len(text) <= width), "").rjust(width)


def _is_rate(name: str) -> bool:
    return name == "lr" or name.startswith("lr/")
