import json
import shutil
from pathlib import Path

import pytest

COMPLETE = Path(__file__).parents[2] / "runs" / "format_1" / "0"


@pytest.fixture
def whole(tmp_path: Path) -> Path:
    """Put two whole runs into the work_dir W of the test's folder."""
    for name in ("0", "10"):
        shutil.copytree(COMPLETE, tmp_path / "W" / name)
    (tmp_path / "W" / ".stride").mkdir()
    return tmp_path / "W"


def test_runs_that_are_well(stride, whole) -> None:
    code, out, err = stride("verify", "W/10", "W/0")
    assert (code, err) == (0, "")
    assert out == "".join(
        f"W/{name}: ok (1 checkpoint, 3 rows, 5 hashed files)\n" for name in ("10", "0")
    )


def test_a_problem_is_told_by_its_file_and_makes_the_exit_code_1(stride, whole) -> None:
    (whole / "0" / "results.json").write_text("{")
    code, out, err = stride("verify", "W/0", "W/10")
    lines = out.splitlines()
    assert (code, err) == (1, "")
    assert lines[0] == "W/0: 1 problem (1 checkpoint, 3 rows, 4 hashed files)"
    assert lines[1].startswith("  results.json: results.json is not JSON")
    assert lines[2].startswith("W/10: ok")


def test_all_runs_of_a_work_dir_the_broken_ones_too(stride, whole) -> None:
    (whole / "0" / "status.json").write_text("[]")
    shutil.copytree(COMPLETE, whole / "b")
    (whole / "figures").mkdir()
    with (whole / "b" / "metrics.jsonl").open("a") as stream:
        stream.write("{")
    code, out, _ = stride("verify", "W", "--all")
    assert code == 1
    heads = [line.partition(" (")[0] for line in out.splitlines() if line.startswith("W/")]
    assert heads == ["W/0: 1 problem", "W/10: ok", "W/b: ok"]
    assert "  note: metrics.jsonl: its last line is torn" in out


def test_json(stride, whole) -> None:
    (whole / "10" / "weights.safetensors").write_bytes(b"")
    code, out, err = stride("verify", "W", "--all", "--json")
    assert (code, err) == (1, "")
    first, second = json.loads(out)
    assert (first["path"], first["ok"], first["problems"]) == ("W/0", True, [])
    assert first["counts"]["files"] == 5
    assert {problem["file"] for problem in second["problems"]} == {"weights.safetensors"}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["W/7"], "no run '7' (W); type: stride ls W"),
        (["W"], "W is a work_dir, not a run; type: stride verify W --all"),
        (["V", "--all"], "no work_dir here (V); type: stride ls WORK_DIR"),
        (["W/0", "--all"], "this is a run folder, not a work_dir (W/0); type: stride verify W/0"),
    ],
)
def test_a_wrong_path(stride, whole, words, message) -> None:
    code, out, err = stride("verify", *words)
    assert (code, out, err) == (2, "", f"stride: error: {message}\n")


def test_a_work_dir_without_runs(stride, tmp_path) -> None:
    (tmp_path / "W").mkdir()
    assert stride("verify", "W", "--all") == (0, "", "no runs in W\n")
    assert json.loads(stride("verify", "W", "--all", "--json").out) == []


def test_a_copied_work_dir_without_its_hidden_folder(stride, whole) -> None:
    (whole / ".stride").rmdir()
    sentence = "stride: error: W is a work_dir, not a run; type: stride verify W --all\n"
    assert stride("verify", "W") == (2, "", sentence)


def test_the_runs_that_a_query_chooses_are_verified(stride, make_run) -> None:
    for seed in (1, 2, 3):
        make_run(f"seed={seed}")
    out = stride("verify", "W", "--where", "seed >= 2", "--json").out
    assert [report["path"] for report in json.loads(out)] == ["W/1", "W/2"]
    assert stride("verify", "W", "--where", "seed > 9").err == "no runs in W where seed > 9\n"
