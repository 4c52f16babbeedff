"""Each damage that can be done to a run folder is found, and told by its file."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from stride.errors import RunError
from stride.runs.files.atomic import atomic_json, read_json
from stride.runs.files.jsonl import LineFile
from stride.runs.layout import TEMPORARY_PREFIX, CheckpointPaths, RunPaths
from stride.runs.provenance.config_digest import config_digest
from stride.runs.verify import run as verify
from stride.runs.verify.run import Report, verify_run
from stride.runs.writer import RunWriter

COMPLETE = Path(__file__).parents[1] / "format_1" / "0"
"""A run that is done; nothing here needs a newer one."""


@pytest.fixture
def paths(tmp_path: Path) -> RunPaths:
    shutil.copytree(COMPLETE, tmp_path / "w" / "0")
    (tmp_path / "w" / ".stride").mkdir()
    return RunPaths(tmp_path / "w" / "0")


def files(report: Report) -> list[str]:
    return [problem.file for problem in report.problems]


def change(path: Path, **values: Any) -> None:
    atomic_json(path, read_json(path) | values)


def last(paths: RunPaths) -> CheckpointPaths:
    return paths.checkpoint(read_json(paths.checkpoint_index)["last"])


def test_a_whole_run_has_no_problem_and_tells_what_was_checked(paths: RunPaths) -> None:
    report = verify_run(paths.path)
    assert report.ok and report.notes == []
    assert report.counts == {"checkpoints": 1, "rows": 3, "fingerprints": 0, "files": 5}
    assert report.to_json()["ok"] is True


def test_what_is_no_run_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"no run folder here.*stride ls"):
        verify_run(tmp_path)


NEEDED = ["status", "config", "provenance", "results", "weights", "metrics", "checkpoint_index"]


@pytest.mark.parametrize("name", NEEDED)
def test_a_run_that_is_done_has_every_file(paths: RunPaths, name: str) -> None:
    path = getattr(paths, name)
    path.unlink()
    assert paths.path.joinpath(files(verify_run(paths.path))[0]) == path


def test_a_run_that_was_killed_needs_no_results(paths: RunPaths) -> None:
    change(paths.status, state="running")
    for path in (paths.results, paths.weights):
        path.unlink()
    assert verify_run(paths.path).ok
    paths.config.unlink()
    shutil.rmtree(paths.checkpoints)
    paths.checkpoint_index.unlink(missing_ok=True)
    report = verify_run(paths.path)
    assert report.ok
    assert report.notes == ["config.json: it is missing: the process ended before it was written"]


@pytest.mark.parametrize("name", ["config", "provenance"])
def test_what_is_older_than_a_checkpoint_is_missed_in_a_killed_run_too(
    paths: RunPaths, name: str
) -> None:
    change(paths.status, state="interrupted")
    getattr(paths, name).unlink()
    (problem,) = verify_run(paths.path).problems
    assert problem.file == f"{name}.json"
    assert problem.what.startswith("it is missing; ")


def test_a_patch_that_is_gone_or_damaged_is_named(paths: RunPaths) -> None:
    git = read_json(paths.provenance)["git"]
    change(paths.provenance, git=git | {"patch_sha256": hashlib.sha256(b"+a").hexdigest()})
    (problem,) = verify_run(paths.path).problems
    assert (problem.file, problem.what[:13]) == ("code.patch", "it is missing")
    paths.code_patch.write_bytes(b"+b")
    (problem,) = verify_run(paths.path).problems
    assert (problem.file, problem.what[:7]) == ("code.patch", "damaged")
    paths.code_patch.write_bytes(b"+a")
    assert verify_run(paths.path).ok


@pytest.mark.parametrize("name", ["status", "config", "provenance", "results"])
def test_a_newer_format_is_told_as_such(paths: RunPaths, name: str) -> None:
    change(getattr(paths, name), format_version=4)
    (problem, *_) = verify_run(paths.path).problems
    assert problem.file == f"{name}.json"
    assert "written by a newer STRIDE (format 4, not 3); get a newer one" in problem.what


@pytest.mark.parametrize(
    ("name", "values", "what"),
    [
        ("status", {"state": "dun"}, "state"),
        ("config", {"seed": "x"}, "seed"),
        ("results", {"parameters": -1}, "parameters"),
        ("provenance", {"seeds": 3}, "seeds"),
        ("checkpoint_index", {"entries": [{"name": 3}]}, "entries.0.name"),
    ],
)
def test_a_file_that_does_not_fit_its_record(
    paths: RunPaths, name: str, values: dict[str, Any], what: str
) -> None:
    path = getattr(paths, name)
    change(path, **values)
    (problem, *_) = verify_run(paths.path).problems
    assert paths.path / problem.file == path
    assert what in problem.what


def test_a_key_of_another_version_is_noted(paths: RunPaths) -> None:
    change(paths.config, training_config={"max_epochs": 3, "swa_start": 3})
    report = verify_run(paths.path)
    assert report.ok
    (note,) = report.notes
    assert note.startswith("config.json: unknown key training_config.swa_start: skipped")


def test_a_gap_between_segments(paths: RunPaths) -> None:
    shutil.copy(paths.segment(0), paths.segment(2))
    change(paths.segment(2), n=2)
    assert files(verify_run(paths.path)) == ["segments/1.json"]


def test_a_segment_under_another_number(paths: RunPaths) -> None:
    shutil.copy(paths.segment(0), paths.segment(1))
    report = verify_run(paths.path)
    assert report.problems[0].what.startswith("it is the record of segment 0")


def test_the_status_of_a_segment_that_is_not_there(paths: RunPaths) -> None:
    change(paths.status, segment=1)
    assert files(verify_run(paths.path)) == ["segments/1.json"]


def test_a_clock_that_was_set_back_is_no_problem(paths: RunPaths) -> None:
    change(paths.status, created=4e9)
    report = verify_run(paths.path)
    assert report.ok and "clock" in report.notes[0]


def rows(paths: RunPaths, *more: dict[str, Any]) -> None:
    with LineFile(paths.metrics) as stream:
        stream.append(more)


def row(step: int, epoch: int, **metrics: float) -> dict[str, Any]:
    return {"step": step, "epoch": epoch, "time": 1.0, **metrics}


@pytest.mark.parametrize(
    ("more", "what"),
    [
        ([row(11, 3)], "step 11 comes after step 12"),
        ([row(16, 2)], "step 16 comes after"),
        ([row(16, 4, a=1), row(16, 4, a=1)], "line 5: step 16 of epoch 4 is there twice"),
        ([row(16, 4, a=1), row(16, 4, b=1), row(16, 4, a=2)], "line 6: step 16"),
        ([{"step": 16, "epoch": 4}], "line 4: time"),
        ([row(16, 4) | {"loss": "high"}], "line 4: loss"),
    ],
)
def test_rows_that_make_no_sense(paths: RunPaths, more: list[dict[str, Any]], what: str) -> None:
    rows(paths, *more)
    (problem,) = verify_run(paths.path).problems
    assert problem.file == "metrics.jsonl" and what in problem.what


def test_two_rows_of_one_step_with_other_metrics_are_no_problem(paths: RunPaths) -> None:
    rows(paths, row(16, 4, a=1, lr=1), row(16, 4, b=1, lr=1))
    assert verify_run(paths.path).ok


def test_a_torn_last_line_is_a_note_and_a_torn_line_before_it_a_problem(paths: RunPaths) -> None:
    with paths.metrics.open("ab") as stream:
        stream.write(b'{"step": 16')
    report = verify_run(paths.path)
    assert report.ok and "metrics.jsonl: its last line is torn" in report.notes[0]
    with paths.metrics.open("ab") as stream:
        stream.write(b"\n")
    assert "line 4 is not a JSON object" in verify_run(paths.path).problems[0].what


def test_rows_that_are_gone_at_the_end(paths: RunPaths) -> None:
    lines = paths.metrics.read_bytes().splitlines(keepends=True)
    paths.metrics.write_bytes(b"".join(lines[:2]))
    assert "its rows end at step 8 of 12" in verify_run(paths.path).problems[0].what


def test_bytes_that_a_checkpoint_has_seen_and_that_are_gone(paths: RunPaths) -> None:
    change(paths.status, state="running")
    size = paths.metrics.stat().st_size
    change(last(paths).record, streams={"metrics.jsonl": size}, format_version=2)
    assert verify_run(paths.path).ok
    os.truncate(paths.metrics, size - 5)
    (problem,) = verify_run(paths.path).problems
    assert problem.file == "metrics.jsonl"
    assert "5 bytes that it had at step 12 are gone" in problem.what


LOSS = "float32:3f8000003f0ccccd"


@pytest.mark.parametrize(
    ("stream", "what"),
    [
        ([{"step": 1, "loss": LOSS}, {"step": 3, "loss": LOSS, "norm": LOSS}], ""),
        ([{"step": 1, "loss": LOSS}, {"step": 4, "loss": LOSS}], "line 2 begins at step 4"),
        ([{"step": 1, "loss": LOSS}, {"step": 2, "loss": LOSS}], "begins at step 2 and not at 3"),
        ([{"step": 1, "loss": LOSS[:-1]}], "line 1: 15 digits are not a whole number of float32"),
        ([{"step": 1, "loss": "int7:00"}], "'int7' is not a type"),
        ([{"step": 1, "loss": LOSS, "norm": LOSS[:-8]}], "2 losses and 1 norms"),
        ([{"step": 1, "loss": "float32:xy"}], "loss"),
        ([{"step": 1, "loss": LOSS, "weights": {"7": "a"}}, {"step": 3, "loss": LOSS}], ""),
        ([{"step": 1, "loss": LOSS, "weights": {"x": "a"}}], "digest of weights is not of a step"),
        ([{"step": 1}], "loss: Field required"),
    ],
)
def test_fingerprints(paths: RunPaths, stream: list[dict[str, Any]], what: str) -> None:
    with LineFile(paths.fingerprints) as file:
        file.append(stream)
    change(paths.status, state="running")  # so that it need not go to the run's last step
    report = verify_run(paths.path)
    assert files(report) == (["fingerprints.jsonl"] if what else [])
    assert what in (report.problems[0].what if what else "")
    assert what or report.counts["fingerprints"] == 4


def test_fingerprints_that_are_gone_at_the_end(paths: RunPaths) -> None:
    for steps, what in ((12, ""), (11, "its rows end at step 11 of 12"), (0, "at step 0 of 12")):
        row = {"step": 1, "loss": "float32:" + "00000000" * steps}
        paths.fingerprints.write_text(json.dumps(row) if steps else "")
        found = verify_run(paths.path).problems
        assert [what in problem.what for problem in found] == ([True] if what else [])


@pytest.mark.parametrize(
    ("rounds", "what"),
    [
        ([(0, 10, [3, 4]), (1, 12, [5]), (2, 13, [])], ""),
        ([(0, 10, [3, 4]), (2, 12, [5])], "line 2: round 2 with 12 labels where round 1 with 12"),
        ([(0, 10, [3, 4]), (1, 11, [5])], "line 2: round 1 with 11 labels where round 1 with 12"),
        ([(0, 10, [3, 3])], "line 1: a sample was asked for twice"),
    ],
)
def test_rounds(paths: RunPaths, rounds: list[tuple[int, int, list[int]]], what: str) -> None:
    common: dict[str, Any] = {"step": 1, "epoch": 1, "time": 1.0, "metrics": {}, "seconds": {}}
    with LineFile(paths.rounds) as file:
        for number, labelled, queried in rounds:
            row = {"round": number, "labelled": labelled, "queried": queried, "scores": []}
            file.append([common | row])
    report = verify_run(paths.path)
    assert files(report) == (["rounds.jsonl"] if what else [])
    assert what in (report.problems[0].what if what else "")
    assert what or report.counts["rounds"] == 3


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("name", ["model", "optimizer", "random"])
def test_one_bit_of_a_checkpoint(paths: RunPaths, name: str) -> None:
    flip(last(paths).part(name))
    (problem,) = verify_run(paths.path).problems
    assert paths.path / problem.file == last(paths).part(name)
    assert "damaged" in problem.what and "delete this checkpoint" in problem.what


def test_a_file_of_a_checkpoint_that_is_missing_short_or_too_many(paths: RunPaths) -> None:
    checkpoint = last(paths)
    checkpoint.part("random").unlink()
    os.truncate(checkpoint.part("model"), 100)
    checkpoint.part("extra").write_bytes(b"")
    found = {Path(problem.file).stem: problem.what for problem in verify_run(paths.path).problems}
    assert found["random"].startswith("it is missing")
    assert found["model"].startswith("100 bytes instead of 1712")
    assert found["extra"].startswith("it is not a file of this checkpoint")
    assert len(found) == 3


def test_a_checkpoint_whose_state_is_no_state(paths: RunPaths) -> None:
    checkpoint = last(paths)
    checkpoint.state.write_text('{"format_version": 1}')
    content = checkpoint.state.read_bytes()
    listed = read_json(checkpoint.record)["files"]
    digest = {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}
    change(checkpoint.record, files=listed | {"state.json": digest})
    (problem,) = verify_run(paths.path).problems
    assert problem.file.endswith("state.json") and "parts" in problem.what


def test_a_checkpoint_without_its_state(paths: RunPaths) -> None:
    change(last(paths).record, files={})
    assert "does not list state.json" in verify_run(paths.path).problems[0].what


def test_a_record_that_points_out_of_its_folder_is_a_problem_and_no_crash(paths: RunPaths) -> None:
    digest = {"sha256": "0" * 64, "size": 1}
    listed = read_json(last(paths).record)["files"]
    change(last(paths).record, files=listed | {"/none/such": digest, "../x": digest})
    (problem,) = verify_run(paths.path).problems
    assert "'/none/such' is not the name of a file or folder" in problem.what


def test_a_checkpoint_of_another_run_or_config(paths: RunPaths) -> None:
    record, digest = last(paths).record, config_digest(read_json(paths.config))
    change(paths.segment(0), config_sha256=digest)
    whole = {"uuid": read_json(paths.status)["uuid"], "config_sha256": digest}
    change(record, **whole)
    assert verify_run(paths.path).ok
    for name, value, what in (
        ("uuid", "f" * 32, f"it is of another run, {'f' * 32}; delete this checkpoint's folder"),
        ("config_sha256", "0" * 64, "it was written under a config that this run never had"),
    ):
        change(record, **whole | {name: value})
        (problem,) = verify_run(paths.path).problems
        assert problem.file.endswith("/checkpoint.json") and problem.what.startswith(what)


def test_an_index_of_other_checkpoints_than_there_are(paths: RunPaths) -> None:
    checkpoint = last(paths).path
    checkpoint.rename(checkpoint.with_name("other_epoch_9"))
    found = dict(reversed(verify_run(paths.path).problems))
    assert f"lists {checkpoint.name}, which is not there" in found["checkpoints/index.json"]
    assert "not in the index" in found["checkpoints/other_epoch_9"]
    assert "no checkpoint" in found["checkpoints"]


def test_an_index_whose_best_it_does_not_list_or_whose_steps_decrease(paths: RunPaths) -> None:
    entry = read_json(paths.checkpoint_index)["entries"][0]
    change(paths.checkpoint_index, best="none", entries=[entry, entry | {"step": 3}])
    texts = [problem.what for problem in verify_run(paths.path).problems]
    assert "the best checkpoint, none, is none of those" in texts[0]
    assert "its steps decrease" in texts[1]


def test_a_killed_writer_may_leave_an_unlisted_checkpoint_and_temporaries(paths: RunPaths) -> None:
    change(paths.status, state="running")
    shutil.copytree(last(paths).path, paths.checkpoint("a_epoch_9").path)
    paths.checkpoint(".tmp-12").path.mkdir()
    report = verify_run(paths.path)
    assert report.ok
    assert [note.partition(":")[0] for note in report.notes] == [
        "checkpoints/a_epoch_9",
        "checkpoints/.tmp-12",
    ]


def test_the_checkpoint_that_a_fork_began_from(paths: RunPaths) -> None:
    shutil.copytree(last(paths).path, paths.origin.path)
    assert verify_run(paths.path).counts["files"] == 9
    flip(paths.origin.part("model"))
    assert files(verify_run(paths.path)) == ["origin/model.safetensors"]


def test_other_weights_than_the_results_tell_of(paths: RunPaths) -> None:
    flip(paths.weights)
    (problem,) = verify_run(paths.path).problems
    assert problem.file == "weights.safetensors" and "results.json" in problem.what
    change(paths.status, state="running")  # resumed, better, and killed before it had results
    assert verify_run(paths.path).ok


def test_weights_that_are_not_what_their_header_says(paths: RunPaths) -> None:
    place = {"dtype": "U8", "shape": [4], "data_offsets": [0, 4]}
    text = json.dumps({"a": place}).encode()
    whole = len(text).to_bytes(8, "little") + text + b"1234"
    for content, what in {b"": "cut off in its header", whole[:-1]: "'a' is cut off"}.items():
        paths.initial_weights.write_bytes(content)
        (problem,) = verify_run(paths.path).problems
        assert (problem.file, what in problem.what) == ("initial_weights.safetensors", True)
    paths.initial_weights.write_bytes(whole)
    assert verify_run(paths.path).ok
    change(paths.provenance, initial_weights_sha256=hashlib.sha256(whole).hexdigest())
    assert verify_run(paths.path).ok
    flip(paths.initial_weights)
    (problem,) = verify_run(paths.path).problems
    assert problem.what.startswith("initial_weights.safetensors is damaged")


def test_a_file_that_is_made_and_unmade_while_one_looks_is_no_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run is written by this very process, between two looks."""
    writer = RunWriter.start(tmp_path / "w", config=config(tmp_path), provenance={})
    writer.status("running")
    writer.paths.checkpoint("a_epoch_1").path.mkdir(parents=True)
    writer.commit(writer.paths.checkpoint_index, {"entries": [listed("a_epoch_1")]})
    monkeypatch.setattr(time, "sleep", lambda _: write_record(writer.paths))
    assert verify_run(writer.paths.path).ok
    shutil.rmtree(writer.paths.checkpoint("a_epoch_1").path)
    monkeypatch.undo()
    assert files(verify_run(writer.paths.path)) == ["checkpoints/index.json"]
    writer.close("failed")


