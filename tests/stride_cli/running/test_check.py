"""`stride check`, and what it says of killing and resuming."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from stride_cli.running.check import sentences
from tests.stride_cli.programs.test_answer_schemas import check

CONFIG = ["work_dir=W", "training_config.max_steps=4", "device=cpu"]
NETS = """
from torch import nn


class Counting(nn.Module):
    def __init__(self, width=4):
        super().__init__()
        self.calls, self.layer = width - 4, nn.Linear(64, 10)

    def forward(self, inputs):
        print("noise")
        self.calls += self.training
        return self.layer(inputs.flatten(1)) * (1 + 0.1 * self.calls)
"""


def half(**values):
    return {
        "num_workers": None,
        "differs": [],
        "first_step": None,
        "inexact": {},
        "verdict": "ok",
    } | values


def proof(*halves, **values):
    return {
        "killed_after": 4,
        "steps": 8,
        "compared": ["counters", "model"],
        "not_tried": [],
        "unlike_at": None,
        "halves": list(halves),
    } | values


def test_what_is_ok_is_said_for_each_number_of_workers() -> None:
    assert list(sentences(proof(half(), half(num_workers=2), not_tried=["the end"]))) == [
        "ok: killed after step 4 of 8: the same bits as never stopped",
        "ok: killed after step 4 of 8, num_workers=2: the same bits as never stopped",
        "compared: counters, model, bits of each step, rows of metrics",
        "not tried: the end",
    ]


def test_what_differs_is_said_first_and_the_rest_below_it() -> None:
    places = ["optimizer / exp_avg of net.0.weight", "tally / sums"]
    wrong = half(
        num_workers=2,
        verdict="differs",
        differs=places,
        first_step=7,
        inexact={"callback-Own": "is not what was saved"},
    )
    assert list(sentences(proof(half(), wrong)))[:5] == [
        "differs: optimizer / exp_avg of net.0.weight (first at step 7)",
        "  killed after step 4 of 8, num_workers=2",
        "  differs too: tally / sums",
        "  not exact: callback-Own: is not what was saved",
        "ok: killed after step 4 of 8: the same bits as never stopped",
    ]


def test_what_was_not_restored_is_not_called_ok() -> None:
    found = list(sentences(proof(half(verdict="inexact", inexact={"a": "starts over"}))))
    assert found[:2] == [
        "not exact: killed after step 4 of 8: the same bits so far, but not all was restored",
        "  not exact: a: starts over",
    ]


def test_a_training_that_is_not_the_same_twice_says_so() -> None:
    first, hint = sentences(proof(unlike_at=3))
    assert first == "differs: the training is not the same twice (first at step 3)"
    assert "before the kill" in hint


def test_without_resume_a_table_says_what_was_found(stride, tmp_path: Path) -> None:
    code, out, err = stride("check", *(word for one in CONFIG for word in ("--config", one)))
    assert (code, err) == (0, "")
    assert "gradient_norm" in out
    found = check("check", stride("check", *CONFIG, "--json").out)
    assert found["parameters"] > 0 and "resume" not in found
    assert not (tmp_path / "W").exists()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["MLP", "nets:Counting"])
def test_new_processes_prove_it_on_the_users_own_code(stride, tmp_path: Path, name: str) -> None:
    (tmp_path / "nets.py").write_text(NETS)
    more = [f"model_kwargs.model_name={name}", "optimizer_kwargs.lr=1e-2"]
    more += ["model_kwargs.width=4"] if name != "MLP" else ["model_kwargs.hidden=[8]"]
    words = [word for one in [*CONFIG, *more] for word in ("--config", one)]
    code, out, err = stride("check", "--resume", "--json", *words)
    found = check("check", out)
    assert found["loss"] > 0
    assert len(err.splitlines()) == 5
    assert {path.name for path in tmp_path.iterdir()} <= {"nets.py", "cache", "__pycache__"}
    if name == "MLP":
        assert (code, found["resume"]["verdict"]) == (0, "ok")
        assert [half["num_workers"] for half in found["resume"]["halves"]] == [None, 2]
    else:
        assert (code, found["resume"]["verdict"]) == (3, "differs")
        first = found["resume"]["halves"][0]
        assert (first["differs"][0], first["first_step"]) == ("model / layer.weight", 3)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_its_processes_and_removes_their_files(
    popen, tmp_path: Path, number: int
) -> None:
    (tmp_path / "t").mkdir()
    command = [sys.executable, "-m", "stride", "check", "--resume", "--config", "work_dir=W"]
    environment = {**os.environ, "TMPDIR": str(tmp_path / "t")}
    process = popen(command, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True)
    assert any("killing" in line for line in process.stderr)
    (folder,) = (tmp_path / "t").glob("stride-check-*")
    process.send_signal(number)
    assert process.wait(60) == 128 + number
    assert list(tmp_path.rglob("*")) == [tmp_path / "t"]
    assert str(folder) not in subprocess.run(["ps", "axww"], capture_output=True, text=True).stdout
