"""What it costs to compare 200 configurations over 5 seeds each, and to look for a run's double.

Of STRIDE's process everything counts, from its start to its end, with the statistics: 200 pairs of
intervals and 199 comparisons. The index of the listing is there, as after any earlier command.
"""

import json
import os
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

from benchmarks.listing import SETTLED, generate
from benchmarks.scale import Scale
from benchmarks.startup import hello, script
from benchmarks.table import Row, row_of
from benchmarks.timing import cpu_seconds, take_turns
from stride.runs.layout import WorkDirPaths
from stride.runs.provenance.setups import same_setup

SEEDS = 5
RUNS = 1_000
STARTS = 10_000


def deciding_rows(scale: Scale) -> Iterator[Row]:
    """Yield the rows of `stride stats` and of the look for an earlier run that is the same."""
    number = scale.of(RUNS, 50)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        study(folder / "runs", number)
        time.sleep(SETTLED)
        command = [script(), "stats", "runs", "-m", "test/accuracy", "--csv"]
        bare = hello(folder)
        parties = {
            "stats": lambda: cpu_seconds(command, folder=folder)[0],
            "hello": lambda: cpu_seconds(bare, folder=folder)[0],
        }
        seconds = take_turns(parties, scale.of(7))
    what = f"stride stats, {number:,} runs, {number // SEEDS} configurations"
    yield row_of("deciding", what, seconds["stats"], 0.5, "s")
    pairs = zip(seconds["stats"], seconds["hello"], strict=True)
    beyond = [stats - hello for stats, hello in pairs]
    yield row_of("deciding", "the same, beyond the bare Typer program", beyond, unit="s")
    yield _double(scale)


def study(work_dir: Path, number: int) -> None:
    """Make so many runs, SEEDS of each learning rate, with a test accuracy each."""
    generate(work_dir, number)
    random = Random(0)
    for run in range(number):
        seed, lr = run % SEEDS, 10 ** -(1 + run // SEEDS / 50)
        _change(work_dir / str(run) / "config.json", seed=seed)
        _change(work_dir / str(run) / "config.json", "model_kwargs", model_seed=seed)
        _change(work_dir / str(run) / "config.json", "optimizer_kwargs", lr=lr)
        accuracy = {"test/accuracy": 0.9 + lr + random.gauss(0, 0.01)}
        _change(work_dir / str(run) / "status.json", "metrics", test=accuracy)


def _change(path: Path, section: str = "", **values: Any) -> None:
    """Change values of a record; the file is the run's own from then on."""
    record = json.loads(path.read_text())
    (record[section] if section else record).update(values)
    path.unlink()
    path.write_text(json.dumps(record, indent=2) + "\n")


def _double(scale: Scale) -> Row:
    """Measure the look for a run with the same config, code and data, of which there is none."""
    number = scale.of(STARTS, 500)
    with tempfile.TemporaryDirectory() as name:
        paths = WorkDirPaths(Path(name))
        os.mkdir(paths.private)
        with paths.setups.open("w") as file:
            for run in range(number):
                one = {"setup": uuid.uuid4().hex * 2, "run": str(run), "uuid": uuid.uuid4().hex}
                file.write(json.dumps(one) + "\n")
        seconds = take_turns({"look": lambda: _look(Path(name))}, scale.of(15))
    what = f"the look at a start for a run that is the same, {number:,} runs"
    return row_of("deciding", what, [1e3 * one for one in seconds["look"]], 5.0, "ms")


def _look(work_dir: Path) -> float:
    start = time.process_time()
    same_setup(work_dir, "a" * 64)
    return time.process_time() - start
