"""`stride reproduce`: 0 where a run is had again bit by bit, 3 where it is not."""

import importlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from stride.runs.records.reproduction import ReproductionRecord
from stride_cli.running.reproduce import sentences
from tests.stride_cli.programs.test_answer_schemas import check

SMALL = ["--config", "work_dir=W", "--config", "dataset_kwargs.subsample_rate=0.2"]
STEPS = ["--config", "training_config.max_steps=6"]

NETS = """
import os
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(64, 10)
        self.calls = 0

    def forward(self, inputs):
        self.calls += self.training
        late = self.training and self.calls >= int(os.environ.get("MY_STEP", "99"))
        return self.layer(inputs.flatten(1)) * (1.001 if late else 1.0)
"""
MINE = ["--config", "model_kwargs.model_name=my_nets:Net"]


@pytest.fixture
def nets(tmp_path, monkeypatch):
    """A user's module beside the work_dir, forgotten when it was changed and at the end."""
    monkeypatch.delenv("MY_STEP", raising=False)
    monkeypatch.syspath_prepend(tmp_path)

    def write(text: str, folder: Path = tmp_path) -> None:
        (folder / "my_nets.py").write_text(text)
        sys.modules.pop("my_nets", None)
        importlib.invalidate_caches()

    write(NETS)
    yield write
    sys.modules.pop("my_nets", None)


def test_an_identical_run_is_said_to_be_one(stride, tmp_path) -> None:
    assert stride(*SMALL, *STEPS).code == 0
    code, out, _ = stride("reproduce", "W/0")
    assert code == 0
    assert out == f"bit-identical over 6 steps, weights identical\n{tmp_path}/W/1\n"


def test_a_divergence_is_found_at_its_step(stride, nets, monkeypatch, tmp_path) -> None:
    assert stride(*SMALL, *STEPS, *MINE).code == 0
    monkeypatch.setenv("MY_STEP", "4")
    code, out, _ = stride("reproduce", "W/0")
    lines = out.splitlines()
    assert code == 3
    assert lines[0] == (
        "diverged: the first step that differs is 4; 6 steps compared, weights different"
    )
    assert lines[1].startswith("largest difference of a metric: ")
    assert any(line.startswith("likely cause: ") for line in lines)
    assert lines[-1] == f"{tmp_path}/W/1"
    code, out, _ = stride("reproduce", "W/0", "--steps", "3")
    assert (code, out.splitlines()[0]) == (0, "bit-identical over 3 steps")
    code, out, _ = stride("reproduce", "W/0", "--json")
    record = check("reproduce", out[: out.rindex("}") + 1])
    assert (code, record["first_divergent_step"], record["identical"]) == (3, 4, False)


def test_the_data_may_lie_elsewhere(stride, tmp_path) -> None:
    (tmp_path / "old").mkdir()
    rows = "\n".join(f"{i % 7},{i % 5},{i % 2}" for i in range(60))
    (tmp_path / "old" / "a.csv").write_text(f"x,y,class\n{rows}\n")
    table = ["dataset_name=table", "path=old/a.csv", "target=class"]
    words = [word for text in table for word in ("--config", f"dataset_kwargs.{text}")]
    assert stride("--config", "work_dir=W", *words, *STEPS).code == 0
    (tmp_path / "moved").mkdir()
    (tmp_path / "old").rename(tmp_path / "moved" / "old")
    assert stride("reproduce", "W/0").code == 2
    assert not (tmp_path / "W/1").exists()
    code, out, _ = stride("reproduce", "W/0", "--data-root", "moved")
    assert (code, out.splitlines()[0]) == (0, "bit-identical over 6 steps, weights identical")


def test_a_run_that_is_not_there_is_the_user_s_mistake(stride) -> None:
    code, out, err = stride("reproduce", "W/0")
    assert (code, out) == (2, "")
    assert err.startswith("stride: error: ")


def git(folder: Path, *words: str) -> None:
    who = {"NAME": "A", "EMAIL": "a@example.org"}
    names = {f"GIT_{one}_{k}": v for one in ("AUTHOR", "COMMITTER") for k, v in who.items()}
    subprocess.run(
        ["git", "-C", str(folder), *words],
        check=True,
        capture_output=True,
        env={**os.environ, **names},
    )


@pytest.fixture
def code_folder(stride, nets, tmp_path, monkeypatch):
    """A repository with the user's module, from which the commands are typed."""
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    folder = tmp_path / "code"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.syspath_prepend(folder)
    (tmp_path / "my_nets.py").unlink()
    nets(NETS, folder)
    git(folder, "init", "-q")
    commit(folder)
    return folder


def commit(folder: Path) -> None:
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "more")


def test_the_recorded_code_gives_the_run_again_when_the_code_has_changed(
    stride, nets, tmp_path, code_folder
) -> None:
    nets(NETS.replace("flatten(1)", "flatten(1) / 16"), code_folder)  # not committed: a patch
    (code_folder / "long.txt").write_bytes(bytes(2**24 + 1))
    git(code_folder, "add", ".")
    place = ["--config", f"work_dir={tmp_path}/W", *SMALL[2:]]
    started = stride(*place, *STEPS, *MINE)
    assert started.code == 0
    told = "code.patch: the patch is without changes of long.txt (16,777,217 bytes)"
    assert told in started.err
    assert told in (tmp_path / "W/0/logs/rank0.log").read_text()
    nets(NETS, code_folder)
    assert stride("reproduce", f"{tmp_path}/W/0").code == 3
    assert stride("reproduce", f"{tmp_path}/W/0", "--code").code == 0
    assert json.loads((tmp_path / "W/2/reproduction.json").read_text())["identical"]
    assert (code_folder / "my_nets.py").read_text() == NETS


