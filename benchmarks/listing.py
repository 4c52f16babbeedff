"""What it costs to list 10,000 runs, beside reading as many files in the plainest way.

The floor is one process that lists the work_dir and parses one file of 2 KiB for each run: the
status.json that STRIDE reads too. Its interpreter's start is not counted in the floor; all of
STRIDE's process is counted, from its start to its end.
"""

import json
import os
import shutil
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

from benchmarks.scale import Scale
from benchmarks.startup import hello, script
from benchmarks.table import Row, ratio_row
from benchmarks.timing import cpu_seconds, take_turns

RUNS = 10_000
STATUS_BYTES = 2_048
SHOWN = "50"
SETTLED = 2.5  # seconds after which an index trusts a file not to have changed unseen
FLOOR = """
import json, os, sys, time
start = time.process_time()
for entry in os.scandir(sys.argv[1]):
    if entry.name[0] != ".":
        with open(f"{entry.path}/status.json", "rb") as file:
            json.loads(file.read())
print(time.process_time() - start)
"""


def listing_rows(scale: Scale) -> Iterator[Row]:
    """Yield the rows of `stride ls -n 50`: with an index, and the first time, without one."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        work_dir = folder / "runs"
        generate(work_dir, scale.of(RUNS, 250))
        time.sleep(SETTLED)
        bench = _Bench(folder, work_dir)
        parties = {
            "first": bench.first,
            "warm": bench.warm,
            "hello": bench.hello,
            "floor": bench.floor,
        }
        seconds = take_turns(parties, scale.of(9))
    floor = seconds["floor"]
    allowed = [1.2 * h + 0.35 * f for h, f in zip(seconds["hello"], floor, strict=True)]
    what = "ls, 10,000 runs, indexed / (1.2 hello + 0.35 floor)"
    yield ratio_row("listing", what, seconds["warm"], allowed, 1.0)
    yield ratio_row("listing", "ls, 10,000 runs, first time / floor", seconds["first"], floor, 1.3)


class _Bench:
    """Run the commands of the listing, and see that index and files tell the same."""

    def __init__(self, folder: Path, work_dir: Path) -> None:
        self._folder, self._cache, self._work_dir = folder, folder / "cache", work_dir
        self._hello = hello(folder)
        self._listed = b""

    def first(self) -> float:
        """List without an index, and leave one behind."""
        shutil.rmtree(self._cache, ignore_errors=True)
        return self._list()

    def warm(self) -> float:
        """List with an index, which is made first where there is none."""
        if not self._cache.exists():
            self._list()
        return self._list()

    def _list(self) -> float:
        command = [script(), "ls", "-n", SHOWN, "--json", str(self._work_dir)]
        seconds, output = self._run(command)
        self._listed = self._listed or output
        if output != self._listed:
            raise AssertionError("two listings of the same runs differ")
        return seconds

    def hello(self) -> float:
        """Run the bare Typer program."""
        return self._run(self._hello)[0]

    def floor(self) -> float:
        """Read all files in the plainest way; its own time, without the interpreter's start."""
        return float(self._run([sys.executable, "-c", FLOOR, str(self._work_dir)])[1])

    def _run(self, command: list[str]) -> tuple[float, bytes]:
        return cpu_seconds(command, folder=self._folder, cache=self._cache)


def generate(work_dir: Path, number: int) -> None:
    """Make so many ended runs: each a folder with all that a short training leaves in it.

    Only status.json differs from run to run; the other files are one file of many names.
    """
    from stride.runs.writer import RunWriter

    provenance = {"overrides": ["optimizer_kwargs.lr=0.001"], "origins": {}}
    writer = RunWriter.start(work_dir, config={}, provenance=_provenance(provenance))
    writer.append_metrics([{"step": 1, "epoch": 0, "time": time.time(), "train/loss": 1.0}])
    writer.close("done", metrics=_metrics(0), monitor=_MONITOR)
    model = Path(writer.paths.path)
    status = json.loads(writer.paths.status.read_text())
    for run in range(1, number):
        folder = work_dir / str(run)
        _link(model, folder, apart=writer.paths.status.name)
        own = {"uuid": uuid.UUID(int=run).hex, "created": status["created"] + run}
        text = json.dumps(status | own | {"metrics": _metrics(run)}, indent=2)
        (folder / writer.paths.status.name).write_text(text + "\n")


_MONITOR = {"metric": "validation/epoch_loss", "mode": "min"}
