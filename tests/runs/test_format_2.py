"""Law 8: a folder that format version 2 wrote is read, and gone on with, by this version."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from stride import Trainer, load_run, version
from stride.runs.files.atomic import read_json
from stride.runs.listing.query import list_runs
from stride.runs.reproduction.facts import differences
from stride.runs.run import Run
from stride.runs.verify.run import verify_run
from stride.version import FORMAT_VERSION, Change, changes_between

OLD = Path(__file__).parent / "format_2" / "0"
"""A whole run of version 2 as it was written then. It must stay readable: never change it."""

pytestmark = pytest.mark.fault("look at a folder of format version 2: read as it is")


@pytest.fixture
def old(tmp_path: Path) -> Path:
    shutil.copytree(OLD, tmp_path / "w" / "0")
    return tmp_path / "w" / "0"


def test_the_folder_is_older_than_this_stride() -> None:
    versions = {read_json(path)["format_version"] for path in OLD.rglob("*.json")}
    assert versions == {2} and FORMAT_VERSION > 2


def test_it_is_listed_and_gives_what_it_holds(old: Path) -> None:
    (row,) = list_runs(old.parent)
    assert (row.state, row.broken) == ("done", None)
    run = Run(old)
    assert [row["step"] for row in run.metrics()] == [1, 2]
    assert run.config.training_config.max_epochs == 2 and run.segments[0]["n"] == 0


def test_it_is_well(old: Path) -> None:
    report = verify_run(old)
    assert report.ok and not report.notes
    assert (report.counts["checkpoints"], report.counts["files"]) == (1, 5)


def test_its_model_is_loaded_and_evaluated(old: Path) -> None:
    run = load_run(old)
    assert run.evaluate("test") == pytest.approx(run.results["test"], rel=1e-4)


def resumed(old: Path) -> Mapping[str, Any]:
    """Train an epoch more; return how exactly the run was restored."""
    Trainer(str(old.parent)).fit({"training_config.max_epochs": 3}, resume="0")
    found: Mapping[str, Any] = Run(old).segments[1]["fidelity"]
    return found


def test_it_is_resumed_and_its_log_names_what_the_format_has_since(old: Path) -> None:
    fidelity = resumed(old)
    assert {"model", "optimizer", "random"} <= set(fidelity["exact"])
    named = [name for name in fidelity["inexact"] if name.startswith("format")]
    assert bool(named) == any(change.bits for change in changes_between(2))
    run = Run(old)
    assert [row["step"] for row in run.metrics()] == [1, 2, 3] and run.state == "done"
    assert verify_run(old).ok
    for change in changes_between(2):
        assert f"new in format {change.version}: {change.what}" in run.log()


OTHER_BITS = Change(3, "means are weighted", bits=True)


def test_a_change_that_other_bits_come_of_is_called_inexact(
    old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    changes = (OTHER_BITS, Change(3, "and rounded", bits=True))
    monkeypatch.setattr(version, "FORMAT_CHANGES", changes)
    assert resumed(old)["inexact"]["format 3"] == "means are weighted; and rounded"


def test_a_change_that_other_bits_come_of_is_a_cause_of_a_divergence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    two, three = ({"format_version": n} for n in (2, 3))
    monkeypatch.setattr(version, "FORMAT_CHANGES", (OTHER_BITS._replace(bits=False),))
    assert differences(two, three) == []
    monkeypatch.setattr(version, "FORMAT_CHANGES", (OTHER_BITS,))
    assert differences(two, three) == ["format 3 has changed: means are weighted"]
    assert differences(three, three) == []


def test_each_version_says_what_it_changed() -> None:
    versions = {change.version for change in changes_between(1)}
    assert versions == set(range(2, FORMAT_VERSION + 1))
