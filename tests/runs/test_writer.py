import json
import os
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from stride.errors import LostRun, RunError, StrideError
from stride.runs.files.atomic import atomic_json, read_record
from stride.runs.files.jsonl import read_lines
from stride.runs.layout import RunPaths
from stride.runs.listing.rows.read import read_row
from stride.runs.provenance.config_digest import config_digest, require_known_config
from stride.runs.records.provenance import ProvenanceRecord
from stride.runs.records.results import ResultsRecord
from stride.runs.records.segment import SegmentRecord
from stride.runs.records.status import StatusRecord
from stride.runs.signing.signature import vouched_run
from stride.runs.status import current_state
from stride.runs.streams import StreamPosition
from stride.runs.work_dir import WorkDir
from stride.runs.writer import RunWriter

CONFIG = {"work_dir": "w", "seed": 0}
PROVENANCE = {"command": ["stride"], "overrides": ["seed=0"]}


def start(work_dir: Path, run: str | None = None, **more: Any) -> RunWriter:
    return RunWriter.start(work_dir, run, config=CONFIG, provenance=PROVENANCE, **more)


def orphaned(writer: RunWriter) -> RunWriter:
    """Let the writer look as if its host were gone, and resume its run."""
    segment = read_record(writer.paths.segment(writer.segment))
    atomic_json(writer.paths.segment(writer.segment), segment | {"host": "node17"})
    os.utime(writer.paths.heartbeat(writer.segment), (1.0, 1.0))
    return RunWriter.resume(writer.paths.path)


def test_a_started_run_has_its_files(tmp_path: Path) -> None:
    writer = start(tmp_path / "w", patch="diff --git a/x b/x\n")
    paths = writer.paths
    assert (writer.name, writer.segment) == ("0", 0)
    assert json.loads(paths.config.read_text()) == {"format_version": 3, **CONFIG}
    assert next(iter(json.loads(paths.config.read_text()))) == "format_version"
    assert ProvenanceRecord.read(paths.provenance).command == ["stride"]
    assert paths.code_patch.read_text() == "diff --git a/x b/x\n"
    segment, status = SegmentRecord.read(paths.segment(0)), StatusRecord.read(paths.status)
    assert (segment.n, segment.pid, segment.from_step) == (0, os.getpid(), 0)
    assert (status.state, status.uuid, status.overrides) == ("created", writer.uuid, ["seed=0"])
    assert paths.heartbeat(0).exists()
    assert current_state(paths) == ("created", "")
    writer.close("done")


def test_without_changes_there_is_no_patch(tmp_path: Path) -> None:
    writer = start(tmp_path)
    writer.close("done")
    assert not writer.paths.code_patch.exists()


def test_a_run_goes_through_its_states(tmp_path: Path) -> None:
    writer = start(tmp_path)
    writer.status("running")
    first = StatusRecord.read(writer.paths.status)
    assert first.started is not None and first.started >= first.created and first.ended is None
    writer.status("waiting", "for labels")
    assert StatusRecord.read(writer.paths.status).ended is None
    writer.status("running")
    metrics, monitor = {"best": {"loss": float("nan")}}, {"metric": "loss", "mode": "min"}
    writer.close("stopped", "asked to", metrics=metrics, monitor=monitor)
    last = StatusRecord.read(writer.paths.status)
    assert (last.state, last.reason, last.started) == ("stopped", "asked to", first.started)
    assert last.ended is not None and last.ended >= first.started
    assert last.monitor is not None and last.monitor.metric == "loss"
    assert last.overrides == ["seed=0"]


def test_a_state_that_there_is_not_is_refused(tmp_path: Path) -> None:
    writer = start(tmp_path)
    for wrong in ({"state": "dancing"}, {"state": "done", "colour": "red"}):
        with pytest.raises(ValidationError):
            writer.status(**wrong)
    assert StatusRecord.read(writer.paths.status).state == "created"
    writer.close("done")


def test_closing_ends_the_heartbeat_and_a_second_time_does_nothing(tmp_path: Path) -> None:
    others = set(threading.enumerate())
    writer = start(tmp_path)
    writer.close("failed", "first")
    writer.close("done", "second")
    assert StatusRecord.read(writer.paths.status).reason == "first"
    assert set(threading.enumerate()) <= others


