"""Whatever a file of a run holds, readers say so in one line, and no other run is hidden."""

import json
import os
import random
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from stride import Trainer, load_run
from stride.errors import StrideError
from stride.runs.files.atomic import atomic_json, read_json
from stride.runs.files.safe_open import read_own
from stride.runs.layout import RunPaths
from stride.runs.listing.query import list_runs
from stride.runs.records.reproduction import ReproductionRecord
from stride.runs.status import current_state, is_written
from stride.runs.verify.run import verify_run
from stride.runs.writer import RunWriter
from stride_cli.reading import logs, show

FILES = (
    "status.json",
    "config.json",
    "provenance.json",
    "results.json",
    "signature.json",
    "normalization.json",
    "reproduction.json",
    "metrics.jsonl",
    "fingerprints.jsonl",
    "weights.safetensors",
    "initial_weights.safetensors",
    "segments/0.json",
    "checkpoints/index.json",
    "checkpoints/*_epoch_2/checkpoint.json",
    "checkpoints/*_epoch_2/state.json",
    "checkpoints/*_epoch_2/model.safetensors",
    "checkpoints/*_epoch_2/optimizer.safetensors",
)
"""Every kind of file that a reader parses or checks; the other parts of a state are like these."""

UNCHECKED = ("logs/rank0.log", "segments/0.heartbeat", "code.patch")
"""Whatever these hold, it is as good as anything else."""


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Train a run that has every file it can have, and return its folder."""
    from torch import nn

    trainer = Trainer(
        tmp_path_factory.mktemp("broken") / "w",
        dataset_kwargs={"subsample_rate": 0.1, "normalize": "standard"},
        training_config={"max_epochs": 2, "log_interval": 2},
        checkpoint_config={"every_epochs": 1, "keep_last": 2},
        logging_config={"terminal_display": "off"},
    )
    trainer.set_model(nn.Sequential(nn.Flatten(), nn.Linear(64, 10)))
    trainer.fit()
    paths = RunPaths(trainer.run.paths.path)
    # The process that trained is this one, which goes on; a run whose process has ended is meant.
    atomic_json(paths.segment(0), read_json(paths.segment(0)) | {"process_start": "1"})
    record = ReproductionRecord(original="w/9", uuid="a" * 32, identical=True, steps=4)
    atomic_json(paths.reproduction, record.to_json())
    paths.code_patch.touch()  # there is none where the code has no changes
    if not paths.fingerprints.exists():
        losses = "3f800000" * read_json(paths.results)["last"]["step"]
        paths.fingerprints.write_text(json.dumps({"step": 1, "loss": f"float32:{losses}"}) + "\n")
    return paths.path


@pytest.fixture
def run(finished: Path, tmp_path: Path) -> Path:
    """Return a copy of the run, between two others in one work_dir."""
    shutil.copytree(finished.parent, tmp_path / "w", ignore=shutil.ignore_patterns("0"))
    for name in ("0", "1", "2"):
        shutil.copytree(finished, tmp_path / "w" / name)
    return tmp_path / "w" / "1"


def test_every_file_of_a_run_is_broken_here(run: Path) -> None:
    known = {path for pattern in FILES for path in run.glob(pattern)}
    parts = {path for path in run.glob("checkpoints/*/*") if path.suffix == ".safetensors"}
    first = set(run.glob("checkpoints/*_epoch_1/*"))
    unchecked = {run / name for name in UNCHECKED}
    assert {path for path in run.rglob("*") if path.is_file()} <= known | parts | first | unchecked
    assert len(known) == len(FILES)


Damage = Callable[[bytes], bytes]
DAMAGES: dict[str, Damage] = {
    "empty": lambda content: b"",
    "half": lambda content: content[: len(content) // 2],
    "garbage": lambda content: random.Random(0).randbytes(300) + b"\n" + b"\xff" * 30,
    "zeros": lambda content: bytes(len(content)),
    "list": lambda content: b"[]",
    "object": lambda content: b"{}",
    "number": lambda content: b"1e999\n",
    "deep": lambda content: b'{"a":' * 100_000,
    "deep values": lambda content: retyped(content, json.loads("[" * 400 + "]" * 400)),
    "lists for values": lambda content: retyped(content, [1]),
    "texts for values": lambda content: retyped(content, "x"),
    "objects for values": lambda content: retyped(content, {"x": {"y": None}}),
}


def retyped(content: bytes, value: Any) -> bytes:
    """Return a JSON object, or the first of a stream, with all of its values of another type."""
    for text in (content, content.partition(b"\n")[0]):
        try:
            record = json.loads(text)
        except ValueError:
            continue
        kept = {k: v if k == "format_version" else value for k, v in record.items()}
        return json.dumps(kept).encode()
    return json.dumps(value).encode()  # instead of tensors


@pytest.mark.fault("broken file of a run: named, no reader crashes")
@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("name", FILES)
def test_a_broken_file_is_named_and_crashes_no_reader(run: Path, name: str, damage: str) -> None:
    (path,) = run.glob(name)
    path.write_bytes(DAMAGES[damage](path.read_bytes()))
    assert {problem.file for problem in verify_run(run).problems} >= {
        path.relative_to(run).as_posix()
    }
    read_all(run)


def read_all(run: Path) -> None:
    """Read everything of a run in each way there is; only a StrideError may come of it."""
    rows = {row.name: row for row in list_runs(run.parent)}
    assert [rows[name].state for name in ("0", "2")] == ["done", "done"]
    assert rows[run.name].state in ("done", "broken", "created")
    for read in readers(run):
        try:
            read()
        except StrideError as error:
            assert "\n" not in str(error)


def readers(run: Path) -> Iterator[Callable[[], Any]]:
    loaded = load_run(run)
    yield lambda: show.run(str(run), json=False)
    yield lambda: show.run(str(run), json=True)
    for name in ("status", "config", "provenance", "results", "segments", "model"):
        yield lambda name=name: getattr(loaded, name)
    yield loaded.metrics
    yield loaded.checkpoints
    yield lambda: repr(loaded)
    yield lambda: current_state(loaded.paths)


def fifo(path: Path, outside: Path) -> None:
    os.mkfifo(path)


def socket(path: Path, outside: Path) -> None:
    os.mknod(path, stat.S_IFSOCK | 0o600)


def device(path: Path, outside: Path) -> None:
    path.symlink_to("/dev/zero")


def link(path: Path, outside: Path) -> None:
    path.symlink_to(outside)


def folder(path: Path, outside: Path) -> None:
    path.mkdir()


def huge(path: Path, outside: Path) -> None:
    path.touch()
    os.truncate(path, 2**40)


SPECIAL = (fifo, socket, device, link, folder, huge)


@pytest.fixture
def no_wait() -> Iterator[None]:
    """Fail a test that waits for what never comes."""

    def fail(*_: object) -> None:
        pytest.fail("it waits")  # no OSError, which a reader would take for a broken file

    before = signal.signal(signal.SIGALRM, fail)
    signal.alarm(60)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.fault("special file in a run: named, nobody waits, no other file is read")
@pytest.mark.parametrize("special", SPECIAL, ids=lambda special: special.__name__)
def test_what_is_no_file_of_the_run_is_named_and_not_read(
    run: Path, tmp_path: Path, special: Callable[[Path, Path], None], no_wait: None
) -> None:
    """What is read through a link would pass: it is the very file, moved out of the folder."""
    for name in (*FILES, *UNCHECKED):
        (path,) = run.glob(name)
        outside = tmp_path / "outside"
        path.rename(outside)
        special(path, outside)
        named = {problem.file for problem in verify_run(run).problems}
        assert name in UNCHECKED or path.relative_to(run).as_posix() in named
        read_all(run)
        if special is not huge:
            with pytest.raises((StrideError, OSError)):
                logs.run(str(run), 0, job=False, follow=False) if "rank0" in name else read_own(
                    path
                )
        path.rmdir() if special is folder else path.unlink()
        outside.rename(path)


VALUES: tuple[Any, ...] = (None, True, -1, 1e300, "x", "", [], [1], {}, {"x": [1]}, {"x": {}})
PLAIN = [name for name in FILES if name.count("/") < 2 and name.endswith(".json")]


@pytest.mark.parametrize("name", PLAIN)
def test_one_value_of_another_type_crashes_no_reader(run: Path, name: str) -> None:
    (path,) = run.glob(name)
    record = read_json(path)
    for key in record:
        for value in VALUES:
            path.write_text(json.dumps(record | {key: value}))
            verify_run(run)
            for read in list(readers(run))[:2]:
                try:
                    read()
                except StrideError:
                    continue
    names = {row.name for row in list_runs(run.parent)}
    assert names == {"0", "1", "2"}


def living(work_dir: Path, **segment: Any) -> RunPaths:
    """Return a run that says it is running, by a segment with these facts."""
    writer = RunWriter.start(work_dir, config={"work_dir": str(work_dir)}, provenance={})
    writer.status("running")
    writer._release()
    paths = writer.paths
    atomic_json(paths.segment(0), read_json(paths.segment(0)) | segment)
    return paths


def ended_pid() -> int:
    done = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"], stdout=subprocess.PIPE, check=True
    )
    return int(done.stdout)


AN_HOUR = 3600.0


def future(paths: RunPaths) -> None:
    """Let everything in a run have been written in the future."""
    later = time.time() + AN_HOUR
    change = {"created": later, "started": later}
    atomic_json(paths.status, read_json(paths.status) | change)
    os.utime(paths.heartbeat(0), (later, later))
    os.utime(paths.path, (later, later))


@pytest.mark.fault(
    "clock right or set back, process living, dead or its pid reused: the state is right"
)
@pytest.mark.parametrize(
    ("segment", "state"),
    [
        ({}, "running"),
        ({"pid": ended_pid()}, "interrupted"),
        ({"process_start": "1"}, "interrupted"),
    ],
    ids=["living", "dead", "reused pid"],
)
@pytest.mark.parametrize("clock", ["right", "set back"])
def test_the_process_decides_and_not_the_clock(
    tmp_path: Path, clock: str, segment: dict[str, Any], state: str
) -> None:
    paths = living(tmp_path / "w", **segment)
    if clock == "set back":
        future(paths)
    assert current_state(paths)[0] == state
    assert is_written(paths) is (state == "running")
    (row,) = list_runs(tmp_path / "w")
    assert row.state == state
    assert row.duration is not None and 0 <= row.duration < 60
    assert verify_run(paths.path).ok


@pytest.mark.parametrize(
    ("ahead", "state"), [(30, "running"), (AN_HOUR, "interrupted"), (-AN_HOUR, "interrupted")]
)
def test_another_host_whose_clock_is_a_little_ahead_lives(
    tmp_path: Path, ahead: float, state: str
) -> None:
    paths = living(tmp_path / "w", host="elsewhere")
    then = time.time() + ahead
    os.utime(paths.heartbeat(0), (then, then))
    assert current_state(paths)[0] == state
