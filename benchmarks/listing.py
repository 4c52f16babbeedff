"""What it costs to list 10,000 runs, beside reading as many files in the plainest way.

The floor is one process that lists the work_dir and parses one file of 2 KiB for each run, the
status.json that STRIDE reads too; for a query that looks at configs, config.json besides. The
start of its interpreter is not counted in the floor; of STRIDE's process everything is, from its
start to its end.
"""

import json
import os
import shutil
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from benchmarks.scale import Scale
from benchmarks.startup import hello, one_step, script
from benchmarks.table import Row, ratio_row
from benchmarks.timing import cpu_seconds, take_turns

RUNS = 10_000
STATUS_BYTES = 2_048
SETTLED = 2.5  # seconds after which an index trusts a file not to have changed unseen
QUERY = ("--where", "lr < 5e-3 and status == done and seed != 3", "--sort", "-val_loss")
QUERY += ("--columns", "lr,seed,val_loss", "-n", "50")
FLOOR = """
import json, os, sys, time
start = time.process_time()
for entry in os.scandir(sys.argv[1]):
    if entry.name[0] != ".":
        for name in sys.argv[2:]:
            with open(f"{entry.path}/{name}", "rb") as file:
                json.loads(file.read())
print(time.process_time() - start)
"""


def listing_rows(scale: Scale) -> Iterator[Row]:
    """Yield the rows of `stride ls -n 50`: with an index, and the first time, without one.

    Raises:
        AssertionError: the answers with and without an index differ.
    """
    number = scale.of(RUNS, 250)
    with tempfile.TemporaryDirectory() as name:
        listings = Listings(Path(name), number)
        kinds = ("first", "warm", "first_query", "query", "hello", "floor", "query_floor")
        seconds = take_turns({kind: getattr(listings, kind) for kind in kinds}, scale.of(9))
        listings.check()
    first, warm, first_query, query, bare, floor, query_floor = (seconds[kind] for kind in kinds)
    yield from _rows(f"ls, {number:,} runs", first, warm, bare, floor)
    yield from _rows(f"ls --where --sort, {number:,} runs", first_query, query, bare, query_floor)


def _rows(
    what: str, first: list[float], warm: list[float], bare: list[float], floor: list[float]
) -> Iterator[Row]:
    """Yield what a listing costs beside a bare program and the plainest reading of its files."""
    allowed = [1.2 * h + 0.35 * f for h, f in zip(bare, floor, strict=True)]
    yield ratio_row("listing", f"{what}, indexed / (1.2 hello + 0.35 floor)", warm, allowed, 1.0)
    fresh = [1.2 * h + 1.3 * f for h, f in zip(bare, floor, strict=True)]
    yield ratio_row("listing", f"{what}, first time / (1.2 hello + 1.3 floor)", first, fresh, 1.0)
    yield ratio_row("listing", f"{what}, first time / floor alone", first, floor, 1.3)


class Listings:
    """List the runs of a work_dir in several ways, each as a process of its own.

    Args:
        folder: an empty one, for all that is needed.
        number: how many runs to make.
    """

    def __init__(self, folder: Path, number: int) -> None:
        self._folder = folder
        self._work_dir = generate(folder / "runs", number)
        self._hello = hello(folder)
        time.sleep(SETTLED)

    def first(self) -> float:
        """List without an index, and leave one behind."""
        shutil.rmtree(self._folder / "cache", ignore_errors=True)
        return self._list("-n", "50")[0]

    def warm(self) -> float:
        """List with an index, which is made first where there is none."""
        if not (self._folder / "cache").exists():
            self.first()
        return self._list("-n", "50")[0]

    def first_query(self) -> float:
        """Ask by a query without an index, and leave one behind."""
        shutil.rmtree(self._folder / "cache", ignore_errors=True)
        return self._list(*QUERY)[0]

    def query(self) -> float:
        """Ask by a query with an index that a query has filled."""
        return self._list(*QUERY)[0]

    def check(self) -> None:
        """Refuse an index that changes the answer.

        Raises:
            AssertionError: it does.
        """
        for options in (("--json",), QUERY):
            self._list(*options)
            indexed = self._list(*options)[1]
            shutil.rmtree(self._folder / "cache")
            if indexed != self._list(*options)[1]:
                raise AssertionError("the listings with and without an index differ")

    def hello(self) -> float:
        """Run the bare Typer program."""
        return cpu_seconds(self._hello, folder=self._folder)[0]

    def floor(self) -> float:
        """Read all files in the plainest way; return the time that this took in the process."""
        return self._read("status.json")

    def query_floor(self) -> float:
        """Read what a query asks for in the plainest way."""
        return self._read("status.json", "config.json")

    def _read(self, *names: str) -> float:
        command = [sys.executable, "-c", FLOOR, str(self._work_dir), *names]
        return float(cpu_seconds(command, folder=self._folder)[1])

    def _list(self, *options: str) -> tuple[float, bytes]:
        command = [script(), "ls", *options, str(self._work_dir)]
        return cpu_seconds(command, folder=self._folder)


def generate(work_dir: Path, number: int) -> Path:
    """Make so many ended runs by copying a real one: a day old, one a second.

    Each has a status.json and a config.json of its own; the other files are hard links.

    Returns:
        The work_dir.
    """
    cpu_seconds(one_step(work_dir), folder=work_dir.parent)
    model = work_dir / "0"
    shutil.rmtree(model / "checkpoints")
    status = json.loads((model / "status.json").read_text())
    config = json.loads((model / "config.json").read_text())
    before = status["created"] - 86_400 - number
    for run in range(number):
        folder = work_dir / str(run)
        if run:
            shutil.copytree(model, folder, copy_function=os.link)
            (folder / "status.json").unlink()
            (folder / "config.json").unlink()
        text = json.dumps(_ended(status, before + run, run), indent=2)
        (folder / "status.json").write_text(text + "\n")
        (folder / "config.json").write_text(json.dumps(_config(config, run), indent=2) + "\n")
    return work_dir


def _config(config: Mapping[str, Any], run: int) -> dict[str, Any]:
    """Return the config of another run of a study over learning rates and seeds."""
    optimizer = config["optimizer_kwargs"] | {"lr": 1e-4 * (1 + run % 100)}
    return {**config, "run": str(run), "seed": run % 5, "optimizer_kwargs": optimizer}


def _ended(status: Mapping[str, Any], created: float, run: int) -> dict[str, Any]:
    """Return the status of another run, of as many metrics as make 2 KiB."""
    own: dict[str, Any] = {
        **status,
        "uuid": uuid.UUID(int=run + 1).hex,
        "created": created,
        "started": created + 0.1,
        "ended": created + 60.0,
        "overrides": [f"optimizer_kwargs.lr={run * 1e-6:.6f}", "training_config.max_epochs=20"],
    }
    measured = dict(status["metrics"]["best"])
    while len(json.dumps(own, indent=2)) < STATUS_BYTES:
        measured[f"validation/metric_{len(measured)}"] = (run + 1) / (len(measured) + 7)
        own["metrics"] = {"best": measured, "last": measured, "test": {"test/accuracy": 0.5}}
    return own
