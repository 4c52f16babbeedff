"""Law 5: what comes late from a process that lost its run leads nowhere."""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from stride.errors import LostRun, RunError, StrideError
from stride.loggers.csv import CsvLogger
from stride.runs.files.atomic import read_json
from stride.runs.files.jsonl import read_lines
from stride.runs.layout import RunPaths
from stride.runs.ownership import ownership
from stride.runs.ownership.files import OwnedFiles
from stride.runs.ownership.ownership import Ownership, staging_and_check
from stride.runs.streams import StreamPosition
from stride.runs.writer import RunWriter
from tests.integration.memory_folder import memory_folder

CHECKPOINT = "m_d_x_epoch_1"


@pytest.fixture
def elsewhere() -> Iterator[Path]:
    """Give a folder, on another file system where there is one."""
    with memory_folder() as folder:
        yield folder


def start(tmp_path: Path) -> RunWriter:
    return RunWriter.start(tmp_path, config={"seed": 0}, provenance={})


def take_over(writer: RunWriter) -> RunWriter:
    return RunWriter.resume(writer.paths.path, take_over=True)


def save(writer: RunWriter, text: str) -> None:
    with writer.commit_folder(writer.paths.checkpoint(CHECKPOINT).path) as folder:
        record = {"format_version": 3, "uuid": writer.uuid, "text": text}
        (folder / "checkpoint.json").write_text(json.dumps(record))


def saved(writer: RunWriter) -> Any:
    return read_json(writer.paths.checkpoint(CHECKPOINT).record)["text"]


@pytest.fixture
def unaware(monkeypatch: pytest.MonkeyPatch) -> Callable[[RunWriter], None]:
    """Let a writer's checks have been made in time, all before the act."""

    def blind(writer: RunWriter) -> None:
        monkeypatch.setattr(writer._ownership, "check", lambda: None)

    return blind


def test_late_acts_of_a_process_that_checked_in_time_change_nothing(
    tmp_path: Path, unaware: Callable[[RunWriter], None]
) -> None:
    old = start(tmp_path)
    old.append(old.paths.metrics, [{"step": 1}])
    save(old, "old")
    unaware(old)
    new = take_over(old)
    save(new, "new")
    new.append(new.paths.metrics, [{"step": 2}])
    new.commit("results.json", {"last": {"step": 2}})
    status = new.paths.status.read_bytes()
    old.append(old.paths.metrics, [{"step": 1}, {"step": 3}])
    old.remove_folder(old.paths.checkpoint(CHECKPOINT).path)
    for act in (
        lambda: old.commit("results.json", {}),
        lambda: old.status("done"),
        lambda: save(old, "old"),
    ):
        with pytest.raises(Exception, match="No such file"):
            act()
    assert [row["step"] for row in read_lines(new.paths.metrics)] == [1, 2]
    assert saved(new) == "new"
    assert new.paths.status.read_bytes() == status
    new.close("done")
    old._release()
    assert not list(new.paths.path.rglob(".tmp-*"))


def test_a_stream_that_is_opened_late_is_left_as_it_is(tmp_path: Path) -> None:
    """The check comes between the opening and the first change: a torn line is not mended."""
    old = start(tmp_path)
    new = take_over(old)
    new.paths.metrics.write_bytes(b'{"step": 1}\n{"st')
    real, looks = old._ownership.is_ours, iter([True])
    old._ownership.is_ours = lambda: next(looks, False) or real()  # type: ignore[method-assign]
    with pytest.raises(LostRun):
        old.append(old.paths.metrics, [{"step": 2}])
    assert new.paths.metrics.read_bytes() == b'{"step": 1}\n{"st'
    new.close("done")
    old._release()


def test_what_fails_since_the_run_was_taken_is_told_as_that(tmp_path: Path) -> None:
    """The staging folder is gone when the file is to be written."""
    old = start(tmp_path)
    new = take_over(old)
    with pytest.raises(LostRun, match="segment 1 writes it now"):
        old.commit("results.json", {})
    with pytest.raises(LostRun, match="segment 1 writes it now"):
        old.commit("artifacts/notes.json", {})
    assert not new.paths.results.exists() and not (new.paths.path / "artifacts").exists()
    new.close("done")
    old._release()


