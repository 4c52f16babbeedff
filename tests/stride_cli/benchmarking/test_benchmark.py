"""`stride benchmark`: cells are trained and kept, and the table is that of all runs there."""

import csv
import io
import json
import os
import re
import signal
import subprocess
import sys
import time

import pytest

from tests.stride_cli.benchmarking.conftest import SETTING, TINY
from tests.stride_cli.programs.test_answer_schemas import check

FILE = """
datasets = ["sines"]
seeds = 2
overrides = {training_config = {max_epochs = 99}}

[[models]]
name = "FeedForwardAE"
title = "narrow"
hidden = [2]

[[models]]
name = "MLP"
dropout = 0
"""


TRIVIAL = ["random", "mean |x|"]


def table(out: str) -> list[str]:
    """Return the rows of the first table, each cell after two blanks."""
    lines = out.split("\n\n")[0].splitlines()
    head = next(at for at, line in enumerate(lines) if line.startswith("model "))
    return lines[head + 1 :]


def models(out: str) -> list[str]:
    return [line.split("  ")[0] for line in table(out) if line.split("  ")[0] not in TRIVIAL]


def test_what_is_missing_is_trained_and_the_table_is_of_all(benchmark, stride, tmp_path):
    plan = benchmark("--models", "FeedForwardAE", "--datasets", "sines", "--plan")
    assert plan.err.startswith("sweep benchmark in W: 1 to train\n")
    assert not (tmp_path / "W").exists()
    first = benchmark("--models", "FeedForwardAE", "--datasets", "sines")
    assert first.code == 0 and first.out.startswith("test/roc_auc: mean ± deviation (seeds); larg")
    assert "best so far" not in first.err
    more = benchmark(
        *("--models", "FeedForwardAE,FeedForwardAE(lr=0.1)"),
        *("--datasets", "sines,sines(data_seed=1)", "--pack", "4"),
    )
    lines = more.err.splitlines()
    assert lines[0] == "sweep benchmark in W: 3 to train, 1 kept"
    assert models(more.out) == ["FeedForwardAE", "FeedForwardAE lr=0.1"]
    assert more.out.count("(1)") == 4 and "mean rank" in more.out
    again = benchmark("--models", "FeedForwardAE", "--datasets", "sines")
    assert "1 kept, 3 left behind" in again.err and again.out == more.out
    assert stride("benchmark", "W").out == more.out
    assert len([*tmp_path.glob("W/[0-9]*")]) == 4

    found = check("benchmark", stride("benchmark", "W", "--json", "-m", "test/l1").out)
    (metric,) = found["metrics"]
    assert metric["ranked_over"] == found["datasets"] == ["sines", "sines data_seed=1"]
    sheet = csv.DictReader(io.StringIO(stride("benchmark", "W", "--csv", "-m", "test/l1").out))
    cells = [(one["model"], one["dataset"], one["mean"]) for one in metric["cells"]]
    assert [(row["model"], row["dataset"], float(row["mean"])) for row in sheet] == cells
    assert stride("benchmark", "W", "--md").out.count("| FeedForwardAE lr=0.1 |") == 2
    assert stride("benchmark", "W", "--latex").out.count(r"\toprule") == 2
    assert models(stride("benchmark", "W", "--where", "lr == 0.1").out) == ["FeedForwardAE"]


def test_scores_that_learn_nothing_are_rows_of_what_the_record_says(benchmark, stride, tmp_path):
    out = benchmark("--models", "FeedForwardAE", "--datasets", "sines").out
    assert [line.split("  ")[0] for line in table(out)[1:]] == TRIVIAL
    record = json.loads((tmp_path / "W/0/reconstruction.json").read_text())
    values = record["splits"]["test"]["detection"][1]["values"]
    found = check("benchmark", stride("benchmark", "W", "--json").out)["metrics"][0]["trivial"]
    assert [(one["score"], one["mean"]) for one in found] == [
        (name, values[name]["roc_auc"]) for name in TRIVIAL
    ]
    sheet = csv.DictReader(io.StringIO(stride("benchmark", "W", "--csv").out))
    assert [row["model"] for row in sheet if row["standing"] == "trivial"] == TRIVIAL
    assert r"| mean \|x\| |" in stride("benchmark", "W", "--md").out
    assert r"mean \textbar{}x\textbar{} &" in stride("benchmark", "W", "--latex").out
    assert table(stride("benchmark", "W", "-m", "test/l1").out)[1:] == []
    refused = stride("benchmark", "W", "-m", "test/point_adjusted_f1")
    assert refused.code == 2 and "no run here has" in refused.err


