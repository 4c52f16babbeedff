"""`stride resume`: go on with a run where it was left."""

import json
from pathlib import Path

import pytest

from stride.config import resolve_layers
from stride.runs.writer import RunWriter

SMALL = ["--config", "work_dir=W", "--config", "dataset_kwargs.subsample_rate=0.2"]


def steps(n: int) -> list[str]:
    return ["--config", f"training_config.max_steps={n}"]


@pytest.fixture
def three(stride) -> None:
    """Leave a run of three steps as W/0."""
    assert stride(*SMALL, *steps(3)).code == 0


def state(run: Path) -> str:
    text: str = json.loads((run / "status.json").read_text())["state"]
    return text


def test_it_trains_on_in_the_same_folder_and_prints_it(stride, three, tmp_path) -> None:
    code, out, err = stride("resume", "W/0", *steps(5))
    assert (code, out) == (0, f"{tmp_path}/W/0\n")
    results = json.loads((tmp_path / "W/0/results.json").read_text())
    assert results["last"]["step"] == 5
    assert "resuming from step 3 (epoch 0)" in (tmp_path / "W/0/logs/rank0.log").read_text()
    assert "Traceback" not in err


def test_a_run_that_is_done_has_nothing_left(stride, three) -> None:
    code, out, err = stride("resume", "W/latest")
    assert (code, out) == (2, "")
    assert err.startswith("stride: error: run 0 is done: nothing is left to do")
    assert "type: stride resume W/0 training_config.max_" in err


def test_what_would_change_the_past_is_refused(stride, three, tmp_path) -> None:
    code, _, err = stride("resume", "W/0", "--config", "seed=4", *steps(5))
    assert code == 2
    assert "seed was 0 and is 4" in err and "stride fork" in err
    assert state(tmp_path / "W/0") == "done"


def test_a_live_run_is_left_alone(stride, tmp_path) -> None:
    resolved = resolve_layers(work_dir="W")
    provenance = {"command": [], "overrides": [], "origins": {}}
    writer = RunWriter.start(
        tmp_path / "W", config=resolved.config.to_json(), provenance=provenance
    )
    try:
        writer.status("running")
        code, out, err = stride("resume", "W/0", *steps(5))
        assert (code, out) == (2, "")
        assert err.startswith("stride: error: a process is writing this run")
        assert [path.name for path in (tmp_path / "W/0/segments").glob("*.json")] == ["0.json"]
    finally:
        writer.close("done")


def test_a_run_that_is_not_there_is_the_user_s_mistake(stride, three) -> None:
    code, _, err = stride("resume", "W/7")
    assert code == 2
    assert "W/7" in err or "'7'" in err


def test_the_data_may_lie_elsewhere(stride, tmp_path) -> None:
    (tmp_path / "old").mkdir()
    rows = "\n".join(f"{i % 7},{i % 5},{i % 2}" for i in range(60))
    (tmp_path / "old" / "a.csv").write_text(f"x,y,class\n{rows}\n")
    table = ["dataset_name=table", f"path={tmp_path}/old/a.csv", "target=class"]
    words = [word for text in table for word in ("--config", f"dataset_kwargs.{text}")]
    assert stride("--config", "work_dir=W", *words, *steps(2)).code == 0
    (tmp_path / "old").rename(tmp_path / "new")
    assert stride("resume", "W/0", *steps(3)).code == 2
    code, out, _ = stride("resume", "W/0", "--data-root", "new", *steps(3))
    assert (code, out) == (0, f"{tmp_path}/W/0\n")
