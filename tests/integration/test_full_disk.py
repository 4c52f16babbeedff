"""A disk that is full, or cannot be written any more: no torn file, no hang, one clear line."""

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stride.engine.checkpoint.checkpoint import newest_good, read_state
from stride.runs.layout import TEMPORARY_PREFIX, RunPaths
from stride.runs.listing.query import list_runs
from stride.runs.verify.run import verify_run
from stride.runs.work_dir import WorkDir
from tests.integration.everything import bar
from tests.integration.forkserver import Forkserver
from tests.integration.same_runs import problems_of

SIZE = 4 * 2**20
STREAMS = ("metrics.jsonl)", "fingerprints.jsonl)", "metrics.csv)")
PAGE = 4096  # what the smallest file takes there
FULL: dict[str, Any] = {"checkpoint_config": {"every_steps": 3, "keep_last": 2}}


class Disk:
    """A small file system of its own.

    Args:
        path: where it is mounted.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def mount(self, *options: str) -> bool:
        command = ["mount", "-t", "tmpfs", "-o", ",".join(options), "tmpfs", str(self.path)]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0

    def fill(self, left: int) -> None:
        """Leave so many bytes free."""
        stat = os.statvfs(self.path)
        free = stat.f_bavail * stat.f_frsize
        (self.path / "ballast").write_bytes(bytes(max(0, free - left)))

    def free(self) -> None:
        (self.path / "ballast").unlink()


@pytest.fixture(scope="module")
def whole(server: Forkserver, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole")
    assert server.call("train", str(folder / "w"), log=folder / "log", **FULL) == 0
    return folder / "w" / "0"


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    disk = Disk(tmp_path / "disk")
    disk.path.mkdir()
    if not disk.mount(f"size={SIZE}"):
        pytest.skip("this test mounts a small file system, which is not permitted here")
    yield disk
    subprocess.run(["umount", "--lazy", str(disk.path)], check=True)


class Attempt:
    """Train on the disk; tell what came of it."""

    def __init__(
        self,
        server: Forkserver,
        folder: Path,
        work_dir: Path,
        sections: dict[str, Any] = FULL,
    ) -> None:
        self.server, self.work_dir, self.sections = server, work_dir, sections
        self.log = folder / "log"
        self.run = RunPaths(work_dir / "0")

    def train(self, resume: str | None = None) -> int:
        return self.call("train", resume)

    def call(self, function: str, *arguments: object) -> int:
        place = str(self.work_dir)
        return self.server.call(function, place, *arguments, log=self.log, **self.sections)

    def last_line(self) -> str:
        return self.log.read_text().splitlines()[-1]

    def check_what_is_left(self) -> None:
        """Assert that a run which failed is whole as far as it goes."""
        assert list_runs(self.work_dir)[0].state in ("failed", "interrupted")
        assert verify_run(self.run.path).problems == []
        for name in self.run.checkpoint_names():
            read_state(self.run.checkpoint(name).path)
        for stream in (self.run.metrics, self.run.fingerprints, self.run.metrics_csv):
            assert not stream.exists() or stream.read_bytes()[-1:] in (b"", b"\n"), stream


@pytest.mark.fault("disk full at the claim: no run is left")
@pytest.mark.parametrize("left", range(0, 18 * PAGE, 2 * PAGE))
def test_a_disk_that_is_full_at_the_claim_leaves_no_run(
    server: Forkserver, disk: Disk, tmp_path: Path, left: int
) -> None:
    attempt = Attempt(server, tmp_path, disk.path / "w")
    disk.fill(left)
    assert attempt.train() == 1
    if attempt.last_line().startswith("stride: error: no room for a checkpoint: it takes "):
        assert left == 0 and not (disk.path / "w").exists()
        return
    assert attempt.last_line().startswith("stride: error: cannot write: No space left on device")
    if (disk.path / "w").exists() and WorkDir(disk.path / "w").names():
        attempt.check_what_is_left()
        assert attempt.run.provenance.exists()


def test_a_disk_that_fills_up_keeps_the_last_good_checkpoint(
    server: Forkserver, disk: Disk, whole: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    failed = resumed = 0
    for pages in range(20, 92, 6):
        attempt = Attempt(server, tmp_path, disk.path / str(pages))
        disk.fill(pages * PAGE)
        code = attempt.train()
        if code == 0:
            break
        failed += 1
        assert code == 1
        assert attempt.last_line().startswith("stride: error: cannot write: No space left on dev")
        attempt.check_what_is_left()
        assert not list(attempt.run.path.rglob(f"{TEMPORARY_PREFIX}*"))
        resumed += newest_good(attempt.run) is not None
        disk.free()
        assert attempt.train("0") == 0, attempt.log.read_text()
        assert problems_of(attempt.run.path, whole) == []
    assert failed > resumed > 3 and code == 0
    words = f"{failed} full disks, {resumed} resumed from a checkpoint, all bit-identical"
    request.node.user_properties.append(("faults", words))


@pytest.mark.fault("5 disks full under a stream: whole rows, resumed, bit-identical")
def test_a_disk_that_fills_up_under_a_stream_leaves_whole_rows(
    server: Forkserver, disk: Disk, tmp_path: Path
) -> None:
    never = {"every_steps": None, "every_epochs": None}
    longer = {"max_epochs": 25, "early_stopping": False}
    sections = {"checkpoint_config": never, "training_config": longer}
    whole = Attempt(server, tmp_path, tmp_path / "whole", sections)
    assert whole.train() == 0
    streams = 0
    for pages in range(20, 29, 2):
        attempt = Attempt(server, tmp_path, disk.path / str(pages), sections)
        disk.fill(pages * PAGE)
        assert attempt.train() == 1
        streams += attempt.last_line().endswith(STREAMS)
        attempt.check_what_is_left()
        disk.free()
        assert attempt.train("0") == 0, attempt.log.read_text()
        assert problems_of(attempt.run.path, whole.run.path) == []
    assert streams >= 1


@pytest.mark.fault("folder read-only while training: last checkpoint kept, resumed, bit-identical")
def test_a_folder_that_cannot_be_written_any_more_ends_the_run(
    server: Forkserver, whole: Path, tmp_path: Path
) -> None:
    trial = tmp_path / "trial"
    trial.mkdir()
    permitted = bar(trial, True)
    bar(trial, False)
    if not permitted:
        pytest.skip("this test makes a folder immutable, which is not permitted here")
    attempt = Attempt(server, tmp_path, tmp_path / "w")
    begun = time.monotonic()
    try:
        assert attempt.call("train_barred", 8) == 1
    finally:
        bar(tmp_path, False)
    assert time.monotonic() - begun < 30
    assert attempt.last_line().startswith("stride: error: cannot write: ")
    attempt.check_what_is_left()
    found = newest_good(attempt.run)
    assert found is not None and found.record["step"] >= 5
    assert attempt.train("0") == 0, attempt.log.read_text()
    assert problems_of(attempt.run.path, whole) == []