def test_a_process_that_comes_and_goes_during_a_look_makes_no_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It took a checkpoint away that the look had listed, and was killed before the look ended."""
    writer = RunWriter.start(tmp_path / "w", config=config(tmp_path), provenance={})
    paths = writer.paths
    paths.checkpoint("a_epoch_1").path.mkdir(parents=True)
    writer.commit(paths.checkpoint_index, {"entries": [listed("a_epoch_1")]})
    writer.close("failed")
    check = verify.check_weights

    def interrupted(*arguments: Any) -> None:
        check(*arguments)
        if not paths.segment(1).exists():
            RunWriter.resume(paths.path, after=0).close("failed")
            write_record(paths)

    monkeypatch.setattr(verify, "check_weights", interrupted)
    assert verify_run(paths.path).ok


def test_a_record_that_places_its_state_elsewhere_is_named(paths: RunPaths) -> None:
    change(last(paths).record, epoch=99)
    (problem,) = verify_run(paths.path).problems
    assert problem.file.endswith("state.json") and "the record says" in problem.what


def test_what_is_wrong_in_another_way_at_each_look_is_no_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = RunWriter.start(tmp_path / "w", config=config(tmp_path), provenance={})
    names = iter(f"a_epoch_{n}" for n in range(9))

    def prune(_: float = 0) -> None:
        writer.commit(writer.paths.checkpoint_index, {"entries": [listed(next(names))]})

    prune()
    monkeypatch.setattr(time, "sleep", prune)
    assert verify_run(writer.paths.path).ok
    writer.close("failed")
    assert files(verify_run(writer.paths.path)) == ["checkpoints/index.json"]


def config(tmp_path: Path) -> dict[str, Any]:
    return {"work_dir": str(tmp_path / "w")}


def listed(name: str) -> dict[str, Any]:
    return {"name": name, "step": 1, "epoch": 1, "time": 1.0}


def write_record(paths: RunPaths) -> None:
    checkpoint = paths.checkpoint("a_epoch_1")
    counters = {"step": 1, "epoch": 1, "position": 0}
    checkpoint.state.write_text(json.dumps({"format_version": 2, "parts": {"counters": counters}}))
    content = checkpoint.state.read_bytes()
    digest = {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}
    place = {"step": 1, "epoch": 1, "position": 0, "time": 1.0, "versions": {}}
    atomic_json(checkpoint.record, {"format_version": 2, "files": {"state.json": digest}, **place})


LIVING = """
import itertools, sys, time
from pathlib import Path
from stride.runs.writer import RunWriter
sys.path.insert(0, sys.argv[2])
from test_run import config, listed, write_record
from stride.runs.layout import RunPaths
work_dir = Path(sys.argv[1])
writer = RunWriter.start(work_dir / "w", "x", config=config(work_dir), provenance={})
writer.status("running")
print("begun", flush=True)
end = time.monotonic() + 3
for n in itertools.count(1):
    rows = [{"step": n, "epoch": n, "time": 1.0, "a": n}]
    writer.append(writer.paths.metrics, rows)
    name = f"a_epoch_{n}"
    (writer.paths.path / "away").mkdir(exist_ok=True)
    made = RunPaths(writer.paths.path / "away")
    made.checkpoint("a_epoch_1").path.mkdir(parents=True, exist_ok=True)
    write_record(made)
    with writer.commit_folder(writer.paths.checkpoint(name).path) as folder:
        for file in made.checkpoint("a_epoch_1").path.iterdir():
            (folder / file.name).write_bytes(file.read_bytes())
    writer.commit(writer.paths.checkpoint_index, {"entries": [listed(name)]})
    for old in writer.paths.checkpoints.iterdir():
        if old.is_dir() and old.name != name:
            import shutil
            shutil.rmtree(old)
    if time.monotonic() > end:
        break
