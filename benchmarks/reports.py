"""What it costs to report in every step."""

import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from benchmarks.parties import train_in_turns
from benchmarks.scale import Scale
from benchmarks.strided import fit_in_memory
from benchmarks.table import Row, ratio_row
from benchmarks.tasks import mlp

GOAL = 1.15


def report_rows(scale: Scale) -> Iterator[Row]:
    """Yield the row of the MLP 32-64-10, batch 64, with a report in each step and in every 50th."""
    task = mlp(epochs=scale.of(4), samples=scale.of(16_384, 1_024))
    with tempfile.TemporaryDirectory() as folder:
        trainings = {
            f"every {steps}": partial(fit_in_memory, task, Path(folder), log_interval=steps)
            for steps in (1, 50)
        }
        seconds = train_in_turns(task, trainings, scale.of(15), same_bits={"every 1": "every 50"})
    yield ratio_row("reports", "MLP, log_interval=1 / log_interval=50", *seconds.values(), GOAL)
