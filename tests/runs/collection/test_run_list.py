"""Many runs in Python: chosen, sorted and shown as on the command line."""

import json
import sys
from pathlib import Path

import pytest

from stride import open_runs
from stride.errors import MissingExtra, RunError, UserError

LOSSES = {"0": 0.5, "1": 0.25, "big-lr": 0.75}


@pytest.fixture
def work_dirs(tmp_path: Path) -> Path:
    for number, (name, loss) in enumerate(LOSSES.items()):
        folder = tmp_path / ("v" if name == "1" else "w") / name
        folder.mkdir(parents=True)
        status = {
            "format_version": 3,
            "state": "done",
            "created": 100.0 + number,
            "segment": 0,
            "overrides": [f"seed={number}"],
            "metrics": {"best": {"validation/loss": loss}, "test": {"test/loss": loss * 2}},
            "monitor": {"metric": "validation/loss", "mode": "min"},
        }
        config = {"format_version": 3, "run": name, "seed": number, "optimizer_kwargs": {"lr": 1}}
        (folder / "status.json").write_text(json.dumps(status))
        (folder / "config.json").write_text(json.dumps(config))
    return tmp_path


def names(runs) -> list[str]:
    return [run.name for run in runs]


def test_runs_of_several_work_dirs_are_chosen_and_sorted(work_dirs: Path) -> None:
    runs = open_runs(work_dirs)
    assert names(runs) == ["big-lr", "1", "0"]
    assert names(runs.where("seed < 2")) == ["1", "0"]
    assert names(runs.sort("validation/loss")) == ["1", "0", "big-lr"]
    assert names(runs[1:]) == ["1", "0"] and runs[-1].path == work_dirs / "w" / "0"
    assert runs.best().name == "1"
    chosen = open_runs(work_dirs / "w", work_dirs / "v", where="seed != 1", sort="-test/loss")
    assert names(chosen) == ["big-lr", "0"]
    assert repr(chosen) == "RunList(2 runs: big-lr, 0)"
    assert names(runs.where("seed == 9").sort("anything")) == []


def test_what_is_wrong_is_told(work_dirs: Path) -> None:
    with pytest.raises(RunError, match="no work_dir here"):
        open_runs(work_dirs / "nowhere")
    with pytest.raises(UserError, match="no run here has 'sed'"):
        open_runs(work_dirs, where="sed == 1")
    with pytest.raises(RunError, match="no finished run"):
        open_runs(work_dirs, where="seed == 9").best()


def test_a_notebook_shows_a_table(work_dirs: Path) -> None:
    page = open_runs(work_dirs / "w")._repr_html_()
    assert page.count("<tr>") == 3 and "big-lr" in page and "<td" in page


def test_a_frame_has_config_and_metrics(work_dirs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    frame = open_runs(work_dirs).frame()
    assert list(frame["run"]) == ["big-lr", "1", "0"] and set(frame["status"]) == {"done"}
    assert list(frame["seed"]) == [2, 1, 0] and set(frame["optimizer_kwargs.lr"]) == {1}
    assert list(frame["test/loss"]) == [1.5, 0.5, 1.0]
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(MissingExtra, match="pandas"):
        open_runs(work_dirs / "v").frame()
