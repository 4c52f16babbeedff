import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from stride.errors import RunError
from stride.runs.files.atomic import atomic_json
from stride.runs.layout import RunPaths, WorkDirPaths
from stride.runs.process import Process
from stride.runs.run_numbers import RunNumbers
from stride.runs.work_dir import WorkDir


def made(paths: RunPaths, state: str = "done", **segment: object) -> RunPaths:
    """Fill a claimed folder as a writer would."""
    status = {"format_version": 1, "state": state, "segment": 0, "created": 1.0, "uuid": "0" * 32}
    atomic_json(paths.status, status)
    paths.segments.mkdir(exist_ok=True)
    record = {"format_version": 1, "n": 0, **Process.this().to_json(), **segment}
    atomic_json(paths.segment(0), record)
    return paths


@contextmanager
def without_root() -> Iterator[None]:
    """Drop root's right to write everywhere for a while, where the tests run as root."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def open_path() -> Iterator[Path]:
    """Give a folder that other users can enter, unlike tmp_path."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        yield Path(folder)


@pytest.fixture
def work_dir(tmp_path: Path) -> WorkDir:
    return WorkDir(tmp_path / "a" / "b")


def test_numbers_count_up_from_zero_in_a_work_dir_made_with_its_parents(work_dir: WorkDir) -> None:
    assert [work_dir.claim().name for _ in range(12)] == [str(n) for n in range(12)]
    assert work_dir.names() == [str(n) for n in range(12)]


def test_a_name_is_taken_as_it_is(work_dir: WorkDir) -> None:
    assert work_dir.claim("big-lr").path == work_dir.path / "big-lr"
    assert work_dir.claim().name == "0"
    assert work_dir.claim(5).name == "5"
    assert work_dir.claim().name == "6"
    # An empty folder with a name of its own may be anybody's; a run has a status in a moment.
    assert work_dir.names() == ["0", "5", "6"]
    (work_dir.path / "big-lr" / "status.json").write_text("{}")
    assert work_dir.names() == ["0", "5", "6", "big-lr"]


def test_a_deleted_largest_number_is_not_given_again(work_dir: WorkDir) -> None:
    for _ in range(3):
        work_dir.claim()
    work_dir.claim("7").path.rmdir()
    assert work_dir.claim().name == "8"
    shutil.rmtree(work_dir.path / "8")
    assert work_dir.claim().name == "9"


def test_a_smaller_number_or_a_name_leaves_the_mark_as_it_is(work_dir: WorkDir, caplog) -> None:
    work_dir.claim(7).path.rmdir()
    made(work_dir.claim(2))
    made(work_dir.claim("big-lr"))
    assert work_dir.claim().name == "8"
    assert not caplog.messages


