"""What many runs cost as one stack, beside the same runs one after the other in a warm process.

Both sides leave the same weights, which is checked. Everything is in the time that a run has:
building, claiming, the proof of the pack, evaluations, rows, checkpoints, results.
"""

import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.parties import Unequal, steady
from benchmarks.scale import Scale
from benchmarks.table import Row, ratio_row
from benchmarks.timing import take_turns
from stride import Run, Trainer
from stride.config.pack import Pack
from stride.trainer.fit.run_start import NewRun
from stride.trainer.packs.several import Entry, fit_each

RUNS = 32
SMALL: dict[str, Any] = {"hidden": [64], "norm": "none", "dropout": 0.0}
KINDS: dict[str, tuple[dict[str, Any], float | None]] = {
    "64-64-10": (SMALL, 1 / 3),
    "64-64-10 with BatchNorm and dropout": ({**SMALL, "norm": "batch", "dropout": 0.3}, None),
    "of two layers of 256, LayerNorm and dropout": ({}, None),
}
"""What is trained on digits, and the goal."""


def packed_run_rows(scale: Scale) -> Iterator[Row]:
    """Yield the rows of the CPU time of as many seeds of each kind."""
    steady()
    for kind, (model, goal) in KINDS.items():
        runs = scale.of(RUNS, 2)
        packs: tuple[Pack, Pack] = (runs, "off")
        with tempfile.TemporaryDirectory() as folder:
            sides = [_Side(Path(folder), model, pack, runs, scale.of(20, 1)) for pack in packs]
            parties = {f"{one.pack}": one.train for one in sides}
            seconds = take_turns(parties, scale.of(3, 1))
        if sides[0].weights != sides[1].weights:
            raise Unequal(f"the weights of the digits MLP {kind} differ")
        what = f"{runs} seeds of the digits MLP {kind}, packed / one by one"
        yield ratio_row("packed-runs", what, *seconds.values(), goal)


@dataclass
class _Side:
    """One way to train.

    Attributes:
        folder: of all work_dirs.
        model: arguments of the MLP.
        pack: how many runs are one stack.
        runs: how many there are.
        epochs: of each.
        weights: digests of those that the runs ended with.
    """

    folder: Path
    model: dict[str, Any]
    pack: Pack
    runs: int
    epochs: int
    weights: list[str] = field(default_factory=list, init=False)

    def train(self) -> float:
        """Train the runs in a new work_dir; return the seconds of CPU."""
        work_dir = tempfile.mkdtemp(dir=self.folder)
        start = time.process_time()
        entries = [self._entry(work_dir, seed) for seed in range(self.runs)]
        ended = [*fit_each(entries, self.pack)]
        seconds = time.process_time() - start
        self.weights = [Run(one.path).results["weights_sha256"] for one in ended]
        return seconds

    def _entry(self, work_dir: str, seed: int) -> Entry:
        trainer = Trainer(
            work_dir,
            model_kwargs={"model_name": "MLP", **self.model},
            training_config={"max_epochs": self.epochs},
            logging_config={"terminal_display": "off"},
            device="cpu",
            seed=seed,
        )
        return Entry(trainer, NewRun(trainer.builder.resolved))
