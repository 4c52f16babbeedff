"""What the fingerprint of a step costs, as a share of a step of the small MLP."""

import tempfile
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import torch

from benchmarks.parties import steady
from benchmarks.scale import Scale
from benchmarks.strided import fit_in_memory
from benchmarks.table import Row, ratio_row
from benchmarks.tasks import LOG_INTERVAL, mlp
from benchmarks.timing import take_turns
from stride.engine.fingerprint import Fingerprint
from stride.runs.files.jsonl import LineFile


def fingerprint_rows(scale: Scale) -> Iterator[Row]:
    """Yield the row: what is done for the fingerprints alone, beside the whole training.

    The losses are read at each report in any case. The fingerprint's own are their bits, the rows,
    and, once in half a second, their line in the file; here one is written at every tenth report,
    which is oftener.
    """
    task = mlp(epochs=scale.of(8), samples=scale.of(16_384, 1_024))
    steady()
    with tempfile.TemporaryDirectory() as folder:
        parties = {
            "fingerprints": partial(_fingerprints, task.steps, Path(folder, "fingerprints.jsonl")),
            "training": lambda: fit_in_memory(task, Path(folder)).seconds,
        }
        seconds = take_turns(parties, scale.of(9))
    shard = "fingerprints of a step / a step of the MLP, in memory"
    yield ratio_row("fingerprints", shard, seconds["fingerprints"], seconds["training"], 0.01)


def _fingerprints(steps: int, path: Path) -> float:
    """Return the CPU seconds that the fingerprints of so many steps take."""
    losses = torch.rand(LOG_INTERVAL).tolist()
    fingerprint = Fingerprint()
    with LineFile(path) as file:
        start = time.process_time()
        for report in range(steps // LOG_INTERVAL):
            fingerprint.add_losses(losses, torch.float32)
            if report % 10 == 9:
                file.append(fingerprint.take_rows())
        file.append(fingerprint.take_rows())
        return time.process_time() - start