def test_a_claim_lists_the_runs_only_where_others_came_by_another_way(
    work_dir: WorkDir, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = []
    largest = RunNumbers._largest
    monkeypatch.setattr(
        RunNumbers, "_largest", lambda *a, **k: listed.append(a) or largest(*a, **k)
    )
    made(work_dir.claim())
    assert len(listed) == 1
    made(work_dir.claim())
    made(work_dir.claim("big-lr"))
    assert made(work_dir.claim()).name == "2"
    assert len(listed) == 1
    time.sleep(0.01)  # longer than a tick of the file system's clock
    shutil.copytree(work_dir.path / "1", work_dir.path / "500")
    assert made(work_dir.claim("named")).name == "named"
    assert made(work_dir.claim()).name == "501"
    assert made(work_dir.claim()).name == "502"
    assert len(listed) == 2


def test_without_the_mark_it_is_the_largest_and_one(work_dir: WorkDir, caplog) -> None:
    made(work_dir.claim("41"))
    shutil.rmtree(work_dir.paths.private)
    assert made(work_dir.claim()).name == "42"
    assert not caplog.messages


def test_a_damaged_mark_is_told_and_numbers_go_on_from_the_largest(
    work_dir: WorkDir, caplog
) -> None:
    made(work_dir.claim("41"))
    values = [b"-3", b"true", b'"x"', b"1e300", b"9" * 5000, b"2000000000", b"null"]
    for damage in [b"", b"{}", b"[1]", *(b'{"highest": %s}' % value for value in values)]:
        caplog.clear()
        work_dir.paths.high_water.write_bytes(damage)
        expected = 1 + max(int(name) for name in work_dir.names())
        assert made(work_dir.claim()).name == str(expected), damage
        told = f"{work_dir.paths.high_water} is damaged: run numbers continue from the largest run"
        assert caplog.messages == [told], damage
        assert json.loads(work_dir.paths.high_water.read_bytes())["highest"] == expected


def test_a_mark_far_beyond_small_runs_may_be_that_of_a_large_one(work_dir: WorkDir, caplog) -> None:
    made(work_dir.claim("20260101120000"))
    assert made(work_dir.claim()).name == "20260101120001"
    assert not caplog.messages


def test_when_the_numbers_are_used_up_it_is_told(work_dir: WorkDir) -> None:
    made(work_dir.claim("9" * 15))
    with pytest.raises(RunError, match="longer than 15"):
        work_dir.claim()


@pytest.mark.parametrize("inside", [[], ["photo.jpg"], ["figures/a.png"]])
def test_a_folder_named_by_a_date_does_not_number_the_runs(
    work_dir: WorkDir, inside: list[str]
) -> None:
    date = work_dir.path / "20261128"
    date.mkdir(parents=True)
    for name in inside:
        (date / name).parent.mkdir(exist_ok=True)
        (date / name).touch()
    assert [made(work_dir.claim()).name for _ in range(2)] == ["0", "1"]
    (work_dir.path / "7").mkdir()
    (work_dir.path / "7" / "config.json").touch()
    assert made(work_dir.claim()).name == "8"
    assert work_dir.names() == ["0", "1", "7", "8", *([] if inside else ["20261128"])]


def test_whatever_has_the_next_number_is_passed_over(work_dir: WorkDir) -> None:
    work_dir.claim()
    (work_dir.path / "1").touch()
    (work_dir.path / "2").symlink_to("nowhere")
    (work_dir.path / ".tmp-x").mkdir()
    (work_dir.path / "config.json").touch()
    work_dir.claim().path.rmdir()
    assert work_dir.claim().name == "4"


def test_the_answer_is_known_without_making_anything(work_dir: WorkDir) -> None:
    assert work_dir.check_name(None) is None
    assert work_dir.check_name(3) == "3"
    for bad in ("../x", "", ".x", "latest", "best", "007", "a/b", "x" * 101, "a\x07b", "a b"):
        with pytest.raises(RunError) as caught:
            work_dir.check_name(bad)
        assert "\n" not in str(caught.value) and "type: run=" in str(caught.value)
        with pytest.raises(RunError):
            work_dir.claim(bad)
    assert not work_dir.path.parent.exists()


def test_an_existing_run_is_refused(work_dir: WorkDir) -> None:
    made(work_dir.claim("x"))
    for refuse in (work_dir.check_name, work_dir.claim):
        with pytest.raises(RunError) as caught:
            refuse("x")
        assert str(caught.value) == (
            f"run 'x' exists already ({work_dir.path}); "
            "type: --force to replace it, or another run=NAME"
        )
        assert caught.value.exit_code == 2


def test_force_replaces_at_the_claim_and_not_before(work_dir: WorkDir) -> None:
    old = made(work_dir.claim("x"))
    assert work_dir.check_name("x", force=True) == "x"
    assert old.status.exists()
    paths = work_dir.claim("x", force=True)
    assert not any(paths.path.iterdir())
    assert sorted(os.listdir(work_dir.paths.private)) == ["lock"]


def test_force_makes_a_run_where_there_is_none(work_dir: WorkDir) -> None:
    assert work_dir.claim("x", force=True).name == "x"
    assert work_dir.claim(force=True).name == "0"


@pytest.mark.parametrize("state", ["created", "running"])
def test_force_does_not_replace_a_run_that_is_running(work_dir: WorkDir, state: str) -> None:
    made(work_dir.claim("x"), state)
    with pytest.raises(RunError, match="run 'x' is running"):
        work_dir.claim("x", force=True)


def test_force_does_not_replace_a_run_claimed_a_moment_ago(work_dir: WorkDir) -> None:
    paths = work_dir.claim("x")
    with pytest.raises(RunError, match="run 'x' is running"):
        work_dir.claim("x", force=True)
    os.utime(paths.path, (1.0, 1.0))
    assert work_dir.claim("x", force=True)


def test_force_replaces_a_run_whose_process_is_gone(work_dir: WorkDir) -> None:
    made(work_dir.claim("x"), "running", process_start="1")
    assert work_dir.claim("x", force=True)


def test_force_replaces_a_broken_run(work_dir: WorkDir) -> None:
    paths = made(work_dir.claim("x"), "running")
    paths.status.write_text("{")
    paths.segment(0).unlink()
    assert work_dir.claim("x", force=True)


def test_force_leaves_a_persons_own_folder_alone(work_dir: WorkDir) -> None:
    (work_dir.path / "plots").mkdir(parents=True)
    (work_dir.path / "plots" / "thesis.pdf").touch()
    (work_dir.path / "notes").touch()
    made(work_dir.claim("x"))
    (work_dir.path / "link").symlink_to("x")
    for name in ("plots", "notes", "link"):
        with pytest.raises(RunError, match=f"'{name}' is not a run folder and is not replaced"):
            work_dir.claim(name, force=True)
    assert (work_dir.path / "plots" / "thesis.pdf").exists()


def test_a_replacement_cut_off_by_a_kill_is_settled_by_the_next_claim(work_dir: WorkDir) -> None:
    for name in ("x", "y"):
        made(work_dir.claim(name))
        os.rename(work_dir.path / name, work_dir.paths.replaced(name, "0a"))
    made(work_dir.claim("other"))
    assert work_dir.names() == ["other", "x", "y"]
    shutil.copytree(work_dir.path / "x", work_dir.paths.replaced("x", "0b"))
    work_dir.claim()
    assert RunPaths(work_dir.path / "x").status.exists()
    assert not work_dir.paths.replaced("x", "0b").exists()


def test_a_moved_copied_or_linked_work_dir_goes_on(work_dir: WorkDir, tmp_path: Path) -> None:
    for _ in range(3):
        made(work_dir.claim())
    shutil.rmtree(work_dir.path / "2")
    copied, moved, link = (tmp_path / name for name in ("copied", "moved", "link"))
    shutil.copytree(work_dir.path, copied)
    os.rename(work_dir.path, moved)
    link.symlink_to(moved)
    assert WorkDir(copied).claim().name == "3"
    assert WorkDir(link).claim().name == "3"
    assert WorkDir(moved).claim().name == "4"
    assert WorkDir(link).find("4") == link / "4"
    assert WorkDir(link).names() == ["0", "1", "3", "4"]


def test_a_work_dir_that_nobody_may_write_is_refused_and_readable(open_path: Path) -> None:
    work_dir = WorkDir(open_path / "w")
    made(work_dir.claim())
    os.chmod(work_dir.path, 0o555)
    try:
        with without_root():
            for refuse in (work_dir.check_name, work_dir.claim):
                with pytest.raises(RunError) as caught:
                    refuse("x")
                assert str(caught.value) == (
                    f"cannot write in this work_dir: no permission ({work_dir.path}); "
                    "choose another work_dir"
                )
            with pytest.raises(RunError, match="no permission"):
                WorkDir(work_dir.path / "new" / "er").check_name(None)
            assert work_dir.names() == ["0"]
            assert work_dir.find("0") == work_dir.path / "0"
    finally:
        os.chmod(work_dir.path, 0o755)


def test_a_lock_that_may_not_be_taken_is_one_line(open_path: Path) -> None:
    work_dir = WorkDir(open_path / "w")
    work_dir.claim()
    os.chmod(work_dir.path, 0o777)
    with without_root(), pytest.raises(RunError) as caught:
        work_dir.claim()
    assert str(caught.value).startswith("cannot write in this work_dir: Permission denied")
    assert "\n" not in str(caught.value)


def test_a_hidden_folder_without_entrance_is_one_line(open_path: Path) -> None:
    (open_path / "locked").mkdir(mode=0o700)
    with without_root(), pytest.raises(RunError) as caught:
        WorkDir(open_path / "locked" / "w").check_name("x")
    assert "\n" not in str(caught.value) and str(open_path / "locked") in str(caught.value)


def test_a_file_or_a_run_is_no_work_dir(work_dir: WorkDir, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "dangling").symlink_to("nowhere")
    for name in ("file", "file/w", "dangling"):
        with pytest.raises(RunError, match=r"is not a folder|Not a directory"):
            WorkDir(tmp_path / name).claim()
    run = made(work_dir.claim())
    with pytest.raises(RunError, match=r"this is a run folder, not a work_dir .* type: work_dir="):
        WorkDir(run.path).claim()


@pytest.mark.parametrize("path", ["", "a\0b"])
def test_no_path_is_refused(path: str) -> None:
    with pytest.raises(RunError, match=r"is not a path \(work_dir\); type: work_dir=PATH"):
        WorkDir(path)


def test_a_path_that_is_too_long_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="File name too long"):
        WorkDir(tmp_path / ("x" * 300)).claim()


