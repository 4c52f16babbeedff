"""What it costs to draw the overview of a reconstruction, beyond importing matplotlib."""

import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import torch

from benchmarks.scale import Scale
from benchmarks.strided import quiet
from benchmarks.table import Row, row_of
from benchmarks.timing import take_turns, timed
from stride import Trainer
from stride.benchmark.overview.run_page import write_run_overview
from stride.data.array_dataset import ArrayDataset

SAMPLES, POINTS, EPOCHS = 500, 128, 40
CHANNELS = (1, 38)
GOAL = 10.0


def series(split: str, channels: int = 1) -> ArrayDataset:
    """Return random walks; in a tenth of those that are tested 20 points are anomalous."""
    draw = torch.Generator().manual_seed(len(split))
    inputs = torch.randn(SAMPLES, channels, POINTS, generator=draw).cumsum(2) / 10
    labels = torch.zeros(SAMPLES, POINTS, dtype=torch.bool)
    if split == "test":
        labels[::10, 50:70] = True
        inputs[::10, :, 50:70] += 2
    return ArrayDataset([inputs], annotations={"labels": labels})


def overview_rows(scale: Scale) -> Iterator[Row]:
    """Yield a row for one channel and one for many, of which three are drawn."""
    epochs = scale.of(EPOCHS, 2)
    with tempfile.TemporaryDirectory() as folder:
        runs = {n: _run(Path(folder), n, epochs) for n in CHANNELS}
        parties = {str(n): timed(partial(write_run_overview, run)) for n, run in runs.items()}
        found = take_turns(parties, scale.of(3))  # the first turn, which imports, does not count
    for number, seconds in found.items():
        what = f"overview of {epochs} epochs, 3 splits, channels: {number}; CPU"
        yield row_of("overviews", what, seconds, GOAL, "s")


def _run(folder: Path, channels: int, epochs: int) -> Path:
    """Train a run of so many channels; return its folder."""
    trainer = Trainer(
        folder / str(channels),
        trainer="reconstruction",
        device="cpu",
        dataset_kwargs={"dataset_name": "benchmarks.overviews:series", "channels": channels},
        model_kwargs={"model_name": "FeedForwardAE"},
        training_config={"max_epochs": epochs},
        logging_config={"terminal_display": "off"},
    )
    with quiet():
        trainer.fit()
    return trainer.run.path
