"""The curves that a notebook shows of a run and of a list unasked."""

import json

import pytest

from stride import open_runs
from stride.runs.curves import in_output
from stride.runs.run import Run


@pytest.fixture
def work_dir(tmp_path):
    for name in "01":
        folder = tmp_path / name
        folder.mkdir()
        status = {"format_version": 3, "state": "done", "created": float(name), "segment": 0}
        status["monitor"] = {"metric": "validation/epoch_loss", "mode": "min"}
        (folder / "status.json").write_text(json.dumps(status))
        (folder / "config.json").write_text(json.dumps({"format_version": 3, "run": name}))
        rows = ({"step": n, "epoch": n, "validation/epoch_loss": 1 / n} for n in range(1, 9))
        (folder / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return tmp_path


def test_a_run_shows_its_curve_and_a_list_one_in_each_row(work_dir):
    assert Run(work_dir / "0")._repr_html_().count("<img") == 1
    shown = open_runs(work_dir)._repr_html_()
    assert shown.count("█▄▂▂▁▁▁▁") == 2 and ">curve<" in shown


def test_long_streams_are_not_read_unasked(work_dir, monkeypatch):
    size = (work_dir / "0" / "metrics.jsonl").stat().st_size
    monkeypatch.setattr(in_output, "MOST_BYTES", size)
    assert open_runs(work_dir)._repr_html_().count("█") == 1  # the newest
    monkeypatch.setattr(in_output, "MOST_BYTES", size - 1)
    assert "<img" not in Run(work_dir / "0")._repr_html_()
    assert ">curve<" not in open_runs(work_dir)._repr_html_()


@pytest.mark.parametrize("content", ["", "{broken\n{}\n", None])
def test_a_run_without_a_curve_is_shown_all_the_same(work_dir, content):
    file = work_dir / "0" / "metrics.jsonl"
    file.unlink() if content is None else file.write_text(content)
    shown = Run(work_dir / "0")._repr_html_()
    assert "<img" not in shown and ">done<" in shown