@pytest.fixture
def of_table(stride, tmp_path, code_folder):
    """Write a table of the repository's folder, and return what trains on it."""
    rows = "\n".join(f"{i % 7},{i % 5},{i % 2}" for i in range(60))
    (code_folder / "data").mkdir()
    (code_folder / "data" / "a.csv").write_text(f"x,y,class\n{rows}\n")
    table = ["dataset_name=table", "path=data/a.csv", "target=class"]
    words = [word for text in table for word in ("--config", f"dataset_kwargs.{text}")]
    return lambda: stride("--config", f"work_dir={tmp_path}/W", *words, *STEPS)


def test_the_recorded_code_finds_data_that_git_does_not_track(
    stride, tmp_path, code_folder, of_table
) -> None:
    (code_folder / ".gitignore").write_text("data\n")
    commit(code_folder)
    assert of_table().code == 0
    assert stride("reproduce", f"{tmp_path}/W/0", "--code").code == 0
    assert json.loads((tmp_path / "W/1/reproduction.json").read_text())["identical"]


def test_data_of_the_recorded_commit_counts_before_that_of_the_folder(
    stride, tmp_path, code_folder, of_table
) -> None:
    commit(code_folder)
    assert of_table().code == 0
    (code_folder / "data" / "a.csv").write_text("x,y,class\n" + "1,2,0\n2,1,1\n" * 30)
    assert stride("reproduce", f"{tmp_path}/W/0", "--code").code == 0
    assert stride("reproduce", f"{tmp_path}/W/0").code == 3


def test_a_reproduction_that_a_signal_kills_leaves_with_its_number(
    stride, nets, tmp_path, code_folder
) -> None:
    nets(f"import os\nif '--json' in os.sys.argv: os.kill(os.getpid(), 9)\n{NETS}", code_folder)
    place = ["--config", f"work_dir={tmp_path}/W", *SMALL[2:]]
    assert stride(*place, *STEPS, *MINE).code == 0
    assert stride("reproduce", f"{tmp_path}/W/0", "--code", "--json").code == 128 + 9


def test_a_patch_that_is_gone_is_refused(stride, nets, tmp_path, code_folder) -> None:
    nets(f"{NETS}# more\n", code_folder)
    place = ["--config", f"work_dir={tmp_path}/W", *SMALL[2:]]
    assert stride(*place, *STEPS, *MINE).code == 0
    (tmp_path / "W/0/code.patch").unlink()
    code, out, err = stride("reproduce", f"{tmp_path}/W/0", "--code")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "code.patch: it is missing" in err


def test_a_status_without_uuid_is_the_user_s_mistake(stride, tmp_path) -> None:
    assert stride(*SMALL, *STEPS).code == 0
    (tmp_path / "W/0/status.json").write_text('{"format_version": 2}')
    code, out, err = stride("reproduce", "W/0")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "status.json is broken" in err


def test_a_run_without_fingerprints_cannot_be_compared(stride, tmp_path) -> None:
    assert stride(*SMALL, *STEPS).code == 0
    (tmp_path / "W/0/fingerprints.jsonl").unlink()
    code, out, _ = stride("reproduce", "W/0")
    sentence = "could not be compared: the run has no fingerprints; weights identical"
    assert (code, out) == (3, f"{sentence}\n{tmp_path}/W/1\n")


def test_other_weights_are_told_without_fingerprints_too() -> None:
    nothing = "no step could be compared: one of the runs has no fingerprints"
    record = ReproductionRecord(
        original="W/0",
        uuid="",
        identical=False,
        steps=0,
        weights="different",
        causes=["seed: 3 in the original, 4 now", nothing],
    )
    assert list(sentences(record)) == [
        "diverged: the run has no fingerprints, weights different",
        "likely cause: seed: 3 in the original, 4 now",
    ]


def test_of_a_run_that_trained_nothing_it_is_said_what_was_compared() -> None:
    record = ReproductionRecord(
        original="W/0", uuid="", identical=True, steps=0, weights="identical"
    )
    assert list(sentences(record)) == [
        "bit-identical over 0 steps, weights identical; nothing was trained, and all that was "
        "measured is the same"
    ]


def test_one_step_is_one_step(stride) -> None:
    assert stride(*SMALL, *STEPS).code == 0
    assert stride("reproduce", "W/0", "--steps", "1").out.startswith("bit-identical over 1 step\n")


def test_an_interrupted_reproduction_names_what_it_leaves(
    stride, nets, monkeypatch, tmp_path
) -> None:
    killing = "self.calls == 3 and os.kill(os.getpid(), int(os.environ.get('MY_SIGNAL', '0')))"
    nets(NETS.replace("self.calls += self.training", f"self.calls += self.training; {killing}"))
    assert stride(*SMALL, *STEPS, *MINE).code == 0
    monkeypatch.setenv("MY_SIGNAL", "2")
    code, _, err = stride("reproduce", "W/0")
    assert code == 130
    assert err.splitlines()[-2:] == [
        f"{tmp_path}/W/1 is left unfinished and not compared; "
        "to start over, type the same command again",
        "stride: interrupted",
    ]
