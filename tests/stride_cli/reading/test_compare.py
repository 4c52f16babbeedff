import csv
import io
import json
import shutil

import pytest


def test_runs_side_by_side(stride, make_run) -> None:
    make_run("seed=3", loss=0.5)
    make_run("seed=4", loss=0.25)
    code, out, err = stride("compare", "W")
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        "run  status  best validation/epoch_loss  seed",
        "0    done                          0.5      3",
        "1    done                          0.25     4",
    ]


def test_named_runs_in_their_order_and_once(stride, make_run) -> None:
    for seed in (1, 2, 3):
        make_run(f"seed={seed}")
    found = json.loads(stride("compare", "W/2", "W/0", "W/latest", "--json").out)
    assert [row["path"] for row in found] == ["W/2", "W/0"]
    assert [row["config"] for row in found] == [{"seed": 3}, {"seed": 1}]


def test_a_broken_run_hides_no_other(stride, make_run) -> None:
    make_run("seed=3")
    make_run("seed=4")
    make_run().status.write_text("{oops")
    lines = stride("compare", "W").out.splitlines()
    assert [line.split()[:2] for line in lines[1:]] == [
        ["0", "done"],
        ["1", "done"],
        ["2", "broken"],
    ]


def test_a_run_claimed_just_now_hides_no_other(stride, make_run) -> None:
    make_run("seed=3")
    make_run("seed=4").config.unlink()
    code, out, err = stride("compare", "W")
    assert (code, err) == (0, "")
    assert [line.split()[0] for line in out.splitlines()[1:]] == ["0", "1"]


def test_csv_with_chosen_metrics(stride, make_run) -> None:
    make_run("optimizer_kwargs.lr=0.5")
    make_run()
    rows = list(
        csv.DictReader(io.StringIO(stride("compare", "W", "--csv", "-m", "val_accuracy").out))
    )
    assert [row["validation/epoch_accuracy"] for row in rows] == ["0.9", "0.9"]
    assert [row["optimizer_kwargs.lr"] for row in rows] == ["0.5", ""]


def test_a_copied_work_dir_without_its_hidden_folder(stride, make_run, tmp_path) -> None:
    make_run("seed=3")
    make_run("seed=4")
    shutil.copytree(tmp_path / "W", tmp_path / "V", ignore=shutil.ignore_patterns(".stride"))
    code, out, err = stride("compare", "V")
    assert (code, err) == (0, "")
    assert [line.split()[0] for line in out.splitlines()[1:]] == ["0", "1"]
    sentence = "stride: error: V is a work_dir, not a run; type: V/latest\n"
    assert stride("show", "V") == (2, "", sentence)


@pytest.mark.parametrize("content", ["[]", "{oops", '{"format_version": 99}', '{"x":' * 900])
def test_a_broken_config_is_a_row_with_its_reason(stride, make_run, content: str) -> None:
    make_run("seed=1")
    make_run("seed=2").config.write_text(content)
    make_run("seed=3")
    code, out, _ = stride("compare", "W")
    assert code == 0
    assert "1    broken (config.json" in out and out.count("done") == 2
    rows = json.loads(stride("compare", "W", "--json").out)
    assert [row["config"] for row in rows] == [{"seed": 1}, {}, {"seed": 3}]
    assert rows[1]["reason"].startswith("config.json")


def test_results_of_other_types_are_none(stride, make_run) -> None:
    make_run("seed=1")
    paths = make_run("seed=2")
    record = json.loads(paths.results.read_text())
    paths.results.write_text(json.dumps(record | {"best": [[1]], "test": "x"}))
    assert stride("compare", "W").code == stride("diff", "W/0", "W/1").code == 0