def test_files_are_committed_by_name_or_path(tmp_path: Path) -> None:
    writer = start(tmp_path)
    writer.commit("weights.safetensors", b"\0")
    writer.commit(writer.paths.model_source, "class Net: ...\n")
    writer.commit("checkpoints/index.json", {"entries": []})
    writer.commit(writer.paths.results, {"best": {"loss": float("inf")}})
    writer.close("done")
    assert writer.paths.weights.read_bytes() == b"\0"
    assert writer.paths.model_source.read_text() == "class Net: ...\n"
    assert read_record(writer.paths.checkpoint_index)["entries"] == []
    assert ResultsRecord.read(writer.paths.results).best.to_json() == {"loss": "Infinity"}


CHECKED = ["results.json", "normalization.json", "reconstruction.json", "checkpoints/index.json"]


@pytest.mark.parametrize("name", CHECKED)
def test_a_file_that_others_rely_on_is_checked(tmp_path: Path, name: str) -> None:
    writer = start(tmp_path)
    with pytest.raises(ValidationError):
        writer.commit(name, {"nonsense": 1})
    assert not (writer.paths.path / name).exists()
    writer.close("done")


def test_a_record_that_nobody_could_read_is_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = start(tmp_path)
    monkeypatch.setattr("stride.runs.writer_base.RECORD_LIMIT", 2**20)
    with pytest.raises(RunError, match=r"curve.json is larger than the 1 MiB"):
        writer.commit(writer.paths.curve, {"values": "x" * 2**20})
    assert not writer.paths.curve.exists()
    writer.close("done")


def test_what_cannot_be_signed_is_not_written(tmp_path: Path) -> None:
    """A kill between the two would leave a config that the signature does not cover."""
    writer = start(tmp_path)
    before = writer.paths.config.read_bytes()
    writer.paths.signature.unlink()
    writer.paths.signature.mkdir()
    with pytest.raises(StrideError, match="cannot write"):
        writer.commit(writer.paths.config, {"format_version": 3, "seed": 5})
    assert writer.paths.config.read_bytes() == before
    writer.close("done")


def test_what_a_run_begins_with_has_one_signature_that_is_there_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    placed: list[str] = []
    replace = os.replace
    monkeypatch.setattr(os, "replace", lambda one, two: placed.append(two) or replace(one, two))
    writer = start(tmp_path, patch="diff")
    names = [Path(path).name for path in placed if Path(path).parent == writer.paths.path]
    signed = ["signature.json", "config.json", "code.patch", "provenance.json"]
    assert names == ["status.json", *signed]
    assert not vouched_run(writer.paths.path).fault
    writer.close("done")


def test_a_folder_is_committed_whole(tmp_path: Path) -> None:
    writer = start(tmp_path)
    with writer.commit_folder("checkpoints/x_epoch_1") as folder:
        (folder / "state.json").write_text("{}")
    with pytest.raises(ZeroDivisionError), writer.commit_folder("checkpoints/x_epoch_2"):
        _ = 1 / 0
    assert [p.name for p in writer.paths.checkpoints.iterdir()] == ["x_epoch_1"]
    writer.close("done")


def test_metrics_are_on_disk_at_once(tmp_path: Path) -> None:
    writer = start(tmp_path)
    rows = [{"step": n, "epoch": 0, "time": 1.0, "loss": 1 / (n + 1)} for n in range(3)]
    writer.append(writer.paths.metrics, rows[:1])
    writer.append(writer.paths.metrics, rows[1:])
    assert read_lines(writer.paths.metrics) == rows
    writer.close("done")


def test_a_run_that_ended_is_resumed_as_the_next_segment(tmp_path: Path) -> None:
    first = start(tmp_path)
    first.status("running")
    first.append(first.paths.metrics, [{"step": 1}])
    first.close("interrupted", "SIGTERM")
    before = StatusRecord.read(first.paths.status)
    (first.paths.path / ".tmp-0a-status.json").touch()
    typed = {"overrides": ["seed=0", "device=cpu"]}
    atomic_json(first.paths.status, {**before.to_json(), **typed, "ended": time.time() - 50.0})
    facts = {"from_step": 7, "from_epoch": 2, "overrides": ["device=cuda"]}
    second = RunWriter.resume(first.paths.path, **facts)
    assert (second.segment, second.uuid) == (1, first.uuid)
    segment, status = (
        SegmentRecord.read(second.paths.segment(1)),
        StatusRecord.read(first.paths.status),
    )
    assert (segment.from_step, segment.from_epoch) == (7, 2)
    assert (status.created, status.started, status.ended) == (before.created, before.started, None)
    assert status.overrides == ["seed=0", "device=cuda"]
    assert not (first.paths.path / ".tmp-0a-status.json").exists()
    second.append(second.paths.metrics, [{"step": 2}])
    second.close("done")
    # What lies between the two segments is no part of the run's duration.
    assert 50.0 <= StatusRecord.read(first.paths.status).paused < 60.0
    assert read_row(first.paths.path).duration < 10.0
    assert [row["step"] for row in read_lines(second.paths.metrics)] == [1, 2]
    assert StatusRecord.read(first.paths.status).segment == 1


