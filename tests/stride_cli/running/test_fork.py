"""`stride fork`: start a new run from a checkpoint of another."""

import json
from pathlib import Path

import pytest

SMALL = ["--config", "work_dir=W", "--config", "dataset_kwargs.subsample_rate=0.2"]


@pytest.fixture
def parent(stride) -> None:
    """Leave a run of six steps with a checkpoint each second step as W/0."""
    often = ["--config", "checkpoint_config.every_steps=2"]
    more = ["--config", "training_config.max_steps=6", "--config", "checkpoint_config.keep_last=9"]
    assert stride(*SMALL, *often, *more).code == 0


def read(path: Path) -> dict[str, object]:
    values: dict[str, object] = json.loads(path.read_text())
    return values


def test_a_new_run_begins_where_the_checkpoint_was_and_is_printed(stride, parent, tmp_path) -> None:
    code, out, err = stride("fork", "W/0", "--at", "2", "--config", "optimizer_kwargs.lr=0.5")
    assert (code, out) == (0, f"{tmp_path}/W/1\n")
    lineage = read(tmp_path / "W/1/provenance.json")["parent"]
    assert isinstance(lineage, dict)
    assert (lineage["run"], lineage["step"]) == (f"{tmp_path}/W/0", 2)
    assert "Traceback" not in err
    shown = json.loads(stride("show", "W/1", "--json").out)
    assert "fork" in json.dumps(shown)


def test_the_last_checkpoint_and_the_best_have_names(stride, parent, tmp_path) -> None:
    assert (
        stride("fork", "W/0", "--at", "last", "--config", "training_config.max_steps=7").code == 0
    )
    assert stride("fork", "W/latest", "--config", "training_config.max_steps=8").code == 0
    assert (tmp_path / "W/2/results.json").is_file()


def test_a_checkpoint_that_is_not_there_is_told_with_those_that_are(
    stride, parent, tmp_path
) -> None:
    code, out, err = stride("fork", "W/0", "--at", "5")
    assert (code, out) == (2, "")
    assert err.startswith("stride: error: no checkpoint '5'")
    assert "type one of: best, last, " in err and "_step_2" in err
    assert not (tmp_path / "W/1").exists()
