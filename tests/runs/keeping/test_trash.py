"""A run is in its place or in the trash at any moment, comes back as it was, and none is lost."""

import json
import os
import random
import shutil
import signal
import time
from contextlib import suppress
from pathlib import Path

import pytest

from stride.errors import RunError, StrideError
from stride.runs.files.atomic import atomic_json
from stride.runs.keeping import trash as module
from stride.runs.keeping.trash import Trash
from stride.runs.layout import RunPaths, trashed_run
from stride.runs.listing.query import best_run, latest_run, list_runs
from stride.runs.run_numbers import RunNumbers
from stride.runs.verify.run import verify_run
from stride.runs.work_dir import WorkDir
from stride.runs.writer import RunWriter

MONITOR = {"metric": "val", "mode": "min"}


def make(folder: Path, name: str | None = None, state: str = "done", val: float = 1.0) -> RunPaths:
    """Write a run that has come to its end."""
    writer = RunWriter.start(folder, name, config={"work_dir": str(folder)}, provenance={})
    summary = {"best": {"val": val}, "last": {}}
    writer.status("running", metrics=summary, monitor=MONITOR)
    writer.close(state)
    return writer.paths


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for val in (3.0, 2.0, 1.0):
        make(tmp_path / "w", val=val)
    return tmp_path / "w"


def content(run: Path) -> dict[str, bytes]:
    return {str(p.relative_to(run)): p.read_bytes() for p in run.rglob("*") if p.is_file()}


def test_a_run_goes_and_comes_back_as_it_was(folder: Path) -> None:
    before = content(folder / "2")
    (entry,) = Trash(folder).throw_away([folder / "2"])
    assert not (folder / "2").exists() and content(entry.path) == before
    assert trashed_run(entry.path.name) == ("2", entry.moment) and entry.row().name == "2"
    assert [row.name for row in list_runs(folder)] == ["1", "0"]
    assert latest_run(folder).name == "1" and best_run(list_runs(folder)).name == "1"
    assert WorkDir(folder).names() == ["0", "1"]
    trash = Trash(folder)
    uuid = entry.row().uuid or ""
    assert trash.entries() == [trash.find("2")] == [trash.find(uuid)] == [trash.find(uuid[:8])]
    assert trash.restore(entry) == folder / "2"
    assert content(folder / "2") == before and trash.entries() == []
    assert best_run(list_runs(folder)).name == "2"


def test_a_name_in_use_is_never_taken(folder: Path) -> None:
    trash = Trash(folder)
    make(folder, "big")
    (first,) = trash.throw_away([folder / "big"])
    make(folder, "big")
    with pytest.raises(RunError, match=r"'big' exists already.*--as NAME"):
        trash.restore(first)
    (folder / "empty").mkdir()  # as a run that is being claimed is
    with pytest.raises(RunError, match="exists already"):
        trash.restore(first, "empty")
    with pytest.raises(RunError, match="refused"):
        trash.restore(first, "../x")
    (second,) = trash.throw_away([folder / "big"])
    assert trash.find("big") == second  # the latest
    assert trash.restore(first, "big-1") == folder / "big-1"
    with pytest.raises(RunError, match="not in the trash any more"):
        trash.restore(first)
    assert trash.entries() == [second]


def test_no_number_in_the_trash_is_given_again(folder: Path) -> None:
    trash, work_dir = Trash(folder), WorkDir(folder)
    trash.throw_away([folder / "2"])
    for claim in (work_dir.check_name, work_dir.claim):
        with pytest.raises(RunError, match=r"run 2 is in the trash.*stride restore .*/w/2"):
            claim("2")
    shutil.copytree(folder / "1", folder / "40")  # as from elsewhere
    trash.throw_away([folder / "40"])
    work_dir.paths.high_water.unlink()
    assert make(folder).name == "41"
    trash.restore(trash.find("40"), "50")
    assert make(folder).name == "51"


