"""Checkpoints go, the index names what is left, and nothing else of the run is another."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from stride.errors import RunError, UserError
from stride.runs.files import atomic
from stride.runs.files.atomic import atomic_json
from stride.runs.keeping.prune import Keep, plan, prune
from stride.runs.layout import RunPaths
from stride.runs.tags.tags_json import change_tags
from stride.runs.verify.run import verify_run
from stride.runs.writer import RunWriter

NAMES = tuple(f"m_d_x_epoch_{n}" for n in (1, 2, 9, 10))


@pytest.fixture
def paths(tmp_path: Path) -> RunPaths:
    """Give a run with four checkpoints, of which the second is the best."""
    writer = RunWriter.start(tmp_path / "w", config={"work_dir": "w"}, provenance={})
    writer.status("running")
    for name in NAMES:
        with writer.commit_folder(writer.paths.checkpoint(name).path) as folder:
            (folder / "x").write_bytes(b"12345")
    entries = [{"name": name, "step": n, "epoch": n, "time": 1.0} for n, name in enumerate(NAMES)]
    index = {"entries": entries, "best": NAMES[1], "last": NAMES[3], "segment": 0}
    writer.commit(writer.paths.checkpoint_index, {"format_version": 3, **index})
    writer.close("done")
    return writer.paths


def index_of(paths: RunPaths) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(paths.checkpoint_index.read_text())
    return found


def set_state(paths: RunPaths, state: str) -> None:
    status = json.loads(paths.status.read_text())
    atomic_json(paths.status, status | {"state": state})
    segment = json.loads(paths.segment(0).read_text())
    atomic_json(paths.segment(0), segment | {"process_start": "1"})  # which is gone


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("best,last", NAMES[1::2]),
        (" best", NAMES[1:2]),
        ("last", NAMES[3:]),
        ("none", ()),
        ("tag:paper", ()),
        ("tag:other,best,tag:seen", NAMES),
    ],
)
def test_what_is_named_stays(paths: RunPaths, text: str, kept: tuple[str, ...]) -> None:
    change_tags(paths, ["seen"])
    before = {p: p.read_bytes() for p in paths.path.rglob("*") if p.is_file() and "checkpoints" not in p.parts}  # fmt: skip  # noqa: E501
    plan_of_run = plan(paths, Keep.parse(text))
    assert paths.checkpoint_names() == list(NAMES)
    prune(plan_of_run)
    assert (plan_of_run.kept, tuple(paths.checkpoint_names())) == (kept, kept)
    index = index_of(paths)
    assert tuple(entry["name"] for entry in index["entries"]) == kept
    assert index.get("last") == (kept[-1] if kept else None)
    assert index.get("best") == (NAMES[1] if NAMES[1] in kept else None)
    assert {path: path.read_bytes() for path in before} == before


@pytest.mark.parametrize("state", ["interrupted", "failed", "stopped", "waiting"])
def test_what_can_go_on_keeps_its_last(paths: RunPaths, state: str) -> None:
    set_state(paths, state)
    assert plan(paths, Keep.parse("none")).kept == NAMES[3:]
    assert plan(paths, Keep.parse("best")).kept == NAMES[1::2]


def test_without_a_best_the_last_stays(paths: RunPaths) -> None:
    index = index_of(paths)
    del index["best"]
    atomic_json(paths.checkpoint_index, index)
    assert plan(paths, Keep.parse("best")).kept == NAMES[3:]
    paths.checkpoint_index.unlink()  # as of a run that was killed
    assert plan(paths, Keep.parse("best")).kept == NAMES[3:]


@pytest.mark.parametrize("text", ["", "bets", "best,none", "tag:", "tag:A b"])
def test_a_wrong_word_is_refused(text: str) -> None:
    with pytest.raises(UserError):
        Keep.parse(text)


def test_a_run_in_use_or_broken_stays(paths: RunPaths) -> None:
    made = plan(paths, Keep.parse("none"))
    RunWriter.resume(paths.path)
    for act in (lambda: plan(paths, Keep()), lambda: prune(made)):
        with pytest.raises(RunError, match="is running"):
            act()
    assert paths.checkpoint_names() == list(NAMES)
    set_state(paths, "done")
    paths.segment(1).unlink()
    paths.checkpoint_index.write_text("{")
    with pytest.raises(RunError, match="not JSON"):
        plan(paths, Keep.parse("none"))
    paths.status.write_text("{")
    with pytest.raises(RunError, match="cannot be read"):
        plan(paths, Keep.parse("none"))


def test_all_that_is_pruned_is_no_problem_and_a_lost_one_is(paths: RunPaths) -> None:
    def problems() -> list[str]:
        return [one.file for one in verify_run(paths.path).problems if "checkpoints" in one.file]

    index = paths.checkpoint_index.read_bytes()
    prune(plan(paths, Keep.parse("none")))
    assert problems() == []
    assert "checkpoints: all of them were pruned" in verify_run(paths.path).notes
    paths.checkpoint_index.write_bytes(index)
    assert "checkpoints" in problems()


def test_a_pruning_that_is_killed_is_finished_by_the_next(
    paths: RunPaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def kill(*_: object, **__: object) -> None:
        raise Killed

    for place, left in ((atomic.shutil, "rmtree"), (atomic.os, "rename")):
        with monkeypatch.context() as patch:
            patch.setattr(place, left, kill)
            with pytest.raises(Killed):
                prune(plan(paths, Keep.parse("best")))
    assert [entry["name"] for entry in index_of(paths)["entries"]] == [NAMES[1]]
    prune(plan(paths, Keep.parse("best")))
    assert sorted(os.listdir(paths.checkpoints)) == ["index.json", NAMES[1]]


@pytest.mark.parametrize(("keep", "stays"), [("last", True), ("none", False)])
def test_the_files_of_a_replay_buffer_go_with_the_last_checkpoint(
    paths: RunPaths, keep: str, stays: bool
) -> None:
    paths.replay_of(0).mkdir(parents=True)
    pruning = plan(paths, Keep.parse(keep))
    assert (paths.replay in pruning.folders()) is not stays
    prune(pruning)
    assert paths.replay.exists() is stays
