"""What it costs to report a sweep of 1,000 finished trials, each of which reported 30 values.

Of STRIDE's process everything counts, from its start to its end. The floor is one that imports
Optuna and Typer, and does nothing.
"""

import json
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

from optuna.storages import JournalStorage
from optuna.storages.journal import BaseJournalBackend
from optuna.trial import TrialState

from benchmarks.listing import SETTLED, generate
from benchmarks.scale import Scale
from benchmarks.startup import script
from benchmarks.table import Row, row_of
from benchmarks.timing import cpu_seconds, take_turns
from benchmarks.trials import trial_rows
from stride.config.sweep.spec import SweepSpec
from stride.runs.files.atomic import atomic_json
from stride.runs.layout import WorkDirPaths
from stride.runs.records.sweep import SweepRecord
from stride.sweeps.search.space import Space
from stride.sweeps.search.study import create_study, open_study
from stride.sweeps.trials.trial import OVERRIDES, SETUP, WORKER, OpenTrial, Outcome

TRIALS = 1_000
REPORTED = 30
METRIC = "validation/epoch_loss"
SEARCH = {
    "optimizer_kwargs.lr": "float(1e-5,1e-1,log)",
    "model_kwargs.depth": "int(1,6)",
    "optimizer_kwargs.optimizer_name": "choice(AdamW,SGD,Adam)",
}


def sweep_rows(scale: Scale) -> Iterator[Row]:
    """Yield the row of `stride sweep W --report`, and those of trials and workers."""
    number = scale.of(TRIALS, 50)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        generate(folder / "runs", number)
        make_sweep(folder / "runs", number)
        time.sleep(SETTLED)
        report = [script(), "sweep", "runs", "--report"]
        floor = [sys.executable, "-c", "import optuna, typer"]
        parties = {
            "report": lambda: cpu_seconds(report, folder=folder)[0],
            "floor": lambda: cpu_seconds(floor, folder=folder)[0],
        }
        seconds = take_turns(parties, scale.of(7))
    pairs = zip(seconds["report"], seconds["floor"], strict=True)
    beyond = [report - floor for report, floor in pairs]
    what = f"stride sweep --report, {number:,} trials, beyond the import of Optuna and Typer"
    yield row_of("sweeps", what, beyond, 1.0, "s")
    yield from trial_rows(scale)


def make_sweep(work_dir: Path, number: int) -> None:
    """Make a sweep of which so many trials have ended, one run each, as its workers write it."""
    spec = SweepSpec.from_json(
        {"search": SEARCH, "trials": number, "sampler_kwargs": {"sampler_name": "random"}}
    )
    paths = WorkDirPaths(work_dir).sweep("search")
    paths.path.mkdir(parents=True)
    operations = Operations()
    storage = JournalStorage(operations)
    create_study(storage, "search", "min")
    study, space = open_study(storage, "search", spec), Space(spec.search)
    random = Random(0)
    for _ in range(number):
        _try(OpenTrial(study, storage, study.ask().number, {}), space, random)
    lines = (json.dumps(one, separators=(",", ":")) + "\n" for one in operations.logs)
    paths.journal.write_text("".join(lines))
    record = SweepRecord(
        name="search",
        uuid=uuid.UUID(int=1).hex,
        created=time.time(),
        spec=spec.to_json(),
        study="search",
        metric=METRIC,
        mode="min",
    )
    atomic_json(paths.record, record.to_json())


class Operations(BaseJournalBackend):
    """Keep what Optuna writes in memory: in a file each operation would be synced.

    Attributes:
        logs: the operations, in order.
    """

    def __init__(self) -> None:
        self.logs: list[dict[str, Any]] = []

    def read_logs(self, log_number_from: int) -> Iterator[dict[str, Any]]:
        """Yield the operations from a number on."""
        yield from self.logs[log_number_from:]

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        """Keep some more."""
        self.logs.extend(logs)


def _try(trial: OpenTrial, space: Space, random: Random) -> None:
    """Write what a worker does of a trial, from its choice to its end."""
    trial.note(WORKER, {"id": uuid.uuid4().hex, "pid": 1, "host": "here", "since": -1})
    trial.note(OVERRIDES, space.suggest(trial.to_suggest()))
    trial.note_run(0, run=str(trial.number), uuid=uuid.uuid4().hex)
    values = [1 / (epoch + 1) + random.random() for epoch in range(REPORTED)]
    for epoch, value in enumerate(values, 1):
        trial.report(epoch, value)
    trial.note_run(0, value=min(values))
    trial.note(SETUP, uuid.uuid4().hex * 2)
    trial.tell(Outcome(TrialState.COMPLETE, min(values)))
