"""Only regular files of the run itself are opened, none by a link out, none without an end."""

import os
import shutil
import stat
from pathlib import Path

import pytest

from stride.errors import RunError
from stride.runs.files import jsonl
from stride.runs.files.atomic import read_record
from stride.runs.files.jsonl import LineFile, read_lines
from stride.runs.files.safe_open import open_own, read_own, require_own
from stride.runs.records.checkpoint import CheckpointIndex, CheckpointRecord


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """Give a run folder, beside a file of somebody's."""
    (tmp_path / "private").write_text("mine")
    for folder in ("segments", "checkpoints/m_d_x_epoch_1", "logs"):
        (tmp_path / "w" / "3" / folder).mkdir(parents=True)
    return tmp_path / "w" / "3"


@pytest.mark.parametrize("name", ["a.json", "segments/0.json", "logs/rank0.log"])
def test_a_link_out_is_refused_for_reading_and_writing(run: Path, name: str) -> None:
    (run / name).symlink_to(run.parent.parent / "private")
    for flags in (os.O_RDONLY, os.O_RDWR | os.O_CREAT | os.O_APPEND):
        with pytest.raises(RunError, match=r"is a link out of the run folder \(.*put the file"):
            open_own(run / name, flags)
    with pytest.raises(RunError, match="link out"):
        LineFile(run / name)
    assert (run.parent.parent / "private").read_text() == "mine"


def test_a_folder_of_a_replay_buffer_that_is_a_link_out_is_refused(run: Path) -> None:
    (run / "replay").mkdir()
    (run / "replay" / "0").symlink_to(run.parent.parent)
    with pytest.raises(RunError, match="is a link out of the run folder"):
        open_own(run / "replay" / "0" / "private")


def test_a_link_into_a_folder_whose_name_begins_alike_leads_out(run: Path) -> None:
    (run.parent / "3-old").mkdir()
    (run.parent / "3-old" / "a.json").write_text("{}")
    (run / "a.json").symlink_to("../3-old/a.json")
    with pytest.raises(RunError, match="is a link out of the run folder"):
        read_own(run / "a.json")


def test_a_link_to_nowhere_makes_no_file(run: Path) -> None:
    (run / "metrics.jsonl").symlink_to(run.parent.parent / "new")
    with pytest.raises(RunError, match="link out"):
        LineFile(run / "metrics.jsonl")
    assert not (run.parent.parent / "new").exists()


def test_a_file_below_a_linked_folder_is_refused(run: Path) -> None:
    for folder in ("segments", "checkpoints/m_d_x_epoch_1"):
        shutil.move(run / folder, run.parent.parent / "there")
        (run / folder).symlink_to(run.parent.parent / "there")
        (run.parent.parent / "there" / "0.json").touch()
        with pytest.raises(RunError, match="link out"):
            read_own(run / folder / "0.json")
        shutil.rmtree(run.parent.parent / "there")


def test_links_inside_the_run_and_of_the_run_itself_lead_on(run: Path, tmp_path: Path) -> None:
    (run / "logs" / "rank1.log").write_text("1")
    (run / "logs" / "rank0.log").symlink_to("rank1.log")
    (run / "segments" / "0.json").symlink_to("../logs/rank1.log")
    (tmp_path / "other").symlink_to(run.parent)
    (tmp_path / "4").symlink_to(run)
    for folder in (run, tmp_path / "4", tmp_path / "other" / "3"):
        assert read_own(folder / "logs" / "rank0.log") == b"1"
        assert read_own(folder / "segments" / "0.json") == b"1"


def test_checkpoints_may_be_a_link_and_nothing_leads_out_of_it(run: Path, tmp_path: Path) -> None:
    shutil.move(run / "checkpoints", tmp_path / "scratch")
    (run / "checkpoints").symlink_to(tmp_path / "scratch")
    folder = run / "checkpoints" / "m_d_x_epoch_1"
    (folder / "state.json").write_text("1")
    (run / "checkpoints" / "index.json").write_text("2")
    assert read_own(folder / "state.json") == b"1"
    assert read_own(run / "checkpoints" / "index.json") == b"2"
    (folder / "model.safetensors").symlink_to(tmp_path / "private")
    with pytest.raises(RunError, match="link out"):
        open_own(folder / "model.safetensors")


def test_what_is_no_file_is_told_and_nobody_waits(run: Path) -> None:
    os.mkfifo(run / "a")
    os.mknod(run / "b", stat.S_IFSOCK | 0o600)
    (run / "c").symlink_to("/dev/zero")
    for name, kind in {"a": "a FIFO", "b": "a socket", "segments": "a folder"}.items():
        for flags in (os.O_RDONLY, os.O_WRONLY | os.O_APPEND):
            with pytest.raises(RunError, match=f"^{name} is {kind}, not a file"):
                open_own(run / name, flags)
    with pytest.raises(RunError, match="link out"):
        require_own(run / "c")
    with pytest.raises(RunError, match="is a device, not a file"):
        require_own(Path("/dev/zero"))


def test_a_record_and_a_line_have_a_bound(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (run / "a.json").touch()
    os.truncate(run / "a.json", 2**40)
    with pytest.raises(RunError, match=r"a\.json is larger than the 64 MiB that it may have"):
        read_record(run / "a.json")
    monkeypatch.setattr(jsonl, "LINE_LIMIT", 2**20)
    with pytest.raises(RunError, match="line 1 is longer than 1 MiB"):
        read_lines(run / "a.json")
    with pytest.raises(RunError, match="the last line is longer than 1 MiB"):
        LineFile(run / "a.json")
    with LineFile(run / "metrics.jsonl") as file:
        with pytest.raises(RunError, match="larger than the 1 MiB"):
            file.append([{"step": 1}, {"step": "x" * 2**20}])
        assert read_lines(file.path) == []


@pytest.mark.parametrize("name", ["..", "../x", "/etc/x", "a/b", "a\0", "", "."])
def test_a_name_in_a_record_leads_nowhere(name: str) -> None:
    entry = {"name": name, "step": 1, "epoch": 1, "time": 0.0}
    place = {"step": 1, "epoch": 1, "position": 0, "time": 0.0, "versions": {}}
    for values in ({"entries": [entry]}, {"best": name}, {"last": name}):
        with pytest.raises(ValueError, match="is not the name of a file or folder"):
            CheckpointIndex.model_validate(values)
    for key, value in (("files", {"sha256": "0" * 64, "size": 1}), ("streams", 1)):
        with pytest.raises(ValueError, match="is not the name of a file or folder"):
            CheckpointRecord.model_validate({**place, "files": {}, key: {name: value}})