def test_a_run_that_is_written_is_not_resumed(tmp_path: Path) -> None:
    writer = start(tmp_path)
    writer.status("running")
    with pytest.raises(RunError, match=r"a process is writing this run .*; stop it first"):
        RunWriter.resume(writer.paths.path)
    writer.close("done")


def test_a_run_that_went_on_since_it_was_read_is_not_resumed(tmp_path: Path) -> None:
    old = start(tmp_path)
    path = old.paths.path
    with pytest.raises(RunError, match="a process is writing this run"):
        RunWriter.resume(path, after=0)
    old._release()
    RunWriter.resume(path, after=0, take_over=True).close("interrupted")
    for take_over in (False, True):
        with pytest.raises(RunError, match="another process has taken this run just now"):
            RunWriter.resume(path, after=0, take_over=take_over)
    assert StatusRecord.read(RunPaths(path).status).segment == 1


def test_each_segment_knows_the_config_that_it_was_begun_with(tmp_path: Path) -> None:
    first, other = start(tmp_path), CONFIG | {"seed": 5}
    first.close("interrupted")
    paths = first.paths
    RunWriter.resume(paths.path, config=other).close("interrupted")
    RunWriter.resume(paths.path).close("interrupted")
    digests = [SegmentRecord.read(paths.segment(n)).config_sha256 for n in range(3)]
    assert digests == [config_digest(CONFIG), config_digest(other), config_digest(other)]
    require_known_config(paths)


def test_pauses_add_up_and_none_is_before_the_first_start(tmp_path: Path) -> None:
    first = start(tmp_path)
    first._release()
    paths = first.paths

    def pause(seconds: float) -> float | None:
        before = StatusRecord.read(paths.status).to_json()
        ended = {"state": "interrupted", "ended": time.time() - seconds}
        atomic_json(paths.status, before | ended)
        writer = RunWriter.resume(paths.path)
        writer.status("running")
        writer._release()
        return StatusRecord.read(paths.status).paused

    assert pause(1000.0) is None
    assert 100.0 <= (pause(100.0) or 0.0) < 1000.0
    assert 130.0 <= (pause(30.0) or 0.0) < 1000.0


def test_checkpoints_beyond_the_one_that_is_restored_go_with_a_resume(tmp_path: Path) -> None:
    writer = start(tmp_path)
    names = [f"m_d_x_epoch_{epoch}" for epoch in (2, 9, 10)]
    for name in names:
        with writer.commit_folder(writer.paths.checkpoint(name).path):
            pass
    writer.close("interrupted")
    position = StreamPosition()
    writer = RunWriter.resume(writer.paths.path, position=position, seen=names, checkpoint=names[1])
    assert writer.paths.checkpoint_names() == names[:2]
    writer.close("done")


def test_no_run_is_not_resumed(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"no status.json here"):
        RunWriter.resume(tmp_path / "3")
    assert not (tmp_path / "3").exists()


def test_an_orphan_commits_nothing_beside_its_successor(tmp_path: Path) -> None:
    orphan = start(tmp_path)
    orphan.status("running")
    orphan.append(orphan.paths.metrics, [{"step": 1}])
    successor = orphaned(orphan)
    for write in (
        lambda: orphan.status("done"),
        lambda: orphan.commit("results.json", {}),
        lambda: orphan.append(orphan.paths.metrics, [{"step": 2}]),
        lambda: orphan.commit_folder("checkpoints/x").__enter__(),
        lambda: orphan.close("done"),
    ):
        with pytest.raises(LostRun, match="segment 0 has lost this run: segment 1 writes it now"):
            write()
    assert StatusRecord.read(orphan.paths.status).segment == 1
    assert not orphan.paths.results.exists() and not orphan.paths.checkpoints.exists()
    assert len(read_lines(orphan.paths.metrics)) == 1
    successor.commit("results.json", {})
    successor.close("done")


