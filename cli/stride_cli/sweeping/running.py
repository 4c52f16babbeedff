"""Remember what was seen of the trials under way: the curve of each, and its pack."""

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stride.loggers.display.curve import Curve
from stride.loggers.display.words import display_name
from stride.plots.sparkline import sparkline
from stride.sweeps.following.words import overrides_of, shown
from stride.tables.table import Column, Table, numbers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from optuna.trial import FrozenTrial

    from stride.runs.listing.rows.row import RunRow
    from stride.sweeps.sweep import Sweep

_CURVE = 16  # columns of it


class RunningTrials:
    """Make the table of the trials under way, look after look.

    Args:
        sweep: whose trials they are.
        unicode: whether curves can be shown.
    """

    def __init__(self, sweep: "Sweep", *, unicode: bool = True) -> None:
        self._sweep, self._unicode = sweep, unicode
        self._curves: dict[Path, Curve] = {}
        self._at: dict[Path, str | None] = {}
        self._packs: dict[str, str] = {}  # uuid -> name

    def table(self, trials: "Sequence[FrozenTrial]") -> Table:
        """Return the table of trials, with what their runs last recorded."""
        metric = display_name(self._sweep.record.metric)
        columns = [Column("trial", str), Column("run", str), Column("pack", str)]
        columns += [Column("epoch", str), Column(metric, str), numbers(f"last {metric}")]
        columns += [Column("overrides", long=True)]
        return Table(columns, [self._row(trial) for trial in trials]).without_empty()

    def _row(self, trial: "FrozenTrial") -> list[Any]:
        from stride.runs.listing.rows.read import read_row
        from stride.sweeps.following.standing import runs_of

        tried = shown(overrides_of(trial))
        runs = runs_of(self._sweep, trial)
        if not runs:  # it is not claimed yet
            return [trial.number, None, None, None, None, None, tried]
        row = read_row(runs[-1].path)
        epoch = None if row.progress is None else row.progress.brief.removeprefix("epoch ")
        last = row.last.get(self._sweep.record.metric)
        curve, pack = self._curve(row, last), self._pack(row)
        return [trial.number, row.name, pack, epoch, curve, last, tried]

    def _curve(self, row: "RunRow", last: float | None) -> str | None:
        """Return the values that were seen so far, a new one for each epoch that was."""
        curve = self._curves.setdefault(row.path, Curve())
        at = row.progress and row.progress.position
        if last is not None and at != self._at.get(row.path):
            self._at[row.path] = at
            curve.add(last)
        several = self._unicode and len(curve.values) > 1
        return sparkline(curve.values, _CURVE) if several else None

    def _pack(self, row: "RunRow") -> str | None:
        """Return the pack that a run is trained in, and which of its runs it is: "A 3/8"."""
        from stride.errors import StrideError
        from stride.runs.run import Run

        pack = None
        with suppress(StrideError):  # whatever is wrong with it, the listing of runs says
            pack = next((one.get("pack") for one in reversed(Run(row.path).segments)), None)
        if not pack:
            return None
        name = self._packs.setdefault(pack["uuid"], _letters(len(self._packs)))
        return f"{name} {pack['place'] + 1}/{pack['width']}"


def _letters(number: int) -> str:
    """Return A, B ... Z, AA, AB ... for 0, 1 ..."""
    before, letter = divmod(number, 26)
    return (_letters(before - 1) if before else "") + chr(ord("A") + letter)
