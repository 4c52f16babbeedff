import json
import os
from pathlib import Path
from typing import Any

import pytest

from stride.errors import RunError, StrideError
from stride.installed import upgrade_hint
from stride.runs.files import atomic as files
from stride.runs.files.atomic import (
    atomic_create,
    atomic_folder,
    atomic_json,
    atomic_open,
    atomic_write,
    read_json,
    read_record,
    remove_folder,
)
from stride.runs.layout import TEMPORARY_PREFIX


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "status.json"


def give_up() -> None:
    raise LookupError


def test_a_file_appears_whole_and_alone(path: Path) -> None:
    atomic_write(path, b"\0\1")
    assert path.read_bytes() == b"\0\1"
    atomic_write(path, "größer")
    assert path.read_text("utf-8") == "größer"
    assert os.listdir(path.parent) == ["status.json"]


def test_the_file_follows_the_umask_as_any_other(path: Path) -> None:
    """A temporary file of 0600 would make runs that colleagues cannot read."""
    before = os.umask(0o022)
    try:
        atomic_write(path, b"")
        assert path.stat().st_mode & 0o777 == 0o644
    finally:
        os.umask(before)


def test_a_reader_with_the_old_file_open_reads_it_to_its_end(path: Path) -> None:
    """In-place writing would show him a mixture."""
    atomic_write(path, b"old" * 1000)
    with path.open("rb", buffering=0) as reader:
        start = reader.read(10)
        atomic_write(path, b"new")
        assert start + reader.read() == b"old" * 1000


def test_text_that_came_from_bytes_goes_back_to_the_same_bytes(path: Path) -> None:
    atomic_write(path, b"caf\xe9".decode("utf-8", "surrogateescape"))
    assert path.read_bytes() == b"caf\xe9"


def test_given_up_at_the_last_moment_the_old_file_stays(path: Path) -> None:
    atomic_write(path, b"old")
    with pytest.raises(LookupError):
        atomic_write(path, b"new", before_rename=give_up)
    assert path.read_bytes() == b"old"
    assert os.listdir(path.parent) == ["status.json"]


def test_a_long_name_has_room_for_its_temporary(tmp_path: Path) -> None:
    path = tmp_path / ("x" * 255)
    atomic_write(path, b"1")
    assert path.read_bytes() == b"1"


def test_creating_succeeds_once(path: Path) -> None:
    atomic_create(path, b"first")
    with pytest.raises(FileExistsError):
        atomic_create(path, b"second")
    assert path.read_bytes() == b"first"
    assert os.listdir(path.parent) == ["status.json"]


