import errno
import threading
from pathlib import Path

import filelock
import pytest

from stride.errors import RunError
from stride.runs.files import lock
from stride.runs.files.lock import locked
from stride.runs.work_dir import WorkDir


def test_another_holder_is_waited_for_and_then_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lock, "_SECONDS", 0.05)
    held: list[str] = []

    def hold() -> None:
        with pytest.raises(RunError, match="another process holds the lock"), locked(file):
            held.append("twice")

    file = tmp_path / "lock"
    with locked(file):
        other = threading.Thread(target=hold)
        other.start()
        other.join()
    with locked(file):
        held.append("again")
    assert held == ["again"]


def test_who_does_not_wait_is_told_what_the_holder_does(tmp_path: Path) -> None:
    told: list[str] = []

    def ask() -> None:
        with pytest.raises(RunError) as refused, locked(file, seconds=0, held="it is busy"):
            pass
        told.append(refused.value.what)

    file = tmp_path / "lock"
    with locked(file):
        other = threading.Thread(target=ask)
        other.start()
        other.join()
    assert told == ["it is busy"]


@pytest.mark.parametrize("error", [OSError(errno.ENOLCK, "no locks"), NotImplementedError()])
def test_without_locks_the_block_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def refuse(self: object) -> None:
        raise error

    monkeypatch.setattr(filelock.FileLock, "acquire", refuse)
    with locked(tmp_path / "lock"):
        (tmp_path / "done").touch()
    assert (tmp_path / "done").exists()


def test_a_claim_leaves_a_file_alone_that_its_lock_is_a_link_to(tmp_path: Path) -> None:
    (tmp_path / "private").write_text("mine")
    work_dir = WorkDir(tmp_path / "w")
    work_dir.paths.private.mkdir(parents=True)
    work_dir.paths.lock.symlink_to(tmp_path / "private")
    with pytest.raises(RunError, match="lock is a link out"):
        work_dir.claim()
    assert (tmp_path / "private").read_text() == "mine"
