"""`stride train`: words instead of options, and mistakes told before torch is loaded."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

SHORT = ["train", "-w", "W", "lr=3e-3", "model=MLP", "hidden=[8]", "steps=2"]
LONG = [
    *("--config", "work_dir=W", "--config", "optimizer_kwargs.lr=3e-3"),
    *("--config", "model_kwargs.model_name=MLP", "--config", "model_kwargs.hidden=[8]"),
    *("--config", "training_config.max_steps=2"),
]


def test_words_train_what_the_long_form_does(stride, tmp_path: Path) -> None:
    short, long = json.loads(stride(*SHORT, "--dry-run").out), stride(*LONG, "--dry-run").out
    assert short == json.loads(long)
    assert (short["optimizer_kwargs"]["lr"], short["training_config"]["max_steps"]) == (3e-3, 2)
    assert stride(*SHORT).out == f"{tmp_path}/W/0\n"
    provenance = json.loads((tmp_path / "W/0/provenance.json").read_text())
    typed = ["optimizer_kwargs.lr=3e-3", "model_kwargs.model_name=MLP", "model_kwargs.hidden=[8]"]
    assert provenance["overrides"][:3] == typed
    changed = stride("config", "W/0", "--changed").out.splitlines()
    assert changed == [
        *("model_kwargs.model_name=MLP", "'model_kwargs.hidden=[8]'", "optimizer_kwargs.lr=0.003"),
        "training_config.max_steps=2",
    ]
    again = ["train", "-w", "W", *(word.strip("'") for word in changed), "--dry-run"]
    assert json.loads(stride(*again).out) == short


def test_words_go_with_resume_fork_and_check(stride, tmp_path: Path) -> None:
    assert stride(*SHORT).code == 0
    assert stride("resume", "W/0", "steps=3").code == 0
    assert stride("fork", "W/0", "lr=1e-3", "steps=4").out == f"{tmp_path}/W/1\n"
    assert json.loads((tmp_path / "W/1/config.json").read_text())["optimizer_kwargs"]["lr"] == 1e-3
    assert stride("check", "-w", "W", "lr=1", "--json").code == 0


def test_a_budget_leaves_a_run_that_is_resumed(stride, tmp_path: Path) -> None:
    code, out, err = stride(*SHORT, "--budget", "0s")
    assert (code, out) == (0, f"{tmp_path}/W/0\n")
    assert f"the budget of 0s is used up; to go on, type: stride resume {tmp_path}/W/0" in err
    assert json.loads((tmp_path / "W/0/status.json").read_text())["state"] == "stopped"
    assert stride("resume", "W/0", "--budget", "1h").code == 0
    assert json.loads((tmp_path / "W/0/status.json").read_text())["state"] == "done"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("train -w W sede=1", "unknown key sede (override 1); did you mean 'seed'?"),
        ("train -w W epohcs=1", "did you mean 'training_config.max_epochs'?"),
        ("train -w W lr=1 optimizer_kwargs.lrr=1", "lrr (override 2); did you mean 'lr'?"),
        ("train -w W seed", "'seed' is not an override; type key=value"),
        ("train lr=1", "work_dir is missing"),
        ("train -w W --budget 5", "'5' is no time to train for (budget); type 5m, 1h30m or 90s"),
        ("resume R/0 --budget soon", "'soon' is no time to train for"),
        ("check -w W hiden=[3]", "unknown key hiden; did you mean 'hidden'?"),
        ("launch -w W optimizer_kwargs.lrr=1", "did you mean 'lr'?"),
        ("resume R/0 sede=1", "did you mean 'seed'?"),
        ("fork R/0 optimizer_kwargs.lrr=1", "did you mean 'lr'?"),
        ("active W --compare A --config optimizer_kwargs.lrr=1", "did you mean 'lr'?"),
        ("config W optimizer_kwargs.lrr=1", "did you mean 'lr'?"),
        ("config W --set optimizer_kwargs.lrr=1", "did you mean 'lr'?"),
    ],
)
def test_a_mistake_is_one_line_before_torch_is_loaded(
    stride, make_run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, words: str, sentence: str
) -> None:
    run = make_run().path
    run.parent.rename(tmp_path / "R")
    monkeypatch.setitem(sys.modules, "stride.trainer.commands", None)  # its import would fail
    monkeypatch.setitem(sys.modules, "stride.launch.launch", None)
    monkeypatch.setitem(sys.modules, "stride.trainers.active.comparison", None)
    code, out, err = stride(*words.split())
    assert (code, out) == (2, "")
    assert err.startswith("stride: error: ") and err.count("\n") == 1
    assert sentence in err
    assert not (tmp_path / "W").exists()


def test_a_typing_mistake_loads_no_torch() -> None:
    start = "import sys, stride_cli.app as a; from stride_cli.errors import run_guarded as run; "
    words = ["train", "-w", "W", "lr=1", "optimizer_kwargs.lrr=1"]
    code = f"run(lambda: a.app({words}, standalone_mode=False), debug=False)"
    told = f"{start}assert {code} == 2; print(sorted({{'torch', 'numpy'}} & {{*sys.modules}}))"
    command = [sys.executable, "-c", told]
    assert subprocess.run(command, capture_output=True, text=True, timeout=60).stdout == "[]\n"