def test_an_orphan_loses_its_run_in_the_middle_of_a_checkpoint(tmp_path: Path) -> None:
    others = set(threading.enumerate())
    orphan = start(tmp_path)
    with pytest.raises(LostRun), orphan.commit_folder("checkpoints/x") as folder:
        (folder / "state.json").touch()
        successor = orphaned(orphan)
    assert list(orphan.paths.checkpoints.iterdir()) == []
    with pytest.raises(LostRun):
        orphan.close("failed")
    successor.close("done")
    assert set(threading.enumerate()) <= others


def test_a_forced_replacement_is_not_written_by_the_one_before(tmp_path: Path) -> None:
    """Both are segment 0 of a run of that name."""
    old = start(tmp_path, "x")
    old.status("running")
    os.utime(old.paths.heartbeat(0), (1.0, 1.0))
    atomic_json(old.paths.segment(0), read_record(old.paths.segment(0)) | {"host": "node17"})
    new = start(tmp_path, "x", force=True)
    with pytest.raises(LostRun):
        old.commit("results.json", {})
    with pytest.raises(LostRun):
        old.close("done")
    assert StatusRecord.read(new.paths.status).uuid == new.uuid != old.uuid
    new.close("done")


def test_a_removed_folder_is_a_lost_run(tmp_path: Path) -> None:
    writer = start(tmp_path)
    os.rename(writer.paths.path, tmp_path / "elsewhere")
    with pytest.raises(LostRun, match="its folder is gone"):
        writer.status("running")
    with pytest.raises(LostRun):
        writer.close("done")
    assert not writer.paths.path.exists()


def test_the_current_folder_may_change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    writer = start(Path("w"))
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path / "other")
    writer.commit("results.json", {})
    writer.close("done")
    assert (tmp_path / "w" / "0" / "results.json").exists()


def test_a_run_that_cannot_begin_leaves_no_folder(tmp_path: Path) -> None:
    others = set(threading.enumerate())
    with pytest.raises(TypeError):
        RunWriter.start(tmp_path, "x", config={"a": object()}, provenance={})
    assert WorkDir(tmp_path).names() == []
    assert set(threading.enumerate()) <= others


def test_a_disk_that_is_full_at_the_start_leaves_no_folder(tmp_path: Path) -> None:
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    try:
        with pytest.raises(StrideError, match=r"cannot write: File too large \(.*config.json\)"):
            RunWriter.start(tmp_path, "x", config={"a": "x" * 9000}, provenance={})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert WorkDir(tmp_path).names() == []


def test_a_folder_that_another_process_took_is_left_to_it(tmp_path: Path) -> None:
    """Between our claim and our first file; only a broken lock or a force makes it so."""
    paths = WorkDir(tmp_path).claim("x")
    taker = RunWriter._adopt(paths, 0, {}, uuid="0" * 32, created=1.0)
    claims = WorkDir.claim
    try:
        WorkDir.claim = lambda *_, **__: paths  # type: ignore[method-assign]
        with pytest.raises(RunError, match="another process has taken this run just now"):
            start(tmp_path, "x")
    finally:
        WorkDir.claim = claims  # type: ignore[method-assign]
    taker.status("running")
    taker.close("done")


@pytest.mark.parametrize(
    ("variables", "job"),
    [
        ({"SLURM_JOB_ID": "17"}, "17"),
        ({"TORCHELASTIC_RUN_ID": "r1"}, "r1"),
        ({"TORCHELASTIC_RUN_ID": "none"}, None),
        ({}, None),
    ],
)
def test_a_segment_names_its_job(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], job: str | None
) -> None:
    for name in ("SLURM_JOB_ID", "TORCHELASTIC_RUN_ID"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    writer = start(tmp_path)
    assert SegmentRecord.read(RunPaths(writer.paths.path).segment(0)).job == job
    writer.close("done")


def test_what_goes_on_is_not_appended_to_a_hard_linked_copy(tmp_path: Path) -> None:
    writer = start(tmp_path / "w")
    metrics, copy = writer.paths.metrics, tmp_path / "copy"
    writer.append(metrics, [{"step": 1}])
    os.link(metrics, copy)
    for step in (2, 3):
        writer.append(metrics, [{"step": step}])
    assert read_lines(copy) == [{"step": 1}]
    assert read_lines(metrics) == [{"step": 1}, {"step": 2}, {"step": 3}]
    copy.unlink()
    os.link(metrics, copy)
    writer = orphaned(writer)
    writer.append(metrics, [{"step": 4}])
    writer.close("done")
    assert len(read_lines(copy)) == 3
    assert len(read_lines(metrics)) == 4