def test_a_file_says_more_and_what_is_called_so_stays_so(benchmark, stride, tmp_path):
    (tmp_path / "b.toml").write_text(FILE)
    told = benchmark("--file", "b.toml", "--seeds", "1")  # words are stronger
    assert models(told.out) == ["narrow", "MLP"] == models(stride("benchmark", "W").out)
    assert told.out.count("(1)") == 2
    wrong = FILE.replace("dropout", "drpout")
    (tmp_path / "b.toml").write_text(wrong)
    refused = benchmark("--file", "b.toml")
    assert refused.code == 2 and "drpout" in refused.err and "did you mean 'dropout'" in refused.err


def test_a_cell_that_fails_is_said_and_harms_no_other(benchmark):
    code, out, err = benchmark(
        *("--models", "FeedForwardAE,MLP(output_shape=[5])", "--datasets", "sines")
    )
    assert code == 0 and models(out) == ["FeedForwardAE", "MLP"]
    assert table(out)[1].split() == ["MLP", "-"]
    assert "test/roc_auc: not over sines, without a value of MLP" in err
    assert "sines: MLP: seed 0 does not count, W/1 is failed" in err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--epochs", "3"], "--epochs says what is trained, and nothing is; type --models"),
        (["--plan"], "--plan says what is trained, and nothing is"),
        (["--models", "MLP"], "there are no datasets .*; type --datasets NAME,NAME, or list them"),
        (["--models", "MLPP", "--datasets", "sines"], "no model 'MLPP'.*did you mean 'MLP'"),
        (["--models", "MLP", "--datasets", "sine"], "no dataset 'sine'.*did you mean 'sines'"),
        (["--models", "MLP", "--datasets", "ucr(path=no)"], "no file .*in the trial"),
        (
            ["--models", "MLP", "--datasets", "sines(lenght=3)"],
            r"\(MLP on sines\); did you mean 'le",
        ),
        (
            ["--models", "MLP(hidden=[3", "--datasets", "sines"],
            r"--models MLP\(hidden=\[3: a brack",
        ),
        (["--workers", "2"], "--workers says what is trained"),
        (["--models", "MLP", "--datasets", "sines", "--mode", "up"], "--mode up is neither min"),
        (["--models", "MLP", "--datasets", "sines", "--where", "lr <"], "a value is missing|expec"),
        ([], "there are no runs in W; type --models and --datasets"),
    ],
)
def test_what_is_wrong_makes_nothing(stride, words, told, tmp_path):
    code, _, err = stride("benchmark", "W", *words)
    assert (code, (tmp_path / "W").exists()) == (2, False)
    assert re.search(told, err), err


NETS = """
import os
import signal
from pathlib import Path
from torch import nn

class Dying(nn.Linear):
    def forward(self, x):
        if self.training and Path("now").exists() and Path("W/1/errors.csv").exists():
            number = int(Path("now").read_text())
            Path("now").unlink()
            os.kill(os.getpid(), number)
        return super().forward(x)

def net(width: int = 3):
    layers = nn.Flatten(), Dying(16, width), nn.Linear(width, 16), nn.Unflatten(1, (1, 16))
    return nn.Sequential(*layers)
"""

KILLED = ("--models", "bench_nets:net,bench_nets:net(width=4)", "--datasets", "sines")


@pytest.fixture
def nets(tmp_path, monkeypatch):
    """Write networks into the test's folder, one of which ends its process when told to."""
    (tmp_path / "bench_nets.py").write_text(NETS)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path / "now"
    sys.modules.pop("bench_nets", None)


def typed(work_dir, *words):
    """Return the words of a benchmark that is to be killed, or is never."""
    arguments = [word for word in SETTING if not word.startswith(("norm", "hidden"))]
    return ["benchmark", work_dir, *KILLED, "epochs=2", *TINY, *arguments, *words]


def test_an_interrupted_one_has_the_table_of_one_that_was_not(stride, nets):
    nets.write_text(str(int(signal.SIGINT)))
    code, out, err = stride(*typed("W"))
    assert (code, out) == (130, "") and "to go on, type: the same command again" in err
    assert "W/1 is interrupted" in stride("benchmark", "W", "-m", "val_loss").err
    resumed, whole = stride(*typed("W")), stride(*typed("other"))
    assert resumed.code == 0 and "to be resumed" in resumed.err
    assert resumed.out == whole.out and whole.out.count("(1)") == 2


@pytest.mark.slow
def test_a_killed_one_has_it_too_with_several_workers(stride, nets, tmp_path, popen):
    nets.write_text(str(int(signal.SIGKILL)))
    command = [sys.executable, "-m", "stride", *typed("W", "--workers", "2")]
    killed = popen(command, cwd=tmp_path, start_new_session=True)
    while killed.poll() is None and not (tmp_path / "W/1/errors.csv").exists():
        time.sleep(0.02)
    os.killpg(killed.pid, signal.SIGKILL)
    killed.wait()
    nets.unlink(missing_ok=True)
    again = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert again.stdout == stride(*typed("other")).out
