"""What it costs to report 100 runs on one page, and how large that is.

Of STRIDE's process everything counts, from its start to its end.
"""

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from random import Random

from benchmarks.deciding import study
from benchmarks.scale import Scale
from benchmarks.startup import script
from benchmarks.table import Row, row_of
from benchmarks.timing import cpu_seconds, take_turns
from stride.runs.layout import RunPaths

RUNS, EPOCHS = 100, 300


def page_rows(scale: Scale) -> Iterator[Row]:
    """Yield the rows of `stride report`: seconds of CPU, and megabytes."""
    number, epochs = scale.of(RUNS, 20), scale.of(EPOCHS, 30)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        study(folder / "runs", number)
        for run in range(number):
            _measure(RunPaths(folder / "runs" / str(run)).metrics, run, epochs)
        command = [script(), "report", "runs", "-o", "page.html"]
        report = {"report": lambda: cpu_seconds(command, folder=folder)[0]}
        seconds = take_turns(report, scale.of(7))["report"]
        megabytes = (folder / "page.html").stat().st_size / 1e6
    what = f"stride report, {number} runs of {epochs} epochs"
    yield row_of("pages", f"{what}: CPU", seconds, 2.0, "s")
    yield row_of("pages", f"{what}: size", [megabytes], 2.0, "MB")


def _measure(metrics: Path, seed: int, epochs: int) -> None:
    """Write the metrics of a run of so many epochs in the place of the one that all have."""
    random, loss, lines = Random(seed), 2.0, []
    for epoch in range(1, epochs + 1):
        loss *= 1 - random.random() / 20
        values = {"train/epoch_loss": loss * 0.9, "validation/epoch_loss": loss}
        values |= {"train/epoch_accuracy": 1 / (1 + loss), "validation/epoch_accuracy": 0.9}
        lines.append({"step": 20 * epoch, "epoch": epoch, "time": 1.7e9 + epoch, **values})
    metrics.unlink()
    metrics.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
