"""`stride sweep`: trials are trained, told and kept; what is mistyped makes nothing."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.stride_cli.programs.test_answer_schemas import check


def test_the_same_sweep_again_trains_only_what_is_missing(sweep, stride, tmp_path: Path) -> None:
    plan = sweep("--lr-sweep", "1e-3", "1e-2", "--plan", "--pack", "off")
    assert plan.out.splitlines()[1:] == [
        "-      new          -  lr=0.001",
        "-      new          -  lr=0.01",
    ]
    assert plan.err == "sweep grid in W: 2 to train\npack: 2 runs alone: --pack off\n"
    assert not (tmp_path / "W").exists()

    code, out, err = sweep("--lr-sweep", "1e-3", "1e-2")
    lines = err.splitlines()
    assert code == 0 and lines[0] == "sweep grid in W: 2 to train"
    assert [line.split("  ")[:2] for line in lines[1:3]] == [
        ["1/2", "trial 0"],
        ["2/2", "trial 1"],
    ]
    assert "sweep grid: 2 of 2 trials ended: 2 done" in lines
    assert Path(out.splitlines()[-1]).parent == tmp_path / "W"

    more = sweep("--grid", "lr=1e-3,1e-1,1e-2")
    assert more.err.startswith("sweep grid in W: 1 to train, 2 kept\n3/3  trial 1  done ")
    less = sweep("--grid", "lr=1e-1", "--plan")
    assert less.err == "sweep grid in W: 1 kept, 2 left behind (their runs stay)\n"
    assert [line.split()[:2] for line in less.out.splitlines()[1:]] == [
        ["1", "kept"],
        ["0", "left"],
        ["2", "left"],
    ]

    other = sweep("--grid", "lr=1e-1,1e-4", "batch_size=32", "--plan").err.splitlines()
    assert other[0] == "sweep grid in W: 2 to train, 3 left behind (their runs stay)"
    assert other[1].startswith("note: 1 of those to train had been trained: the config ")

    joined = stride("sweep", "W", "--resume", "--json")
    found = check("sweep", joined.out)
    assert found["counts"] == {"running": 0, "done": 3, "pruned": 0, "failed": 0, "waiting": 0}
    again = found["best"]["command"]
    assert again in more.err and again.startswith("stride train -w W model=MLP ")
    check("sweep", sweep("--grid", "lr=1e-1", "--plan", "--json").out)
    assert sorted(path.name for path in (tmp_path / "W").glob("[!.]*")) == ["0", "1", "2", "sweeps"]


def test_listings_know_the_runs_of_a_sweep(sweep, stride, tmp_path: Path) -> None:
    (tmp_path / "runs.json").write_text('[{"run": "big", "config": {"lr": 0.1}}]')
    assert sweep("--runs", "runs.json", "--seeds", "2", "--name", "one").code == 0
    assert stride("train", "-w", "W", "steps=1", "subsample_rate=0.05").code == 0
    shared, *shown = stride("ls", "W").out.splitlines()
    assert shared == "all runs: dataset_kwargs.subsample_rate=0.05"
    assert "sweep" in shown[0].split() and "optimizer_kwargs.lr=0.1" in shown[2]
    assert [("one/0" in line) for line in shown[1:]] == [False, True, True]
    asked = stride("ls", "W", "--where", "sweep=one and trial = 0", "--json")
    rows = check("ls", asked.out)
    assert [(row["run"], row["sweep"], row["trial"]) for row in rows] == [
        ("0", "one", 0),
        ("big", "one", 0),
    ]
    assert "sweep       one, trial 0" in stride("show", "W/big").out
    assert check("show", stride("show", "W/1", "--json").out)["sweep"] is None


def test_a_failure_is_shown_with_its_log_and_the_sweep_goes_on(sweep, stride, nets) -> None:
    words = ("sweep", "W", *nets, "--grid", "wrong=true,false")
    code, out, err = stride(*words)
    assert code == 0 and out.endswith("/W/1\n")
    assert "trial 0  failed  run 0  wrong=true" in err
    assert "mat1 and mat2 shapes cannot be multiplied" in err
    assert "  log: W/0/logs/rank0.log" in err
    where = "sweep == grid and status == failed"
    assert stride("ls", "W", "--where", where, "--columns", "trial", "--csv").out.count("\n") == 2

    again = stride(*words, "--plan")
    assert "1 kept, 1 failed before (--retry-failed trains them again)" in again.err
    code, out, err = stride(*words, "--retry-failed", "--stop-on-error")
    assert code == 1 and out == "" and "run 2  wrong=true" in err
    assert "stride: error: 1 of 2 trials has failed" in err and f"--where '{where}'" in err


def test_a_sweep_of_failures_alone_has_failed(stride, nets) -> None:
    asked = ("sweep", "W", *nets, "--grid", "wrong=true", "--json")
    code, out, err = stride(*asked)
    assert (code, out) == (1, "")
    assert json.loads(err.splitlines()[-1])["error"]["code"] == "run_failed"


def test_stopping_on_an_error_leaves_what_waits(stride, nets) -> None:
    words = ["--grid", "wrong=true,false", "--stop-on-error"]
    assert stride("sweep", "W", *nets, *words).code == 1
    left = stride("sweep", "W", "--resume", "--workers", "0", "--json")
    assert json.loads(left.out)["counts"] == {
        "running": 0,
        "done": 0,
        "pruned": 0,
        "failed": 1,
        "waiting": 1,
    }


def test_an_interrupted_sweep_goes_on_where_it_was(stride, nets, tmp_path: Path) -> None:
    (tmp_path / "now").touch()
    code, out, err = stride("sweep", "W", *nets, "--grid", "width=3,4")
    assert (code, out) == (130, "")
    assert "to go on, type: stride sweep W --resume --name grid" in err
    assert json.loads((tmp_path / "W/0/status.json").read_text())["state"] == "interrupted"
    resumed = stride("sweep", "W", "--resume")
    assert resumed.code == 0 and resumed.err.startswith("sweep grid in W: 0 of 2 trials ended")
    segments = [len([*(tmp_path / "W" / run / "segments").glob("*.json")]) for run in "01"]
    assert segments == [2, 1]


def test_others_may_be_left_to_train(sweep, stride, tmp_path: Path) -> None:
    begun = sweep("--grid", "lr=1e-3", "--workers", "0", "--name", "later")
    assert begun.out == f"{tmp_path}/W/sweeps/later\n"
    assert "stride sweep W --resume --name later" in begun.err
    assert stride("sweep", "W", "--resume").out == f"{tmp_path}/W/0\n"


def test_what_is_not_exact_is_named(sweep) -> None:
    asked = ["--search", "lr=float(1e-4,1,log)", "--trials", "2", "--pruner", "hyperband"]
    said = sweep(*asked, "--sampler", "gp(n_startup_trials=1)", "--plan", "--json").out
    assert check("sweep", said)["inexact"] == ["GPSampler", "HyperbandPruner"]
    exact = sweep(*asked[:-2], "--pruner", "pfl", "--plan")  # with how many epochs there are
    assert exact.err.splitlines() == [
        "sweep search in W: 2 trials to be chosen by tpe",
        "pack: 2 runs alone: PFLPruner compares trials on their way",
    ]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("--grid lrr=1,2", "unknown key lrr (grid lrr, command line); did you mean"),
        ("--grid epochs=1,x", "--grid epochs=1,x: "),
        ("--grid lr=1 sede=3", "unknown key sede (overrides sede, command line)"),
        ("--grid lr=1 --search lr=float(0,1)", "grid and search are given"),
        ("--search lr=flot(1,2)", "it is not a dimension"),
        ("--search lr=float(0,1) --sampler tpee", "did you mean 'tpe'?"),
        ("--search lr=float(0,1) --sampler tpe(n_startup=2)", "did you mean 'n_startup_trials'?"),
        ("--search lr=float(0,1) --sampler CmaEsSampler", "type --sampler tpe, or gp"),
        ("--grid lr=1 --pruner medan", "did you mean 'median'?"),
        ("--grid lr=1 --name a/b", "'a/b' is not a name for a sweep (--name)"),
        ("--file a.toml b.toml c.toml", "c.toml is one file too many"),
        ("--file nothing.toml", "nothing.toml"),
        ("", "a sweep needs a grid, runs or a search"),
        ("--resume", "no sweep in W; type: stride sweep W --grid KEY=VALUE,VALUE"),
        ("--resume --sampler tpe", "--sampler says what a sweep is"),
        ("--resume lr=3", "key=value says what a sweep is"),
    ],
)
def test_mistakes_make_nothing(stride, tmp_path: Path, words: str, sentence: str) -> None:
    code, out, err = stride("sweep", "W", *words.split())
    assert (code, out) == (2, "") and sentence in err
    assert [*tmp_path.glob("W*")] == []


def test_a_mistake_is_told_before_torch_is_loaded(tmp_path: Path) -> None:
    told = (
        "import sys; from stride_cli.app import app\n"
        "try: app(['sweep', 'W', '--search', 'lr=float(0,1)', '--sampler', 'tpee'])\n"
        "except Exception as error: print(error, 'torch' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", told], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert "'tpee'" in done.stdout and done.stdout.endswith("False\n")


def test_processes_of_a_launcher_are_refused(sweep, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("RANK", "0")
    done = sweep("--grid", "lr=1e-3")
    assert done.code == 2 and "--workers N" in done.err


@pytest.mark.slow
def test_two_processes_share_the_trials(sweep, tmp_path: Path) -> None:
    code, out, err = sweep("--grid", "lr=1e-3,1e-2,1e-1", "--workers", "2", "--json")
    assert code == 0 and check("sweep", out)["counts"]["done"] == 3
    assert sum("  done " in line for line in err.splitlines()) == 3
    assert sorted(path.name for path in (tmp_path / "W").glob("[!.]*")) == ["0", "1", "2", "sweeps"]


def test_the_template_s_files_need_a_dataset_in_place_of_its_own(sweep, tmp_path: Path) -> None:
    (tmp_path / "run.yaml").write_text("net: torch.nn.Identity\ndata: mine.load\n")
    lr = "search_space: {optimizer_config: {lr: {type: float, min: 0.1, max: 1}}}\ntrials: 1\n"
    (tmp_path / "optimize.yaml").write_text(lr)
    wrong = sweep("--file", "run.yaml", "optimize.yaml", "--plan")
    assert wrong.code == 2
    assert "no dataset takes the place of mine.load (data)" in wrong.err
