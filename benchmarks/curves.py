"""What it costs to read a long stream of metrics for a plot, and to draw it."""

import json
import random
import re
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.scale import Scale
from benchmarks.table import Row, ratio_row, row_of
from benchmarks.timing import cpu_seconds, take_turns, timed
from stride.plots.plot import Plot
from stride.plots.svg import svg
from stride.plots.terminal import terminal_plot
from stride.runs.curves.options import CurveOptions
from stride.runs.curves.read import read_curves
from stride.runs.layout import RunPaths

ROWS = 1_000_000
NAMES = ("train/loss", "train/accuracy", "train/grad_norm", "train/kl", "lr")
READING, DRAWING, NOISE_MIB = 1.3, 0.3, 1.0
KINDS: dict[str, Callable[[Plot], str]] = {
    "in a terminal of 80x24": lambda plot: terminal_plot(plot, 80, 24, colour=True),
    "as SVG": svg,
}

PROGRAM = """
import sys
sys.path.insert(0, sys.argv[1])
from benchmarks.curves import main
main(sys.argv[2:])
"""


def curve_rows(scale: Scale) -> Iterator[Row]:
    """Yield the rows of time, of memory, and of drawing what was read."""
    count = scale.of(ROWS, 10_000)
    with tempfile.TemporaryDirectory() as folder:
        short, long = (write_run(Path(folder, str(rows)), rows) for rows in (count // 10, count))
        parties = {"read": timed(lambda: read(long)), "loads": timed(lambda: load(long))}
        seconds = take_turns(parties, scale.of(5))
        what = f"{count:,} rows x {len(NAMES)} metrics read for a plot / json.loads of the lines"
        yield ratio_row("curves", what, seconds["read"], seconds["loads"], READING)
        growth = memory_growth(Path(folder), short, long)
        what = f"memory that {count:,} rows take beyond that of {count // 10:,}"
        yield row_of("curves", what, [growth], NOISE_MIB, "MiB")
        yield from drawing_rows(read(long), scale.of(9))


def drawing_rows(plots: list[Plot], turns: int) -> Iterator[Row]:
    """Yield a row for each way in which all plots are drawn."""

    def drawn(draw: Callable[[Plot], str]) -> Callable[[], None]:
        return lambda: [draw(plot) for plot in plots].clear()

    parties = {kind: timed(drawn(draw)) for kind, draw in KINDS.items()}
    for kind, seconds in take_turns(parties, turns).items():
        yield row_of("curves", f"drawing the {len(NAMES)} of them {kind}", seconds, DRAWING, "s")


def write_run(folder: Path, count: int) -> RunPaths:
    """Return the folder of a run with so many rows."""
    draw, paths = random.Random(0), RunPaths(folder)
    folder.mkdir()
    with paths.metrics.open("w") as file:
        for step in range(1, count + 1):
            place = {"step": step, "epoch": step // 1000, "time": 1.8e9 + step / 60}
            values = {name: draw.random() + 1e3 / step for name in NAMES}
            file.write(json.dumps(place | values) + "\n")
    return paths


def read(paths: RunPaths) -> list[Plot]:
    """Return a plot of each metric of a run."""
    curves = read_curves(paths, NAMES, CurveOptions())
    return [Plot("run", name, "step", [one.line(name)]) for name, one in curves.items()]


def load(paths: RunPaths) -> None:
    """Parse the lines of a run, and keep nothing."""
    loads = json.loads
    with paths.metrics.open("rb") as file:
        for line in file:
            loads(line)


def memory_growth(folder: Path, *runs: RunPaths) -> float:
    """Return how many MiB the last of some runs takes beyond the others, read before it."""
    root = Path(__file__).resolve().parent.parent
    words = [str(root), *(str(run.path) for run in runs)]
    _, output = cpu_seconds([sys.executable, "-c", PROGRAM, *words], folder=folder)
    *_, before, after = json.loads(output)
    return float(after - before) / 2**10


def main(folders: list[str]) -> None:
    """Read runs; print the most KiB that this process has had after each.

    What `getrusage` tells begins with the peak of the process that started this one.
    """
    peaks = []
    for folder in folders:
        read(RunPaths(Path(folder)))
        (peak,) = re.findall(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
        peaks.append(int(peak))
    print(json.dumps(peaks))