def test_runs_are_found_by_number_name_and_selector(work_dir: WorkDir) -> None:
    made(work_dir.claim())
    made(work_dir.claim("big-lr"))
    assert work_dir.find(0) == work_dir.find("0") == work_dir.path / "0"
    assert work_dir.find("big-lr").name == "big-lr"


@pytest.mark.parametrize(
    ("selector", "hint"),
    [("big-lf", "did you mean 'big-lr'?"), ("7", "type: stride ls"), ("../0", "type: stride ls"),
     ("", "type: stride ls"), (".stride", "type: stride ls"), (".", "type: stride ls")],
)  # fmt: skip
def test_a_run_that_is_not_there_is_an_error(work_dir: WorkDir, selector: str, hint: str) -> None:
    made(work_dir.claim("big-lr"))
    with pytest.raises(RunError) as caught:
        work_dir.find(selector)
    assert caught.value.what == f"no run {selector!r}" and caught.value.hint.startswith(hint)


def test_latest_is_the_newest_by_its_own_word(work_dir: WorkDir) -> None:
    for name, created in (("old", 5.0), ("new", 9.0), ("3", 7.0)):
        paths = made(work_dir.claim(name))
        status = {"format_version": 1, "state": "done", "segment": 0, "uuid": "0" * 32}
        atomic_json(paths.status, status | {"created": created})
    assert work_dir.find("latest").name == "new"


