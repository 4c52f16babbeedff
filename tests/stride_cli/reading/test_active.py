import csv
import io
import json
import subprocess
import sys

import pytest

from stride.runs.layout import WorkDirPaths
from stride.trainers.active.trainer import ActiveTrainer

SMALL = [
    "device=cpu",
    "dataset_kwargs.subsample_rate=0.05",
    "model_kwargs.model_name=MLP",
    "model_kwargs.hidden=[6]",
    "training_config.max_epochs=2",
    "active_config.start_size=6",
    "active_config.num_queries=4",
    "active_config.num_rounds=2",
]
CONFIG = [word for text in SMALL for word in ("--config", text)]


def test_strategies_are_compared_and_not_done_again(stride, tmp_path):
    words = ["active", "W", "--compare", "UniformSampling, CoreSet", "--seeds", "2", *CONFIG]
    code, out, err = stride(*words, "--target", "0.01")
    assert code == 0
    header, *rows = out.splitlines()
    assert header.split()[:4] == ["strategy", "runs", "6", "labels"]
    assert "vs UniformSampling" in header and header.endswith("labels to 0.01")
    assert {row.split()[0] for row in rows} == {"UniformSampling", "CoreSet"}
    assert [line for line in err.splitlines() if line.startswith("run ")] == [
        "run 1 of 4: UniformSampling, seed 0",
        "run 2 of 4: CoreSet, seed 0",
        "run 3 of 4: UniformSampling, seed 1",
        "run 4 of 4: CoreSet, seed 1",
    ]
    assert WorkDirPaths(tmp_path / "W").curves.is_file()
    again = stride(*words, "--target", "0.01")
    assert again.out == out and again.err.count("is done already") == 4
    assert len(json.loads(stride("ls", "W", "--json").out)) == 4
    lines = stride("ls", "W").out.splitlines()
    assert lines[0].startswith("all runs: ")
    assert lines[2].endswith("active_config.strategy=CoreSet seed=1")
    read = stride("active", "W", "--target", "0.01")
    assert read.out == out


def test_ctrl_c_ends_it_and_the_same_goes_on(stride, tmp_path):
    words = ["active", "W", "--compare", "CoreSet", "--seeds", "0,", *CONFIG]
    code = f"""
import os, signal, sys
from stride.trainers.active.trainer import ActiveTrainer
from stride_cli.app import main
def after_step(self, step):
    if self.state.step == 2:
        os.kill(os.getpid(), signal.SIGINT)
ActiveTrainer.after_step = after_step
sys.argv = ["stride", *{words!r}]
main()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 130, done.stderr
    assert done.stdout == ""
    assert "to resume, type the same again" in done.stderr
    code, out, err = stride(*words)
    assert code == 0 and "run 1 of 1: CoreSet, seed 0, goes on with W/0" in err
    assert "CoreSet" in out


def test_the_curves_of_a_work_dir(stride, make_active):
    for seed in (0, 1):
        make_active(seed, "UniformSampling", 0.1, 0.5 + seed / 10)
        make_active(seed, "BADGE", 0.1, 0.75 + seed / 8)
    make_active(2, "BADGE", 0.1, state="interrupted")
    code, out, err = stride("active", "W")
    assert code == 0
    assert out.splitlines() == [
        "strategy         runs      10 labels      20 labels           area  "
        "vs UniformSampling  verdict",
        "BADGE               2  0.100 ± 0.000  0.812 ± 0.088  0.456 ± 0.044      "
        "+0.131 ± 0.006   better",
        "UniformSampling     2  0.100 ± 0.000  0.550 ± 0.071  0.325 ± 0.035      "
        "             -        -",
    ]
    assert "left out, as not done: 4 (interrupted)" in err
    assert "test/accuracy: mean ± standard deviation over the seeds" in err


def test_curves_as_json_and_csv(stride, make_active):
    make_active(0, "BADGE", 0.1, 0.75)
    make_active(1, "BADGE", 0.1, 0.25)
    found = json.loads(stride("active", "W", "--json", "-m", "test_loss", "--target", "0.5").out)
    assert found["metric"] == "test/loss" and found["mode"] == "min"
    assert found["groups"][0]["labels_needed"] == [20, None]
    (row,) = csv.DictReader(io.StringIO(stride("active", "W", "--csv").out))
    assert row["name"] == "BADGE" and row["20"] == "0.5" and row["difference"] == ""


def test_showing_curves_writes_nothing_and_needs_no_torch(stride, make_active, tmp_path):
    make_active(0, "BADGE", 0.1, 0.75)
    before = sorted(tmp_path.rglob("*"))
    code = """
