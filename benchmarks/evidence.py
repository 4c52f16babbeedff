"""What LogME costs beside one singular value decomposition of the same features."""

import time
from collections.abc import Callable, Iterator
from functools import partial

import torch
from torch import Tensor

from benchmarks.parties import steady
from benchmarks.scale import Scale
from benchmarks.table import Row, ratio_row
from benchmarks.timing import take_turns
from stride.active.transferability.logme import log_me

NUM_CLASSES = 10


def evidence_rows(scale: Scale) -> Iterator[Row]:
    """Yield the row: LogME of classes, whole, beside the thin decomposition alone."""
    samples, dimensions = scale.of(10_000, 300), scale.of(2_048, 64)
    generator = torch.Generator().manual_seed(0)
    features = torch.randn(samples, dimensions, dtype=torch.float64, generator=generator)
    labels = torch.randint(NUM_CLASSES, (samples,), generator=generator)
    steady()
    parties = {
        "LogME": partial(_seconds, partial(log_me, features, labels, regression=False)),
        "SVD": partial(_seconds, partial(_thin, features)),
    }
    seconds = take_turns(parties, scale.of(3))
    what = f"LogME on {samples:,} x {dimensions:,} / one thin SVD of it"
    yield ratio_row("evidence", what, seconds["LogME"], seconds["SVD"], 1.2)


def _thin(features: Tensor) -> None:
    torch.linalg.svd(features, full_matrices=False)


def _seconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start
