"""Lay out the view of a sweep under way, within the height of the terminal."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from stride.loggers.display.words import display_name
from stride.sweeps.following.words import overrides_of, shown
from stride.tables.table import Column, Table, numbers
from stride.tables.text import lay_out
from stride.tables.words import duration, number
from stride.visible import visible
from stride_cli.sweeping.sentences import runs_named

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial
    from rich.console import Console, Group
    from rich.table import Table as Grid
    from rich.text import Text

    from stride.sweeps.following.standing import Standing
    from stride.sweeps.sweep import Sweep

_BAR = 20
_AROUND = 4  # lines beside the trials under way
_COLOURS = {"running": "cyan", "done": "green", "pruned": "yellow", "failed": "red"}


def view(
    sweep: "Sweep", standing: "Standing", console: "Console", *, names_best: bool = True
) -> "Group":
    """Return what a terminal shows of a sweep under way.

    Args:
        sweep: that is shown.
        standing: where it stands.
        console: whose width and height there are.
        names_best: whether the best trial so far is named.
    """
    from rich.console import Group

    room = max(2, console.height - _AROUND)
    running = _running(sweep, standing.running[:room])
    lines = lay_out(running, console.width) if running.rows else []
    if len(lines) > room:
        lines = [*lines[: room - 1], f"... of {len(standing.running)} trials"]
    best = [_line(_best(sweep, standing), "bold")] if names_best else []
    return Group(_progress(standing), _counts(standing), *best, *map(_line, lines))


def _line(text: str, style: str = "") -> "Text":
    from rich.text import Text

    return Text(visible(text), style=style, overflow="ellipsis", no_wrap=True)


def _progress(standing: "Standing") -> "Grid":
    from rich.progress_bar import ProgressBar
    from rich.table import Table as Grid

    ended, total = len(standing.ended), standing.total
    words = f"{ended} trials" if total is None else f"{ended}/{total} trials"
    left = standing.seconds_left
    time = "" if left is None else f"{duration(left)} left"
    grid = Grid.grid(padding=(0, 1))
    grid.add_row(words, ProgressBar(total or 1, ended if total else 0, width=_BAR), time)
    return grid


def _counts(standing: "Standing") -> "Text":
    from rich.text import Text

    line = Text(overflow="ellipsis", no_wrap=True)
    for name, count in standing.counts.items():
        line.append("no end" if count is None else f"{count} {name}", _COLOURS.get(name))
        line.append("  ")
    return line


def _best(sweep: "Sweep", standing: "Standing") -> str:
    best = standing.best
    if best is None:
        return f"best: none yet ({sweep.record.metric}, {sweep.record.mode})"
    value = f"best: {number(best.value)} {sweep.record.metric}"
    return "  ".join([value, runs_named(sweep, best), shown(overrides_of(best))])


def _running(sweep: "Sweep", trials: "Sequence[FrozenTrial]") -> Table:
    """Return the trials under way, with what their runs last recorded."""
    columns = [Column("trial", str), Column("run", str), Column("epoch", str)]
    columns += [
        numbers(f"last {display_name(sweep.record.metric)}"),
        Column("overrides", long=True),
    ]
    return Table(columns, [_row(sweep, trial) for trial in trials])


def _row(sweep: "Sweep", trial: "FrozenTrial") -> list[Any]:
    from stride.runs.listing.rows.read import read_row
    from stride.sweeps.following.standing import runs_of

    tried = shown(overrides_of(trial))
    runs = runs_of(sweep, trial)
    if not runs:  # it is not claimed yet
        return [trial.number, None, None, None, tried]
    row = read_row(runs[-1].path)
    epoch = None if row.progress is None else row.progress.brief.removeprefix("epoch ")
    return [trial.number, row.name, epoch, row.last.get(sweep.record.metric), tried]
