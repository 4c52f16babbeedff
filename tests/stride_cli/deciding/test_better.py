"""`stride better`: yes, no or not yet."""

import json
import shutil

import pytest

from tests.runs.deciding.conftest import write_run

YES = """\
yes: lr == 0.1 is better than lr == 0.2 by test/accuracy (larger is better)
  lr == 0.1   mean 0.915 of 4
  lr == 0.2   mean 0.8175 of 4
  settings    optimizer_kwargs.lr 0.1 against 0.2
  difference  +0.0975, 95 % [+0.08954, +0.1055], over seed 0, seed 1, seed 2, seed 3
  effect      14.11 deviations of the differences
"""


def test_yes_and_no(stride, study):
    asked = ("better", "W", "lr == 0.1", "lr == 0.2", "-m", "test/accuracy")
    assert stride(*asked) == (0, YES, "")
    no = stride("better", "W", "lr == 0.2", "lr == 0.1", "-m", "test/accuracy").out
    assert no.startswith("no: lr == 0.1 is better than lr == 0.2 by test/accuracy")
    found = json.loads(stride(*asked, "--json").out)
    assert found["answer"] == "yes" and found["further"] == 0 and found["difference"]["n"] == 4
    assert found["settings"] == {"optimizer_kwargs.lr": [0.1, 0.2]}
    assert found["one"]["runs"][0] == {"seed": 0, "path": "W/a0", "value": 0.9}


def test_two_work_dirs_that_cannot_be_told_apart_yet(stride, study, tmp_path):
    for name in ("b0", "b1", "b2", "b3", "c0"):
        shutil.rmtree(study / name)
    for seed, value in enumerate((0.89, 0.92, 0.90, 0.93)):
        write_run(tmp_path / "V", seed, seed, accuracy=value, config={"optimizer_kwargs.lr": 0.1})
    code, out, err = stride("better", "W", "V", "-m", "test/accuracy")
    assert code == 0 and out.startswith("not yet: W and V cannot be told apart by test/accuracy")
    assert "settings" not in out
    assert out.splitlines()[-1].split()[0] == "further" and out.endswith(
        " of cases; type: --run --seeds 55\n"
    )
    write_run(tmp_path / "V", 9, 9, state="failed", config={"optimizer_kwargs.lr": 0.1})
    err = stride("better", "W", "V", "-m", "test/accuracy").err
    assert (
        "V: seed 9, V/9 does not count: failed\n" in err
        and "W: not among these runs: seed 9" in err
    )


def test_fewer_than_two_pairs(stride, study, tmp_path):
    for seed, lr in ((7, 0.3), (0, 0.4)):
        config = {"optimizer_kwargs.lr": lr}
        write_run(tmp_path / "W", f"d{seed}", seed, accuracy=0.9, config=config)
    asked = ["better", "W", "lr == 0.1", "lr == 0.3", "-m", "test/accuracy"]
    out = stride(*asked).out
    assert (
        "difference  none: they have nothing in common" in out
        and "at least two that both have; type: --run --seeds 2" in out
    )
    asked[3] = "lr == 0.4"
    assert "difference  +0, over seed 0" in stride(*asked).out


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (["W"], "two queries of a work_dir, or two work_dirs; type: stride better W 'lr"),
        (["W", "lr == 0.1", "lr == 3"], "no run of lr == 3"),
        (["W", "lr == 0.1", "lr >= 0.2"], "lr >= 0.2 is 2 configurations: lr=0.2; lr=9.0"),
        (["W", "lr == 0.1", "seed == 0"], "W/a0 is of both lr == 0.1 and seed == 0"),
        (["W", "lr == 0.1", "lr = = 3"], "lr = = 3"),
        (["W", "lr == 0.1", "lr == 0.2", "-m", "*"], "there are several metrics"),
    ],
)
def test_what_is_refused(stride, study, words, what):
    code, out, err = stride("better", *words)
    assert (code, out) == (2, "") and what in err
