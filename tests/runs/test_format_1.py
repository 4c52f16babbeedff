"""Law 8: a folder that format version 1 wrote is read by everything that reads."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stride import load_run
from stride.errors import StrideError
from stride.runs.compare import compare, diff
from stride.runs.files.atomic import atomic_json, read_json
from stride.runs.layout import CheckpointPaths, RunPaths
from stride.runs.listing.query import list_runs
from stride.runs.reproduction.compare import compare_runs
from stride.runs.run import Run
from stride.runs.status import current_state
from stride.runs.verify.run import verify_run
from stride.version import FORMAT_VERSION

OLD = Path(__file__).parent / "format_1" / "0"
"""A whole run of version 1 as it was written then. It must stay readable: never change it."""


pytestmark = pytest.mark.fault("look at a folder of format version 1: read as it is")


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """Return the old run in a work_dir, beside a second one."""
    for name in ("0", "1"):
        shutil.copytree(OLD, tmp_path / "w" / name)
    atomic_json(tmp_path / "w" / "1" / "config.json", read_json(OLD / "config.json") | {"seed": 1})
    return tmp_path / "w" / "0"


def test_the_folder_is_older_than_this_stride() -> None:
    versions = {read_json(path)["format_version"] for path in OLD.rglob("*.json")}
    assert versions == {1} and FORMAT_VERSION > 1


def test_it_is_listed(old: Path) -> None:
    rows = list_runs(old.parent)
    assert [(row.name, row.state, row.broken) for row in rows] == [
        ("1", "done", None),
        ("0", "done", None),
    ]
    assert rows[1].best["validation/epoch_loss"] == 2.3414842234717477


def test_it_gives_what_it_holds(old: Path) -> None:
    run = Run(old)
    assert run.config.training_config.max_epochs == 3
    assert [row["step"] for row in run.metrics()] == [4, 8, 12]
    assert run.results["test"]["test/accuracy"] == 0.11851851851851852
    assert [segment["n"] for segment in run.segments] == [0]
    assert run.provenance["devices"] == ["cpu"]
    assert "digits" in run.checkpoints()[0].name
    assert run.log()


def test_it_is_well(old: Path) -> None:
    report = verify_run(old)
    assert report.ok and not report.notes and report.counts["files"] == 5


def test_it_is_compared(old: Path) -> None:
    runs = [Run(old), Run(old.parent / "1")]
    assert compare(runs).config == {"seed": [0, 1]}
    assert diff(*runs).metrics == {}
    record = compare_runs(*(run.paths for run in runs))
    assert (record.steps, record.weights, record.largest_difference) == (0, "identical", None)


def test_its_model_is_loaded_and_evaluated(old: Path) -> None:
    run = load_run(old)
    assert sum(parameter.numel() for parameter in run.model.parameters()) == 318
    assert run.evaluate("test") == pytest.approx(run.results["test"], rel=1e-4)


Read = Callable[[Path], Any]
READERS: dict[str, Read] = {
    "status.json": lambda path: (Run(path).status, current_state(RunPaths(path))),
    "config.json": lambda path: Run(path).raw_config,
    "provenance.json": lambda path: Run(path).provenance,
    "results.json": lambda path: Run(path).results,
    "segments/0.json": lambda path: Run(path).segments,
}


@pytest.mark.parametrize("name", READERS)
def test_a_newer_folder_is_refused_with_what_to_do(old: Path, name: str) -> None:
    newer(old / name)
    with pytest.raises(StrideError, match=r"newer STRIDE \(format 4, not 3\).*get a newer"):
        READERS[name](old)


def test_the_weights_of_a_newer_folder_are_not_loaded(old: Path) -> None:
    for path in old.rglob("*.json"):
        newer(path)
    for load in (lambda run: run.model, lambda run: run.evaluate("test")):
        with pytest.raises(StrideError, match="get a newer"):
            load(load_run(old))


def test_a_checkpoint_of_a_newer_stride_is_not_read(old: Path) -> None:
    from stride.engine.checkpoint.checkpoint import read_state

    (folder,) = Run(old).checkpoints()
    newer(CheckpointPaths(folder).record)
    with pytest.raises(StrideError, match="get a newer"):
        read_state(folder)


def test_a_newer_folder_hides_no_other(old: Path) -> None:
    newer(old / "status.json")
    rows = {row.name: row for row in list_runs(old.parent)}
    assert rows["1"].state == "done"
    assert "newer STRIDE (format 4, not 3)" in str(rows["0"].broken)
    problems = verify_run(old).problems
    assert [problem.file for problem in problems] == ["status.json"]
    assert "get a newer" in problems[0].what


def newer(path: Path) -> None:
    path.write_text(json.dumps(read_json(path) | {"format_version": 4}))
