"""What the record of a reconstruction costs after an epoch: all snippets of all splits, measured.

The sizes are those of ECG5000 with class 1 as normal: 5,000 snippets of 140 points.
"""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.parties import Unequal, steady
from benchmarks.scale import Scale
from benchmarks.strided import Clock, quiet
from benchmarks.table import Row, ratio_row
from benchmarks.timing import take_turns, timed
from stride import ReconstructionTrainer, Trainer
from stride.data.array_dataset import ArrayDataset
from stride.trainers.reconstruction.errors import Errors
from stride.trainers.reconstruction.scoring import Scorer
from stride.trainers.reconstruction.splits import measured_splits
from stride.trainers.reconstruction.summary import summary

SNIPPETS = {"train": 234, "val": 58, "test": 4_708}
POINTS, ANOMALOUS = 140, 0.38
NAMES = ("l1", "l2", "max")
GOAL = 1 / 20


def labelled(split: str) -> ArrayDataset:
    """Return snippets of a split; of those that are tested some are anomalous."""
    draw = torch.Generator().manual_seed(len(split))
    count = SNIPPETS[split]
    inputs = torch.randn(count, 1, POINTS, generator=draw).cumsum(2) / 10
    anomalous = (torch.rand(count, 1, generator=draw) < ANOMALOUS) & (split == "test")
    return ArrayDataset([inputs], annotations={"labels": anomalous.expand(-1, POINTS)})


def unlabelled(split: str) -> ArrayDataset:
    """Return the same without labels."""
    return ArrayDataset(labelled(split).tensors)


def reconstruction_rows(scale: Scale) -> Iterator[Row]:
    """Yield the rows of the record of one epoch, and of its share in a training."""
    steady()
    repeats, epochs = scale.of(7), scale.of(20, 2)
    with tempfile.TemporaryDirectory() as folder:
        yield from _beside_one_at_a_time(Path(folder), repeats)
        for name in ("labelled", "unlabelled"):
            parties = {
                "recorded": _training(Path(folder), ReconstructionTrainer, name, epochs),
                "plain": _training(Path(folder), Trainer, name, epochs),
            }
            found = take_turns(parties, repeats)
            what = f"training on {name} snippets, each epoch on record / evaluated alone"
            yield ratio_row("reconstruction", what, found["recorded"], found["plain"])


def _beside_one_at_a_time(folder: Path, repeats: int) -> Iterator[Row]:
    assembly = ReconstructionTrainer(folder / "none", **_config("labelled", 1)).builder.build()
    splits, network = measured_splits(assembly), assembly.model.network
    scorer = Scorer(assembly.model, assembly.precision, Errors(NAMES))
    found: dict[str, list[float]] = {}

    def errors() -> None:
        scores = [scorer.of(split.inputs(), points=False).errors for split in splits]
        found["ours"] = [one[name].mean().item() for one in scores for name in NAMES]

    def errors_and_areas() -> None:
        for split in splits:
            summary(split, scorer.of(split.inputs(), points=split.ranks))

    def one_at_a_time() -> None:
        found["plain"] = []
        for split in splits:
            snippets = (one[None] for batch in split.inputs() for one in batch)
            sizes = ((network(one) - one).abs() for one in snippets)
            each = [(size.mean(), size.square().mean().sqrt(), size.max()) for size in sizes]
            numbers = [[error.item() for error in errors] for errors in each]
            found["plain"] += np.mean(numbers, axis=0).tolist()

    works = {"errors": errors, "areas": errors_and_areas, "plain": one_at_a_time}
    seconds = take_turns({name: timed(work) for name, work in works.items()}, repeats)
    if not np.allclose(found["ours"], found["plain"], rtol=1e-4):
        raise Unequal(f"the errors differ: {found}")
    beside = "of 5,000 snippets / errors one at a time, with gradients"
    yield ratio_row("reconstruction", f"errors {beside}", seconds["errors"], seconds["plain"], GOAL)
    what = f"errors, and areas of snippets and points, {beside}"
    yield ratio_row("reconstruction", what, seconds["areas"], seconds["plain"])


def _config(dataset: str, epochs: int) -> dict[str, Any]:
    return {
        "device": "cpu",
        "dataset_kwargs": {"dataset_name": f"benchmarks.reconstruction:{dataset}"},
        "load_data_kwargs": {"batch_size": 32},
        "model_kwargs": {"model_name": "FeedForwardAE", "hidden": [64, 8]},
        "criterion_kwargs": {"criterion_name": "L1Loss"},
        "optimizer_kwargs": {"optimizer_name": "Adam"},
        "training_config": {"max_epochs": epochs},
        "logging_config": {"terminal_display": "minimal"},
    }


def _training(folder: Path, kind: type[Trainer], dataset: str, epochs: int) -> Callable[[], float]:
    """Return a party that trains, and gives the CPU seconds of its epochs."""
    clock = Clock()
    trainer = kind(folder / kind.__name__, callbacks=[clock], **_config(dataset, epochs))

    def run() -> float:
        with quiet():
            trainer.fit()
        return clock.seconds

    return run
