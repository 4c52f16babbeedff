"""Draw a plot with characters: in braille on a terminal, in ASCII where there is nothing else."""

from collections.abc import Iterator
from textwrap import wrap

from stride.plots.characters.canvas import Cell
from stride.plots.characters.sheet import ASCII, BOXES, Sheet, keys, text
from stride.plots.plot import Plot
from stride.plots.words import best_line, remarks
from stride.tables.text import cut, width_of
from stride.visible import visible

_COLOURS = (36, 33, 35, 32, 31, 34, 96, 93, 95, 92, 91, 94)
_AXIS_ROWS = 2
_FEWEST_ROWS = 4
_GAP = 2
_LEAST = 14  # of what is written of a label

Row = list[Cell]


def terminal_plot(
    plot: Plot, width: int, height: int, *, colour: bool, unicode: bool = True
) -> str:
    """Return a plot as lines of text, none of them wider and all not higher than asked for.

    The dots of a column reach from the smallest value of the points in it to the largest. Curves
    are told apart by their labels at the right end, and where these do not fit by letters there.

    Args:
        plot: what to draw.
        width: of a line, in columns of the terminal; 30 at least.
        height: how many lines; 10 at least.
        colour: whether curves have colours, by codes that a terminal obeys.
        unicode: whether there are characters beyond ASCII.
    """
    paint = _painted if colour else _plain
    rows = _rows(_readable(plot, unicode), max(width, 30), max(height, 10), unicode)
    text = "\n".join("".join(map(paint, row)).rstrip() for row in rows)
    return text if unicode else text.replace("…", "~")


def _rows(plot: Plot, width: int, height: int, unicode: bool) -> Iterator[Row]:
    signs = BOXES if unicode else ASCII
    foot = [*_notes(plot, signs.best, width)][: height // 3]
    num_rows = height - 1 - _AXIS_ROWS - len(foot)
    labels = [line.label for line in plot.lines]
    keyed = len(labels) > num_rows or max(map(width_of, labels), default=0) > width // 3
    if keyed:
        foot = [*_legend(labels, width, max(height // 3, 1)), *foot]
        num_rows = max(height - 1 - _AXIS_ROWS - len(foot), _FEWEST_ROWS)
    yield [Cell(cut(_title(plot), width), None)]
    yield from Sheet.of(plot, width, num_rows, signs, keyed=keyed).rows()
    yield from foot


def _title(plot: Plot) -> str:
    return plot.title if plot.name in plot.title else f"{plot.title}: {plot.name}"


def _legend(labels: list[str], width: int, most: int) -> Iterator[Row]:
    """Yield letters and labels, as many beside each other as it takes to have no more lines."""
    items = [f"{keys(curve)} {label}" for curve, label in enumerate(labels)]
    widest = max(map(width_of, items))
    across = max((width + _GAP) // (widest + _GAP), -(-len(items) // most))
    across = max(min(across, (width + _GAP) // (_LEAST + _GAP)), 1)
    shown = len(items) if len(items) <= across * most else across * most - 1
    cells = [*map(Cell, items[:shown], range(shown))]
    cells += [Cell(f"and {len(items) - shown} more", None)] * (shown < len(items))
    room = min(max(widest, _LEAST), width // across - _GAP)
    for start in range(0, len(cells), across):
        row = ((cut(one.text, room), one.curve) for one in cells[start : start + across])
        yield [Cell(f"{words}{' ' * (room + _GAP - width_of(words))}", at) for words, at in row]


def _notes(plot: Plot, best_sign: str, width: int) -> Iterator[Row]:
    best = best_line(plot)
    for sentence in (*([f"{best_sign} {best}"] if best else []), *remarks(plot)):
        for line in wrap(sentence, width):
            yield text(cut(line, width))


def _readable(plot: Plot, unicode: bool) -> Plot:
    """Return a plot whose texts a terminal shows as they are."""

    def shown(words: str) -> str:
        plain = visible(words)
        return plain if unicode else plain.encode("ascii", "replace").decode()

    return plot._replace(
        title=shown(plot.title),
        name=shown(plot.name),
        lines=[line._replace(label=shown(line.label)) for line in plot.lines],
        notes=[*map(shown, plot.notes)],
    )


def _plain(cell: Cell) -> str:
    return cell.text


def _painted(cell: Cell) -> str:
    if cell.curve is None:
        return cell.text
    pale = "2;" if cell.curve < 0 else ""
    colour = _COLOURS[max(cell.curve, ~cell.curve) % len(_COLOURS)]
    return f"\x1b[{pale}{colour}m{cell.text}\x1b[0m"