def test_a_table_is_not_put_beside_the_successors(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = start(tmp_path)
    table = CsvLogger()
    table.open(old.paths, {})
    table.write({"step": 1, "epoch": 0, "time": 1.0})
    new = take_over(old)
    successor = CsvLogger()
    successor.open(new.paths, {})
    successor.write({"step": 5, "epoch": 0, "time": 1.0})
    table.write({"step": 2, "epoch": 0, "time": 1.0})
    with pytest.raises(LostRun):
        table._table._check()
    monkeypatch.setattr(table._table, "_check", lambda: None)
    with pytest.raises(Exception, match="No such file"):
        table.write({"step": 2, "epoch": 0, "time": 1.0, "new": 1.0})
    assert new.paths.metrics_csv.read_text() == "step,epoch,time\n5,0,1.0\n"
    successor.close()
    new.close("done")
    old._release()


def test_whoever_is_not_the_newest_segment_has_no_way(tmp_path: Path) -> None:
    assert staging_and_check(RunPaths(tmp_path))[0] is None
    writer = start(tmp_path)
    assert staging_and_check(writer.paths)[0] == writer._ownership.staging
    record = writer.paths.segment(0)
    record.write_text(record.read_text().replace(f'"pid": {os.getpid()}', '"pid": 1'))
    with pytest.raises(LostRun):
        staging_and_check(writer.paths)
    writer.close("done")


def test_what_others_left_unfinished_goes_and_what_a_newer_one_writes_stays(
    tmp_path: Path,
) -> None:
    writer = start(tmp_path)
    paths = writer.paths
    left = [
        paths.staging(0, "b" * 16),
        paths.staging(1, "b" * 16),
        paths.checkpoints / ".tmp-0a-x",
        paths.segments / ".tmp-1",
    ]
    for folder in left:
        folder.mkdir(parents=True)
        (folder / "part").touch()
    (paths.path / ".tmp-0b-status.json").touch()
    newer = paths.staging(2, "a" * 16)
    newer.mkdir()
    Ownership(paths, 1, "c" * 16).staging.mkdir()
    Ownership(paths, 1, "c" * 16).fence()
    found = sorted(path.name for path in paths.path.rglob(".tmp-*"))
    assert found == [paths.staging(1, "c" * 16).name, newer.name]
    writer._release()


def test_a_start_that_fails_takes_nothing_from_a_successor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is held up in the writing of its last file, and looked before that."""
    real, successors = OwnedFiles.write, []

    def write(self: OwnedFiles, path: Path, content: bytes) -> None:
        if path.name == "provenance.json":
            successors.append(RunWriter.resume(path.parent, take_over=True))
            monkeypatch.setattr(self._ownership, "is_ours", lambda: True)
            raise RuntimeError
        real(self, path, content)

    monkeypatch.setattr(OwnedFiles, "write", write)
    with pytest.raises(RuntimeError):
        start(tmp_path)
    (successor,) = successors
    assert successor.paths.config.exists() and successor.paths.status.exists()
    assert successor.paths.segment(0).exists()
    successor.close("done")


def test_a_start_that_fails_leaves_a_folder_that_was_claimed_in_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = OwnedFiles.write

    def write(self: OwnedFiles, path: Path, content: bytes) -> None:
        if path.name == "provenance.json":
            os.rename(path.parent, tmp_path / "replaced")
            path.parent.mkdir()
            raise RuntimeError
        real(self, path, content)

    monkeypatch.setattr(OwnedFiles, "write", write)
    with pytest.raises(RuntimeError):
        start(tmp_path)
    assert (tmp_path / "0").is_dir()


def test_who_comes_second_while_the_first_clears_up_is_told_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = start(tmp_path)
    writer.close("interrupted")
    create, first = ownership.atomic_create, []

    def late(*arguments: Any, **options: Any) -> None:
        """Let another process take the run, and take away what the second has begun to write."""
        monkeypatch.setattr(ownership, "atomic_create", create)
        first.append(RunWriter.resume(writer.paths.path))
        create(*arguments, **options)

    monkeypatch.setattr(ownership, "atomic_create", late)
    with pytest.raises(RunError, match="another process has taken this run just now"):
        RunWriter.resume(writer.paths.path)
    first[0].close("done")


def test_who_takes_over_goes_on_only_from_what_he_read(tmp_path: Path) -> None:
    """The process before wrote and deleted checkpoints until its successor's number stood."""
    old = start(tmp_path)
    save(old, "{}")
    for seen, checkpoint in (([], None), ([CHECKPOINT, "m_d_x_epoch_0"], "m_d_x_epoch_0")):
        with pytest.raises(RunError, match="was writing until just now"):
            RunWriter.resume(
                old.paths.path,
                take_over=True,
                position=StreamPosition(),
                seen=seen,
                checkpoint=checkpoint,
            )
    old._release()


def test_who_takes_over_a_start_that_is_taken_back_is_told_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process before had looked in time, and removes its files until its successor stands."""
    old, fence = start(tmp_path), Ownership.fence

    def late(self: Ownership) -> None:
        self.paths.config.unlink()
        fence(self)

    monkeypatch.setattr(Ownership, "fence", late)
    with pytest.raises(RunError, match="was writing until just now"):
        take_over(old)
    old._release()


def test_a_full_disk_is_not_told_as_another_process(tmp_path: Path) -> None:
    import resource

    writer = start(tmp_path)
    writer.close("interrupted")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, hard))
    try:
        with pytest.raises(StrideError, match=r"cannot write: File too large \(.*/1\.json\)"):
            RunWriter.resume(writer.paths.path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert not writer.paths.segment(1).exists()
    assert not list(writer.paths.path.rglob(".tmp-*"))


def test_checkpoints_may_be_a_link_to_another_disk(
    tmp_path: Path, elsewhere: Path, unaware: Callable[[RunWriter], None]
) -> None:
    first = start(tmp_path)
    first.close("interrupted")
    first.paths.checkpoints.symlink_to(elsewhere)
    old = take_over(first)
    save(old, "old")
    unaware(old)
    new = take_over(old)
    save(new, "new")
    new.commit(new.paths.checkpoint_index, {"entries": []})
    old.remove_folder(old.paths.checkpoint(CHECKPOINT).path)
    with pytest.raises(Exception, match="No such file"):
        save(old, "old")
    assert saved(new) == "new"
    new.close("done")
    old._release()
    assert {path.name for path in elsewhere.iterdir()} == {CHECKPOINT, "index.json"}