def test_creating_succeeds_once_without_hard_links_too(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_links(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(files.os, "link", no_links)
    test_creating_succeeds_once(path)


def test_a_missing_or_unwritable_folder_is_told_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "missing" / "x.json"
    for write in (atomic_write, atomic_create):
        with pytest.raises(StrideError) as caught:
            write(path, b"")
        assert str(caught.value) == f"cannot write: No such file or directory ({path})"
        assert caught.value.exit_code == 1


def test_a_full_disk_leaves_the_old_file_and_no_part_of_the_new(path: Path) -> None:
    import resource

    atomic_write(path, b"old")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with pytest.raises(StrideError, match=r"cannot write: File too large \(.*status.json\)"):
            atomic_write(path, b"x" * 2000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert path.read_bytes() == b"old"
    assert os.listdir(path.parent) == ["status.json"]


def test_a_folder_appears_whole(tmp_path: Path) -> None:
    target = tmp_path / "checkpoints" / "x_epoch_1"
    with atomic_folder(target) as folder:
        (folder / "sub").mkdir()
        (folder / "sub" / "a").write_text("1")
        assert not target.exists()
    assert (target / "sub" / "a").read_text() == "1"
    assert os.listdir(target.parent) == [target.name]


def test_a_folder_replaces_an_older_one_of_its_name(tmp_path: Path) -> None:
    for text in ("old", "new"):
        with atomic_folder(tmp_path / "c") as folder:
            (folder / text).write_text(text)
    assert os.listdir(tmp_path / "c") == ["new"]
    assert os.listdir(tmp_path) == ["c"]


@pytest.mark.parametrize("late", [False, True])
def test_a_folder_given_up_leaves_the_old_one(tmp_path: Path, late: bool) -> None:
    with atomic_folder(tmp_path / "c") as folder:
        (folder / "old").touch()
    check = give_up if late else lambda: None
    with pytest.raises(LookupError), atomic_folder(tmp_path / "c", before_rename=check) as folder:
        (folder / "new").touch()
        if not late:
            raise LookupError
    assert os.listdir(tmp_path / "c") == ["old"]
    assert os.listdir(tmp_path) == ["c"]


def test_a_folder_that_cannot_take_its_place_puts_the_old_one_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with atomic_folder(tmp_path / "c") as folder:
        (folder / "old").touch()
    rename = os.rename

    def refuse_new(source: Path, target: Path) -> None:
        if (Path(source) / "new").exists():
            raise PermissionError(13, "Permission denied")
        rename(source, target)

    monkeypatch.setattr(files.os, "rename", refuse_new)
    with pytest.raises(StrideError), atomic_folder(tmp_path / "c") as folder:
        (folder / "new").touch()
    assert os.listdir(tmp_path / "c") == ["old"]


def test_an_open_file_is_the_one_that_was_put_in_place(path: Path, tmp_path: Path) -> None:
    descriptor = atomic_open(path, b"mine, ")
    atomic_write(path, b"another's")
    os.write(descriptor, b"late")
    os.close(descriptor)
    assert path.read_bytes() == b"another's"


def test_nothing_takes_its_place_or_leaves_it_without_the_folder_between(tmp_path: Path) -> None:
    path, between = tmp_path / "status.json", tmp_path / "between"
    between.mkdir()
    atomic_write(path, b"old", through=between)
    with atomic_folder(tmp_path / "c", through=between) as folder:
        (folder / "old").touch()

    def take_away() -> None:
        os.rename(between, tmp_path / "taken")

    for write in (
        lambda: atomic_write(path, b"new", through=between, before_rename=take_away),
        lambda: fill(tmp_path / "c", through=between, before_rename=take_away),
    ):
        with pytest.raises(StrideError, match="cannot write: No such file"):
            write()
        assert path.read_bytes() == b"old" and os.listdir(tmp_path / "c") == ["old"]
        os.rename(tmp_path / "taken", between)
    between.rename(tmp_path / "taken")
    remove_folder(tmp_path / "c", through=between)
    assert os.listdir(tmp_path / "c") == ["old"]


def fill(path: Path, **how: Any) -> None:
    with atomic_folder(path, **how) as folder:
        (folder / "new").touch()


def test_json_comes_back(path: Path) -> None:
    atomic_json(path, {"a": [1, None, "ü"], "b": float("inf")})
    assert read_json(path) == {"a": [1, None, "ü"], "b": "Infinity"}
    assert path.read_text("utf-8").endswith("}\n")


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b"[" * 100_000])
def test_broken_json_is_named(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(RunError, match=r"^status.json is not JSON: ") as caught:
        read_json(path)
    assert caught.value.where == str(path)


def test_missing_json_is_named_and_told_from_broken(path: Path) -> None:
    with pytest.raises(RunError, match=r"^no status.json here") as caught:
        read_json(path)
    assert isinstance(caught.value.__cause__, FileNotFoundError)


def test_a_folder_is_no_json(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="is a folder, not a file"):
        read_json(tmp_path)


@pytest.mark.parametrize("value", [[], 1, {}, {"format_version": "1"}, {"format_version": True},
                                   {"format_version": 0}])  # fmt: skip
def test_a_record_has_a_version(path: Path, value: object) -> None:
    path.write_text(json.dumps(value))
    with pytest.raises(RunError, match=r"status.json has no format_version"):
        read_record(path)


def test_a_record_that_once_had_no_version_is_of_the_version_told(path: Path) -> None:
    path.write_text('{"seed": 1}')
    assert read_record(path, unversioned=1) == {"seed": 1}
    path.write_text("[]")
    with pytest.raises(RunError, match="has no format_version"):
        read_record(path, unversioned=1)


def test_a_newer_stride_is_named(path: Path) -> None:
    path.write_text('{"format_version": 4, "whatever": 1}')
    with pytest.raises(RunError) as caught:
        read_record(path)
    assert str(caught.value) == (
        f"status.json was written by a newer STRIDE (format 4, not 3) ({path}); {upgrade_hint()}"
    )


def test_a_folder_is_out_of_sight_before_any_of_its_files_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "old"
    folder.mkdir()
    (folder / "file").write_text("x")
    monkeypatch.setattr("shutil.rmtree", lambda *_, **__: None)  # as a kill would have it
    remove_folder(folder)
    (left,) = tmp_path.iterdir()
    assert left.name.startswith(TEMPORARY_PREFIX) and (left / "file").exists()
    monkeypatch.undo()
    remove_folder(left)
    remove_folder(folder)  # is gone already
    assert not list(tmp_path.iterdir())
