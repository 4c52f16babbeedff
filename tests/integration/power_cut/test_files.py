"""A power cut in each of the ways in which files are written: before, whole, and there when told.

All that a run holds is written by these few; each is cut at each of its operations, in many ways.
"""

import json
import pickle
import random
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from stride.engine.checkpoint.hashed_file import write_hashed
from stride.runs.files.atomic import (
    atomic_create,
    atomic_folder,
    atomic_write,
    read_record,
    remove_folder,
)
from stride.runs.files.jsonl import LineFile, read_lines
from stride.runs.layout import RunPaths
from stride.runs.signing.key import make_key, own_key
from stride.runs.work_dir import WorkDir
from stride.runs.writer import RunWriter
from tests.integration.memory_folder import memory_folder
from tests.integration.power_cut.disk import WAYS, Disk, lay
from tests.integration.power_cut.recorder import Recorder, Told, recorded

OLD, NEW = "old" * 9, "new" * 9


@pytest.fixture
def folder() -> Iterator[Path]:
    with memory_folder() as folder:
        yield folder


def left(
    folder: Path, act: Callable[[Path, Recorder], Any], since: str = ""
) -> Iterator[tuple[Path, set[str]]]:
    """Act in a folder with an old file and an old folder; yield what power cuts leave of it.

    With each comes what had been told before; those are left out before which `since` was not.
    """
    root = folder / "root"
    (root / "tree").mkdir(parents=True)
    (root / "file").write_text(OLD)
    (root / "tree" / "one").write_text(OLD)
    (root / "tree" / "two").write_text(OLD)
    with recorded(root, folder / "record") as recorder:
        act(root, recorder)
        recorder.told("ended")
    record = pickle.loads((folder / "record").read_bytes())
    for at in range(record.begun, len(record.operations) + 1):
        told = {one.words for one in record.operations[:at] if isinstance(one, Told)}
        if since and since not in told:
            continue
        for number, (names, contents) in enumerate(WAYS):
            place = folder / f"{at}-{number}"
            lay(Disk(record, at).tree(names, contents, random.Random(at)), place)
            yield place, told


def content(path: Path) -> str | None:
    with suppress(FileNotFoundError):
        return path.read_text()
    return None


def test_a_file_is_the_old_one_or_the_new_one(folder: Path) -> None:
    for place, told in left(folder, lambda root, _: atomic_write(root / "file", NEW)):
        assert content(place / "file") in ((NEW,) if told else (OLD, NEW))


def test_a_created_file_is_whole_or_not_there(folder: Path) -> None:
    for place, told in left(folder, lambda root, _: atomic_create(root / "created", NEW)):
        assert content(place / "created") in ((NEW,) if told else (None, NEW))


def fill(folder: Path) -> None:
    """Write as a checkpoint and as a copy of code are."""
    write_hashed(folder / "one", [NEW.encode()])
    (folder / "two").write_text(NEW)


def test_a_folder_is_whole_or_not_there_or_the_old_one(folder: Path) -> None:
    def act(root: Path, recorder: Recorder) -> None:
        for name in ("tree", "above/other"):
            with atomic_folder(root / name) as new:
                fill(new)
            recorder.told(name)

    for place, told in left(folder, act):
        for name, before in (("tree", {OLD, None}), ("above/other", {None})):
            found = {content(place / name / one) for one in ("one", "two")}
            assert len(found) == 1
            assert found <= ({NEW} if name in told else {NEW} | before)


def test_a_removed_folder_is_whole_or_gone(folder: Path) -> None:
    for place, told in left(folder, lambda root, _: remove_folder(root / "tree")):
        found = {content(place / "tree" / one) for one in ("one", "two")}
        assert found == {None} or (found == {OLD} and not told)


def test_rows_are_there_once_they_are_synced(folder: Path) -> None:
    def act(root: Path, recorder: Recorder) -> None:
        with LineFile(root / "above" / "rows") as file:
            file.append([{"row": 0}, {"row": 1}])
            file.sync()
            recorder.told("synced")
            file.append([{"row": 2}])
            file.append([{"row": 3}])

    for place, told in left(folder, act):
        rows = [row["row"] for row in read_lines(place / "above" / "rows")]
        assert rows == [*range(len(rows))]
        assert len(rows) >= (4 if "ended" in told else 2 if "synced" in told else 0)


def test_a_run_is_done_once_its_rows_are_there(folder: Path) -> None:
    def act(root: Path, recorder: Recorder) -> None:
        writer = RunWriter.start(root / "work", config={}, provenance={})
        recorder.told("begun")
        writer.append(writer.paths.metrics, [{"step": 1}, {"step": 2}])
        writer.append(writer.paths.fingerprints, [{"step": 1}])
        writer.close("done")

    for place, told in left(folder, act, since="begun"):
        run = RunPaths(place / "work" / "0")
        state = read_record(run.status)["state"]
        assert state == "done" or "ended" not in told
        assert state != "done" or len(read_lines(run.metrics)) == 2
        assert state != "done" or len(read_lines(run.fingerprints)) == 1


def test_a_claimed_number_is_not_given_again(folder: Path) -> None:
    def act(root: Path, recorder: Recorder) -> None:
        for number in range(2):
            paths = WorkDir(root / "deep" / "work").claim()
            atomic_write(paths.status, json.dumps({"number": number}))
            recorder.told(paths.name)

    for place, told in left(folder, act):
        name = WorkDir(place / "deep" / "work").claim().name
        assert name not in told and int(name) <= 2


def test_the_key_is_there_once_something_was_signed_by_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = []

    def act(root: Path, recorder: Recorder) -> None:
        monkeypatch.setenv("XDG_STATE_HOME", str(root / "home"))
        keys.append(make_key())

    for place, told in left(folder, act):
        monkeypatch.setenv("XDG_STATE_HOME", str(place / "home"))
        assert own_key() in ([*keys] if told else [*keys, None])
