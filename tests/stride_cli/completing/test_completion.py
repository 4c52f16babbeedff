"""What a shell is told to complete, and a real bash that asks."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.core import TyperArgument, TyperOption

from stride.config.short_forms import TEXT_ALIASES
from stride.config.typed_keys import declared_keys
from stride.runs.files.atomic import atomic_json
from stride_cli.completing.keys import keys, names, values_of
from stride_cli.completing.scripts import BASH, SHELLS, ZSH, script


@pytest.fixture
def complete(answer):
    """Return a function that asks as bash does: for the words that may end a line."""

    def ask(line: str) -> list[str]:
        words = line.split(" ")
        return answer("bash", COMP_WORDS=line, COMP_CWORD=str(len(words) - 1)).split()

    return ask


@pytest.fixture
def answer(stride, monkeypatch: pytest.MonkeyPatch):
    """Return a function that asks as the script of a shell does, by variables."""

    def answer(shell: str, **variables: str) -> str:
        with monkeypatch.context() as patch:
            for name, value in {"_STRIDE_COMPLETE": f"complete_{shell}", **variables}.items():
                patch.setenv(name, value)
            patch.setitem(sys.modules, "rich", sys.modules.get("rich"))  # given back afterwards
            for kind in (TyperArgument, TyperOption):  # as they are
                patch.setattr(kind, "process_value", kind.process_value)
            return stride().out

    return answer


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("stride tra", ["train"]),
        ("stride train epo", ["epochs="]),
        ("stride train prec", ["precision="]),
        ("stride train precision=b", ["precision=bf16"]),
        ("stride train shuffle=", ["shuffle=true", "shuffle=false"]),
        ("stride train model=Res", ["model=ResNet"]),
        ("stride train optimizer=Adama", ["optimizer=Adamax"]),
        ("stride train optimizer=SGD nest", ["nesterov="]),
        ("stride train training_config.pat", ["training_config.patience="]),
        ("stride config W pati", ["patience="]),
        ("stride fork W/0 --config lab", ["label_smoothing="]),
        ("stride train nothing=", []),
        ("stride completion z", ["zsh"]),
    ],
)
def test_keys_and_values(complete, line: str, found: list[str]) -> None:
    assert complete(line) == found


def test_runs_work_dirs_metrics_and_tags(complete, stride, make_run, tmp_path: Path) -> None:
    for name in ("2", "10", "big"):
        run = make_run(name=None if name != "big" else "big")
    metrics = {"best": {"step": 3, "validation/epoch_loss": 0.1}, "test": {"test/accuracy": 0.5}}
    atomic_json(run.status, {"format_version": 3, "state": "done", "metrics": metrics})
    (tmp_path / "other").mkdir()
    assert complete("stride show W") == ["W/"]
    assert complete("stride show W/") == [f"W/{x}" for x in ("latest", "best", "0", "1", "big")]
    assert complete("stride diff W/0 W/b") == ["W/best", "W/big"]
    assert complete("stride show W/la") == ["W/latest"] and complete("stride show other/la") == []
    assert complete("stride ls ") == ["W/", "other/"] and complete("stride ls W/") == []
    assert complete("stride ls W -m ") == ["test/accuracy", "validation/epoch_loss"]
    assert complete("stride ls W --columns lr,test/") == ["lr,test/accuracy"]
    assert complete("stride ls W --sort dura") == ["duration"]
    assert stride("tag", "W/big", "+paper", "+old").code == 0
    assert complete("stride tag W/0 +p") == ["+paper"]
    assert complete("stride tag W/b") == ["W/best", "W/big"]
    run.status.write_text("{")
    assert complete("stride ls W -m ") == []
    assert complete("stride show nowhere/") == []


def test_sweeps_and_their_keys(complete, tmp_path: Path) -> None:
    for name in ("grid", "gp"):
        (tmp_path / "W/sweeps" / name).mkdir(parents=True)
        (tmp_path / "W/sweeps" / name / "sweep.json").write_text("{}")
    assert sorted(complete("stride sweep W --resume --name g")) == ["gp", "grid"]
    assert complete("stride launch -w W --sweep gr") == ["grid"]
    assert complete("stride sweep W --grid epo") == ["epochs="]


def test_the_shipped_schema_tells_every_key_and_each_name_is_clear() -> None:
    assert {*keys()} == declared_keys() - {*TEXT_ALIASES}
    given = dict(names([]))
    assert {"lr", "model", "epochs", "seed", "patience", "active_config.strategy"} <= {*given}
    assert given["patience"] == "evaluations without improvement before stopping"
    kinds = ["supervised", "active", "lr_find", "reconstruction", "rl", "by_epochs"]
    assert values_of("trainer") == kinds


@pytest.mark.parametrize("shell", SHELLS)
def test_a_script_for_each_shell(stride, shell: str) -> None:
    code, out, _ = stride("completion", shell)
    assert (code, out) == (0, f"{script(shell)}\n")
    assert "_STRIDE_COMPLETE" in out
    assert stride("completion", "tcsh").code == 2


@pytest.fixture
def in_shell(tmp_path: Path):
    """Return a function that gives what a shell prints for some code, in which `stride` is ours."""
    (tmp_path / "stride").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m stride "$@"\n')
    (tmp_path / "stride").chmod(0o755)
    env = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}

    def run(*words: str) -> str:
        if shutil.which(words[0]) is None:
            pytest.skip(f"there is no {words[0]}")
        return subprocess.run(words, env=env, capture_output=True, text=True, timeout=60).stdout

    return run


def test_a_real_bash_takes_the_end_of_the_last_word(in_shell) -> None:
    ask = 'COMP_LINE="stride train lr=3 model=Res"; COMP_POINT=${#COMP_LINE}; '
    code = f'{BASH}\n{ask}_stride_completion stride; echo "${{COMPREPLY[*]}}"'
    assert in_shell("bash", "--norc", "-c", code) == "ResNet\n"


def test_a_real_zsh_puts_a_blank_behind_a_whole_word_alone(in_shell) -> None:
    told = """_describe() { print -r -- "$2: ${(P)2} ${@:3}" }; compdef() { }"""
    words = "words=(stride train lr=3 ep); CURRENT=4; _stride_completion"
    found = in_shell("zsh", "-f", "-c", f"{told}\n{ZSH}\n{words}")
    assert found.startswith("whole:  \nopen: epochs=:passes over the data")
    assert found.endswith("eps= -S \n")


def test_a_real_fish_has_words_with_their_help(in_shell) -> None:
    code = f'{script("fish")}; complete -C "stride train lr=3 epo"'
    assert in_shell("fish", "--no-config", "-c", code).startswith("epochs=\tpasses over the data")


def test_what_the_scripts_of_zsh_and_fish_read(stride, answer) -> None:
    text = stride("completion", "zsh").out
    assert text.startswith("#compdef stride\n_stride_completion() {\n")
    assert "_STRIDE_COMPLETE=complete_fish _TYPER_COMPLETE_FISH_ACTION=get-args" in text
    text = stride("completion", "fish").out
    assert text.startswith("complete --command stride --no-files --arguments ")
    assert "_TYPER_COMPLETE_ARGS=(commandline -cp)" in text
    asked = {"_TYPER_COMPLETE_FISH_ACTION": "get-args"}
    found = answer("fish", _TYPER_COMPLETE_ARGS="stride train lr=3 epo", **asked)
    assert found.startswith("epochs=\tpasses over the data")
    found = answer("fish", _TYPER_COMPLETE_ARGS="stride train model=Res", **asked)
    assert found == "model=ResNet\n"


def test_completing_loads_neither_torch_nor_pydantic() -> None:
    env = {"COMP_WORDS": "stride train hid", "COMP_CWORD": "2", "_STRIDE_COMPLETE": "complete_bash"}
    code = (
        "import atexit, sys; from stride_cli.app import main; sys.argv = ['stride']; "
        "heavy = {'torch', 'numpy', 'pydantic', 'rich'}; atexit.register(lambda: "
        "print(heavy & {n for n in sys.modules if sys.modules[n]})); main()"
    )
    command = [sys.executable, "-c", code]
    found = subprocess.run(
        command, env={**os.environ, **env}, capture_output=True, text=True, timeout=60
    )
    assert found.stdout.split() == ["hidden=", "set()"]