import sys
from stride_cli.app import app
app(["active", "W"], standalone_mode=False)
assert not {"torch", "numpy", "matplotlib"} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", code], check=True, cwd=tmp_path, timeout=60)
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (["--compare", "UniformSampling,BADG"], "did you mean 'BADGE'?"),
        (["--compare", "BADGE", "--seeds", "0"], "type how many, as 5, or which ones, as 0,3,7"),
        (["--compare", "BADGE", "--seeds", "1,x"], "'1,x' are not seeds (--seeds)"),
        (["--compare", " , "], "--compare names no strategy"),
        (["--compare", "BADGE", "--config", "seed=3"], "type: --seeds 0,1,2"),
        (["--seeds", "3"], "add --compare A,B"),
        (["--config", "seed=3"], "add --compare A,B"),
        ([], "no work_dir here"),
    ],
)
def test_mistakes_are_refused_before_anything_runs(stride, tmp_path, words, error):
    code, out, err = stride("active", "W", *words)
    assert (code, out) == (2, "") and error in err and err.count("\n") == 1
    assert not (tmp_path / "W").exists()


def test_a_work_dir_without_curves(stride, make_run):
    make_run("seed=1")
    code, _, err = stride("active", "W")
    assert code == 2
    assert err == (
        "stride: error: no run of active learning is done here (W); "
        "type: stride active W --compare UniformSampling,EntropySampling\n"
    )


def test_what_is_not_done_after_all_is_told(stride, monkeypatch):
    monkeypatch.setattr(ActiveTrainer, "before_train", _stop, raising=False)
    words = ["active", "W", "--compare", "CoreSet", "--seeds", "1", *CONFIG]
    code, out, err = stride(*words)
    assert (code, out) == (2, "")
    assert "none of the runs is done (W); type: stride ls W" in err


def _stop(self):
    self.stop("enough")


ROUND = {"labelled": 10, "metrics": {"test/accuracy": 0.5}}


@pytest.mark.parametrize(
    ("file", "content", "why"),
    [
        ("rounds", "", "no round has measured"),
        ("rounds", json.dumps(ROUND | {"labelled": "x"}), "line 1 is not a round"),
        ("rounds", json.dumps(ROUND | {"labelled": -1}), "line 1 is not a round"),
        ("rounds", json.dumps(ROUND | {"metrics": [1]}), "line 1 is not a round"),
        (
            "rounds",
            json.dumps(ROUND | {"metrics": {"test/accuracy": []}}),
            "a metric is not a number",
        ),
        ("curve", "[]", "curve.json has no format_version"),
        ("curve", '{"format_version": 3, "metric": 1}', "curve.json names no metric"),
        ("config", "[]", "config.json has no format_version"),
        ("provenance", '{"format_version": 3, "origins": 3}', "provenance.json has no origins"),
        ("status", "{oops", "status.json is not JSON"),
    ],
)
def test_a_run_that_cannot_be_read_is_left_out_with_its_reason(
    stride, make_active, file, content, why
):
    for seed in range(2):
        make_active(seed, "UniformSampling", 0.5, 0.7)
    getattr(make_active(2, "UniformSampling", 0.5, 0.7), file).write_text(content)
    code, out, err = stride("active", "W", "--json")
    assert code == 0
    assert [group["runs"] for group in json.loads(out)["groups"]] == [["0", "1"]]
    assert err.startswith(f"left out, as it cannot be read: 2 ({why}")