def test_an_error_in_the_rename_leaves_the_run(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = content(folder / "2")

    def refuse(*_: object) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(module.os, "rename", refuse)
        with pytest.raises(StrideError, match="cannot move to the trash: Input/output"):
            Trash(folder).throw_away([folder / "2"])
    assert content(folder / "2") == before and Trash(folder).entries() == []


def test_what_a_process_works_on_stays(folder: Path) -> None:
    trash = Trash(folder)
    writer = RunWriter.start(folder, config={"work_dir": "w"}, provenance={})
    with pytest.raises(RunError, match=r"run 3 is running.*stop it first"):
        trash.throw_away([folder / "0", folder / "3"])
    assert (folder / "0").exists()
    writer.close("waiting")
    with pytest.raises(RunError, match=f"its process {os.getpid()} still lives"):
        trash.check([folder / "3"])
    segment = json.loads(writer.paths.segment(0).read_text())
    writer.paths.segment(0).write_text(json.dumps(segment | {"process_start": "1"}))
    trash.check([folder / "3"])
    status = json.loads(writer.paths.status.read_text())
    writer.paths.status.write_text(json.dumps(status | {"state": "queued"}))
    trash.check([folder / "3"])  # no job was ever submitted
    atomic_json(writer.paths.job, {"format_version": 3, "id": "12", "submitted": 2e9})
    with pytest.raises(RunError, match=r"waits for its job to start.*stride cancel"):
        trash.check([folder / "3"])


def test_a_run_that_is_taken_up_just_then_is_put_back(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Path] = []

    def require_unused(paths: RunPaths) -> None:
        asked.append(paths.path)
        if len(asked) == 3:  # before, under the lock, and in the trash
            raise RunError("run 2 is running")

    monkeypatch.setattr(module, "require_unused", require_unused)
    before = content(folder / "2")
    with pytest.raises(RunError, match="is running"):
        Trash(folder).throw_away([folder / "2"])
    assert content(folder / "2") == before and asked[2].parent == Trash(folder).paths.trash


def test_what_is_purged_is_gone_and_what_was_left_too(folder: Path, tmp_path: Path) -> None:
    trash = Trash(folder)
    shutil.move(folder / "1", tmp_path / "elsewhere")
    (folder / "1").symlink_to(tmp_path / "elsewhere")
    entries = trash.throw_away([folder / "0", folder / "1", folder / "2"])
    (trash.paths.trash / ".tmp-left" / "x").mkdir(parents=True)
    (trash.paths.trash / "mine.txt").touch()
    trash.purge(entries[:2])
    assert trash.entries() == entries[2:] and (tmp_path / "elsewhere" / "status.json").exists()
    left = {path.name for path in trash.paths.trash.iterdir()}
    assert left == {entries[2].path.name, "mine.txt"}
    trash.purge(entries)
    assert trash.entries() == []


def test_the_trash_is_no_link_and_holds_no_second_one(folder: Path, tmp_path: Path) -> None:
    trash = Trash(folder)
    (entry,) = trash.throw_away([folder / "0"])
    with pytest.raises(RunError, match="in the trash already; type: stride purge"):
        trash.throw_away([entry.path])
    with pytest.raises(RunError, match="no run '7' in the trash"):
        trash.find("7")
    os.rename(trash.paths.trash, tmp_path / "other")
    trash.paths.trash.symlink_to(tmp_path / "other")
    for act in (lambda: trash.throw_away([folder / "1"]), lambda: trash.purge([entry])):
        with pytest.raises(RunError, match="the trash is a link"):
            act()


def test_a_run_that_is_resumed_in_the_trash_stays_there(folder: Path) -> None:
    trash = Trash(folder)
    entries = trash.throw_away([folder / "1", folder / "2"])
    writer = RunWriter.resume(entries[1].path)
    for act in (lambda: trash.purge(entries), lambda: trash.restore(entries[1])):
        with pytest.raises(RunError, match="is running"):
            act()
    assert len(trash.entries()) == 2
    writer.close("done")
    trash.restore(entries[1])


def test_what_is_left_of_a_run_goes_and_comes_back_too(folder: Path) -> None:
    (folder / "1" / "status.json").unlink()
    (folder / "1" / "segments" / "0.json").unlink()
    os.utime(folder / "1", (1.0, 1.0))  # else it counts as one that is being claimed
    (folder / "2" / "status.json").write_text("{")
    (folder / "2" / "segments" / "0.json").write_text("{")
    trash = Trash(folder)
    for entry in trash.throw_away([folder / "1", folder / "2"]):
        assert entry.row().broken
        trash.restore(entry)


def test_a_thrown_away_run_is_read_where_it_is(folder: Path) -> None:
    problems = verify_run(folder / "2").problems
    (entry,) = Trash(folder).throw_away([folder / "2"])
    assert verify_run(entry.path).problems == problems


def throw_and_restore(folder: Path, seed: int) -> None:
    """Move runs to and fro until the process is killed."""
    choose, trash = random.Random(seed), Trash(folder)
    while True:
        with suppress(StrideError, OSError, IndexError):  # another process was faster
            names = WorkDir(folder).names()
            trash.throw_away([folder / name for name in choose.sample(names, min(2, len(names)))])
            trash.restore(choose.choice(trash.entries()))
            make(folder)


def test_processes_that_are_killed_lose_no_run(folder: Path) -> None:
    uuids = {row.uuid for row in list_runs(folder)}
    children: list[int] = []
    for seed in range(10):
        child = os.fork()
        if not child:
            try:
                throw_and_restore(folder, seed)
            finally:
                os._exit(1)
        children.append(child)
        time.sleep(0.1)
        if len(children) > 2:
            os.kill(children[0], signal.SIGKILL)
            os.waitpid(children.pop(0), 0)
    for child in children:
        os.kill(child, signal.SIGKILL)
        assert os.waitpid(child, 0)[1] == signal.SIGKILL
    entries = Trash(folder).entries()
    found = [row.uuid for row in [*list_runs(folder), *(one.row() for one in entries)]]
    assert all(found.count(uuid) == 1 for uuid in uuids)
    names = [*WorkDir(folder).names(), *(entry.name for entry in entries)]
    assert len(names) == len(set(names)) > 3


def test_many_runs_are_made_durable_at_once_in_their_new_place_first(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many are moved, two folders are synced, and the mark of numbers is raised once."""
    shutil.copytree(folder / "1", folder / "40")
    shutil.copytree(folder / "1", folder / "41")
    marks, synced = [], []
    raise_mark = RunNumbers.raise_mark
    monkeypatch.setattr(
        RunNumbers, "raise_mark", lambda self, n: (marks.append(n), raise_mark(self, n))
    )
    monkeypatch.setattr(module, "sync_folder", lambda path: synced.append((path, names(folder))))
    trash = Trash(folder)
    entries = trash.throw_away([folder / name for name in ("0", "40", "41", "2")])
    assert synced == [(trash.paths.trash, {"1"}), (folder, {"1"})] and marks == [41]
    synced.clear()
    back = {"0", "1", "2", "40", "41"}
    assert trash.restore_all(entries) == [folder / entry.name for entry in entries]
    assert synced == [(folder, back), (trash.paths.trash, back)] and marks == [41, 41]


def test_of_two_runs_of_one_name_the_first_comes_back(folder: Path) -> None:
    trash = Trash(folder)
    entries = []
    for _ in range(2):
        make(folder, "big")
        entries += trash.throw_away([folder / "big"])
    with pytest.raises(RunError, match="'big' exists already"):
        trash.restore_all(entries)
    assert names(folder) == {"0", "1", "2", "big"} and trash.entries() == entries[1:]


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if not path.name.startswith(".")}
