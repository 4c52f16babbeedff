"""Law 4: whoever reads a folder while it is written, killed and resumed sees a valid one."""

import json
import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from stride.engine.checkpoint.checkpoint import newest_good
from stride.runs.fingerprints import read_fingerprints
from stride.runs.layout import TEMPORARY_PREFIX, RunPaths
from stride.runs.listing.query import list_runs
from stride.runs.run import Run
from stride.runs.verify.run import verify_run
from tests.integration.forkserver import Forkserver
from tests.integration.memory_folder import memory_folder

KINDS = [("records",), ("listing", "rows", "results"), ("checkpoint",), ("verify",)]


@pytest.fixture
def folder() -> Iterator[Path]:
    with memory_folder() as folder:
        yield folder


class Reader(threading.Thread):
    """Read what is in a work_dir again and again, until told to end.

    Args:
        work_dir: the folder.
        kinds: names of the readings below.

    Attributes:
        looks: how often each kind of reading went well.
        wrong: what was seen that may not be.
    """

    def __init__(self, work_dir: Path, *kinds: str) -> None:
        super().__init__()
        self._work_dir = work_dir
        self._readings = [getattr(self, kind) for kind in kinds]
        self._end = threading.Event()
        self.looks: Counter[str] = Counter()
        self.wrong: list[str] = []

    def run(self) -> None:
        while not self._end.is_set() and not self.wrong:
            for read in self._readings:
                try:
                    read()
                except Exception as error:
                    self.wrong.append(f"{read.__name__}: {error!r} from {error.__cause__!r}")

    def end(self) -> None:
        self._end.set()
        self.join()

    def records(self) -> None:
        """Read every JSON file that is not unfinished by its name."""
        with suppress(FileNotFoundError):  # deleted since it was found
            for path in self._work_dir.rglob("*.json"):
                if TEMPORARY_PREFIX not in str(path):
                    assert isinstance(json.loads(path.read_bytes()), dict), path
                    self.looks["records"] += 1

    def listing(self) -> None:
        if not self._work_dir.exists():
            return
        for row in list_runs(self._work_dir):
            assert row.state != "broken", row
            self.looks[f"listed as {row.state}"] += 1

    def rows(self) -> None:
        paths = RunPaths(self._work_dir / "0")
        if not paths.status.exists():
            return
        rows = Run(paths.path).metrics()
        places = [(row["step"], row["epoch"]) for row in rows]
        assert places == sorted(set(places)), places
        if paths.fingerprints.exists():
            steps = [bits.step for bits in read_fingerprints(paths.fingerprints)]
            assert steps == list(range(1, len(steps) + 1)), steps
        self.looks["metrics"] += bool(rows)

    def results(self) -> None:
        paths = RunPaths(self._work_dir / "0")
        if paths.results.exists():
            assert Run(paths.path).results["weights_sha256"]
            self.looks["results"] += 1

    def checkpoint(self) -> None:
        """Read the newest, unless a newer one has taken its place meanwhile."""
        paths = RunPaths(self._work_dir / "0")
        if not paths.checkpoint_index.exists():
            return
        before = json.loads(paths.checkpoint_index.read_text())
        found = newest_good(paths)
        if json.loads(paths.checkpoint_index.read_text()) != before:
            return  # all that it saw may be deleted by then
        assert found is not None
        last = next(e for e in before["entries"] if e["name"] == before["last"])
        assert found.record["step"] >= last["step"]
        self.looks["checkpoints"] += 1

    def verify(self) -> None:
        if RunPaths(self._work_dir / "0").status.exists():
            report = verify_run(self._work_dir / "0")
            assert report.problems == [], report.problems
            self.looks["verified"] += 1


@pytest.mark.parametrize(
    "seed", [0, *(pytest.param(n, marks=pytest.mark.slow) for n in range(1, 6))]
)
def test_a_reader_sees_a_valid_folder_at_any_moment(
    server: Forkserver, folder: Path, seed: int, request: pytest.FixtureRequest
) -> None:
    chance = random.Random(seed)
    work_dir, log = folder / "w", folder / "log"
    readers = [Reader(work_dir, *kinds) for kinds in KINDS]
    for reader in readers:
        reader.start()
    longer = {"training_config": {"max_epochs": 40, "early_stopping": False}}
    kills, code = 0, -9
    try:
        while code == -signal.SIGKILL:
            resume = "0" if RunPaths(work_dir / "0").provenance.exists() else None
            pid = server.start("train", str(work_dir), resume, log=log, **longer)
            while not RunPaths(work_dir / "0").provenance.exists():
                time.sleep(0.001)  # a start that is killed before would be another run
            if kills < 12:
                time.sleep(chance.uniform(0.02, 0.3))
                os.kill(pid, signal.SIGKILL)
            code = server.wait(pid)
            kills += code == -signal.SIGKILL
        time.sleep(0.2)
    finally:
        for reader in readers:
            reader.end()
    assert code == 0 and kills > 0, log.read_text()
    assert [reader.wrong for reader in readers] == [[]] * len(readers)
    looks = sum((reader.looks for reader in readers), Counter())
    assert set(looks) >= {"metrics", "checkpoints", "verified", "listed as running", "records"}
    words = ", ".join(f"{what} {count}" for what, count in sorted(looks.items()))
    request.node.user_properties.append(("faults", f"readers beside {kills} kills: {words}"))
