"""What the cells of a benchmark cost packed, beside the same cells one run after the other.

Both sides are a whole benchmark in a warm process: data, claims, steps, measures of each epoch,
milestones, examples, results. They leave the same weights, which is checked. A pack makes steps
alone faster: with few of them in an epoch, most of the time goes into what is measured after it.
"""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.parties import Unequal, steady
from benchmarks.scale import Scale
from benchmarks.table import Row, ratio_row
from benchmarks.timing import take_turns, timed
from stride import Run, Trainer
from stride.benchmark.spec import NAME, Benchmark
from stride.config.pack import Pack
from stride.runs.work_dir import WorkDir
from stride.sweeps.sweeper import Sweeper

SEEDS = 5
MODELS = ["FeedForwardAE", "FeedForwardAE(hidden=[32,4])", "FeedForwardAE(hidden=[16,4])"]
SIZES: list[tuple[int, int, float | None]] = [(512, 64, None), (4096, 32, 1 / 2)]
"""How many samples there are to train on, in batches of how many, and the goal."""


def benchmark_rows(scale: Scale) -> Iterator[Row]:
    """Yield the row of the CPU time of three dense autoencoders, five seeds each."""
    steady()
    for samples, batch, goal in SIZES:
        with tempfile.TemporaryDirectory() as folder:
            packs: tuple[Pack, Pack] = (SEEDS, "off")
            sides = [_Side(Path(folder), pack, samples, batch, scale.of(20, 1)) for pack in packs]
            parties = {f"{one.pack}": timed(one.train) for one in sides}
            seconds = take_turns(parties, scale.of(3, 1))
        if sides[0].weights != sides[1].weights:
            raise Unequal("the weights of the autoencoders differ")
        steps = samples // batch
        what = f"{SEEDS} seeds of 3 dense autoencoders, {steps} steps an epoch, packed / one by one"
        yield ratio_row("benchmark", what, *seconds.values(), goal)


@dataclass
class _Side:
    """One way to train the cells.

    Attributes:
        folder: of all work_dirs.
        pack: how many runs are one stack.
        samples: to train on.
        batch: samples of a step.
        epochs: of each run.
        weights: digests of those that the runs ended with.
    """

    folder: Path
    pack: Pack
    samples: int
    batch: int
    epochs: int
    weights: list[str] = field(default_factory=list, init=False)

    def train(self) -> None:
        """Train all cells in a new work_dir."""
        work_dir = tempfile.mkdtemp(dir=self.folder)
        trainer = Trainer(
            work_dir,
            trainer="reconstruction",
            dataset_kwargs={"normalize": "standard"},
            load_data_kwargs={"batch_size": self.batch},
            training_config={"max_epochs": self.epochs},
            logging_config={"terminal_display": "off"},
            device="cpu",
        )
        datasets = [f"sines(num_train={self.samples})"]
        asked = {"models": MODELS, "datasets": datasets, "seeds": SEEDS}
        spec = Benchmark.from_json(asked).sweep(trainer.builder.resolved)
        Sweeper.of(trainer, spec, NAME).run(pack=self.pack)
        runs = [Run(Path(work_dir, name)) for name in WorkDir(work_dir).names()]
        self.weights = sorted(run.results["weights_sha256"] for run in runs)
