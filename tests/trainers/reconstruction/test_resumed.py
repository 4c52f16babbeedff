"""Killed at any step and resumed, a reconstruction leaves the bits of one that was not."""

import csv
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.integration.same_runs import problems_of
from tests.trainer.killing import Killed, Killer
from tests.trainers.reconstruction.trainings import fitted, made, rows_of

EACH: dict[str, Any] = {"checkpoint_config": {"every_steps": 2, "keep_last": 2}}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    trainer = fitted(tmp_path_factory.mktemp("whole"), **EACH, **RESTORING)
    swapped = [n for n, row in enumerate(rows_of(trainer)) if row["swapped"] == "1"]
    assert swapped[:1] == [2]  # at step 6
    return trainer.run.paths.path


RESTORING = {"reconstruction_config": {"optimizer_state": "restore"}}


@pytest.mark.parametrize(
    "step",
    [pytest.param(1, marks=pytest.mark.slow), 7, 9, pytest.param(18, marks=pytest.mark.slow)],
)
def test_killed_in_mid_epoch_and_at_its_end_after_a_swap(
    tmp_path: Path, whole: Path, step: int
) -> None:
    with pytest.raises(Killed):
        made(tmp_path, [Killer(step)], **EACH, **RESTORING).fit()
    again = made(tmp_path, **EACH, **RESTORING)
    again.fit(resume=0)
    assert problems_of(again.run.paths.path, whole) == []
    log = (again.run.paths.path / "logs" / "rank0.log").read_text()
    assert "not exact" not in log
    times = [float(row["wall_seconds"]) for row in rows_of(again)]
    assert times == sorted(times)


def test_rows_of_epochs_that_are_done_again_are_there_once(tmp_path: Path, whole: Path) -> None:
    """As where a kill came after a row was written and before its checkpoint."""
    with pytest.raises(Killed):
        made(tmp_path, [Killer(7)], **EACH, **RESTORING).fit()
    table = tmp_path / "0" / "errors.csv"
    with (whole / "errors.csv").open() as file:
        rows = list(csv.reader(file))
    torn = ",".join(rows[4])[:-20]
    table.write_text(table.read_text() + ",".join(rows[4]) + "\n" + torn)
    (tmp_path / "0" / "milestones" / "epoch_4.safetensors").write_bytes(b"torn")
    again = made(tmp_path, **EACH, **RESTORING)
    again.fit(resume=0)
    assert problems_of(again.run.paths.path, whole) == []


def test_what_was_killed_while_it_concluded_concludes(tmp_path: Path, whole: Path) -> None:
    shutil.copytree(whole, tmp_path / "0")
    for name in ("results.json", "reconstruction.json", "examples.safetensors", "errors.csv"):
        (tmp_path / "0" / name).unlink()
    status = tmp_path / "0" / "status.json"
    status.write_text(status.read_text().replace('"done"', '"interrupted"'))
    again = made(tmp_path, **EACH, **RESTORING)
    again.fit(resume=0)
    found = problems_of(again.run.paths.path, whole)
    assert found == []


def test_a_fork_goes_on_with_the_rows_of_its_origin(tmp_path: Path) -> None:
    fitted(tmp_path, training_config={"max_epochs": 2})
    fork = made(tmp_path)
    fork.fork(0, "last", {"training_config.max_epochs": 3})
    assert [row["epoch"] for row in rows_of(fork)] == ["0", "1", "2", "3"]