def test_best_goes_by_the_recorded_monitor(work_dir: WorkDir) -> None:
    for name, loss in (("a", 0.5), ("b", 0.2), ("c", 0.9)):
        paths = made(work_dir.claim(name))
        best = {"step": 1, "epoch": 1, "validation/epoch_loss": loss}
        monitor = {"metric": "validation/epoch_loss", "mode": "min", "value": loss}
        atomic_json(paths.results, {"format_version": 1, "best": best, "monitor": monitor})
    assert work_dir.find("best").name == "b"


def test_no_work_dir_is_one_line(tmp_path: Path) -> None:
    for look in (WorkDir(tmp_path / "w").names, lambda: WorkDir(tmp_path / "w").find("0")):
        with pytest.raises(RunError, match=r"cannot read this work_dir: No such file"):
            look()
    with pytest.raises(RunError):
        WorkDir(tmp_path / "w").find("latest")


def test_files_of_a_person_are_no_runs(work_dir: WorkDir) -> None:
    made(work_dir.claim("x"))
    (work_dir.path / "plots").mkdir()
    (work_dir.path / "plots" / "thesis.pdf").touch()
    (work_dir.path / "notes.txt").touch()
    assert work_dir.names() == ["x"]


def test_it_shows_its_path() -> None:
    assert repr(WorkDir("w/demo")) == "WorkDir('w/demo')"


def test_nothing_is_written_through_links_beside_the_runs(tmp_path: Path) -> None:
    (tmp_path / "theirs").mkdir()
    private = WorkDirPaths(tmp_path / "w").private
    private.parent.mkdir()
    private.symlink_to(tmp_path / "theirs")
    with pytest.raises(RunError, match=r"\.stride is a link.*remove it"):
        WorkDir(tmp_path / "w").claim()
    private.unlink()
    private.mkdir()
    (tmp_path / "kept").write_text("kept")
    for name in ("lock", "high_water.json"):
        (private / name).symlink_to(tmp_path / "kept")
        with suppress(RunError):
            WorkDir(tmp_path / "w").claim()
        assert (tmp_path / "kept").read_text() == "kept"
        (private / name).unlink()
