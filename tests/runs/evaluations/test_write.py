"""Evaluations have one writer at a time, and lose nothing by a kill at any moment."""

import hashlib
import os
import shutil
import threading
from pathlib import Path
from typing import Any

import pytest

from stride.errors import RunError, StrideError
from stride.runs.evaluations.read import best_evaluation, evaluations
from stride.runs.evaluations.write import Evaluations, sole_evaluator
from stride.runs.files.atomic import atomic_json
from stride.runs.layout import RunPaths
from stride.runs.records.streams import EvaluationRow


@pytest.fixture
def paths(tmp_path: Path) -> RunPaths:
    """Give a folder with the status of a run."""
    return begun(tmp_path / "0", "1" * 32)


def begun(folder: Path, uuid: str) -> RunPaths:
    folder.mkdir()
    atomic_json(RunPaths(folder).status, {"format_version": 3, "uuid": uuid})
    return RunPaths(folder)


def row(step: int, best: bytes = b"") -> EvaluationRow:
    values: dict[str, Any] = {"validation/epoch_loss": 1 / step}
    return EvaluationRow(
        step=step,
        epoch=1,
        time=1.0,
        seconds=0.5,
        checkpoint=f"a_b_c_epoch_{step}",
        model_sha256="0" * 64,
        splits=["validation"],
        values=values,
        best_sha256=hashlib.sha256(best).hexdigest() if best else None,
    )


def test_a_second_evaluator_is_refused_until_the_first_has_ended(paths: RunPaths) -> None:
    refused: list[str] = []

    def try_it() -> None:
        with pytest.raises(RunError) as told, sole_evaluator(paths):
            pass
        refused.append(told.value.what)

    with sole_evaluator(paths):
        other = threading.Thread(target=try_it)
        other.start()
        other.join()
    assert refused == ["another process evaluates the checkpoints of this run"]
    with sole_evaluator(paths, waits=True):
        pass


def test_nothing_is_made_where_a_run_was(paths: RunPaths) -> None:
    files = Evaluations(paths)
    shutil.move(paths.path, paths.path.parent / "elsewhere")
    assert files.is_gone()
    with pytest.raises(StrideError, match="No such file"):
        files.add(row(3, b"weights"), b"weights")
    with pytest.raises(StrideError, match="No such file"), sole_evaluator(paths):
        pass
    assert not paths.path.exists()


def test_another_run_in_its_place_is_not_taken_for_it(paths: RunPaths) -> None:
    files = Evaluations(paths)
    assert not files.is_gone()
    shutil.rmtree(paths.path)
    begun(paths.path, "2" * 32)
    assert files.is_gone()


def test_a_torn_row_is_cut_off_by_the_next(paths: RunPaths) -> None:
    Evaluations(paths).add(row(3))
    with paths.evaluations.open("ab") as stream:
        stream.write(b'{"step": 6, ')
    Evaluations(paths).add(row(9))
    assert [one["step"] for one in evaluations(paths)] == [3, 9]


def test_a_hard_linked_copy_stays_as_it_is(paths: RunPaths, tmp_path: Path) -> None:
    Evaluations(paths).add(row(3))
    copy = tmp_path / "copy.jsonl"
    os.link(paths.evaluations, copy)
    before = copy.read_bytes()
    Evaluations(paths).add(row(6))
    assert copy.read_bytes() == before != paths.evaluations.read_bytes()


def test_the_best_weights_are_those_of_the_best_row(paths: RunPaths) -> None:
    files = Evaluations(paths)
    files.add(row(3, b"three"), b"three")
    files.add(row(6))
    files.add(row(9, b"nine"), b"nine")
    assert best_evaluation(paths)["step"] == 9
    assert files.best is not None and files.best["step"] == 9
    assert paths.best_evaluated.read_bytes() == b"nine"
    assert not paths.next_evaluated.exists()


@pytest.mark.parametrize("written", [True, False])
def test_a_kill_between_the_row_and_the_weights_is_made_good(
    paths: RunPaths, written: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = Evaluations(paths)
    files.add(row(3, b"three"), b"three")
    with monkeypatch.context() as patch:
        patch.setattr(files, "_finish_move", lambda: None)  # as if killed before
        if written:
            files.add(row(6, b"six"), b"six")
        else:
            paths.next_evaluated.write_bytes(b"six")
    assert paths.best_evaluated.read_bytes() == b"three"
    again = Evaluations(paths)
    assert len(again.rows) == 1 + written
    assert paths.best_evaluated.read_bytes() == (b"six" if written else b"three")
    assert not paths.next_evaluated.exists()


def test_a_link_out_of_the_run_is_not_followed(paths: RunPaths, tmp_path: Path) -> None:
    (tmp_path / "private").mkdir()
    paths.best_evaluated.parent.symlink_to(tmp_path / "private")
    with pytest.raises(RunError, match="link out of the run folder"):
        Evaluations(paths).add(row(3, b"three"), b"three")
    assert not any((tmp_path / "private").iterdir())