writer.close("interrupted")
"""


def test_a_run_that_is_being_written_gives_no_false_alarm(popen, tmp_path: Path) -> None:
    command = [sys.executable, "-c", LIVING, str(tmp_path), str(Path(__file__).parent)]
    child = popen(command, stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None and child.stdout.readline() == "begun\n"
    looks = 0
    while child.poll() is None:
        report = verify_run(tmp_path / "w" / "x")
        assert report.ok and (child.poll() is not None or not report.notes), report
        looks += 1
    child.communicate()
    assert child.returncode == 0 and looks > 3
    assert verify_run(tmp_path / "w" / "x").ok


def test_what_the_end_of_a_run_is_about_to_remove_is_not_left_behind(paths: RunPaths) -> None:
    going, left = (paths.path / f"{TEMPORARY_PREFIX}{name}" for name in ("going", "left"))
    going.mkdir(), left.mkdir()
    removal = threading.Timer(0.1, going.rmdir)
    removal.start()
    (note,) = verify_run(paths.path).notes
    assert note.startswith(f"{left.name}: ")
    removal.join()


def test_a_folder_that_goes_while_leftovers_are_looked_for_holds_none(paths: RunPaths) -> None:
    folders = [paths.checkpoints / f"{TEMPORARY_PREFIX}{name}" for name in ("a", "b")]
    for folder in folders:
        (folder / "inner").mkdir(parents=True)
    found = verify._temporaries(paths.path)
    assert next(found) in folders
    shutil.rmtree(paths.checkpoints)  # as the next start does with what a killed process left
    assert len([*found]) == 1  # the other one was listed before


def test_records_alone_are_checked_without_a_look_at_what_is_large(paths: RunPaths) -> None:
    assert verify.verify_records(paths.path).ok
    paths.metrics.write_text("{\n{}\n")
    paths.weights.write_bytes(b"")
    assert verify.verify_records(paths.path).ok and not verify_run(paths.path).ok
    change(paths.status, state=1)
    assert files(verify.verify_records(paths.path)) == ["status.json"]
