"""`stride sweep W --report`: words for people, JSON for programs, plots and a page on request."""

import math

import pytest

from tests.architecture.test_layers import loaded
from tests.stride_cli.programs.test_answer_schemas import check
from tests.sweeps.report.made import LR, MIXED, SEARCH, make_sweep

TEXT = """\
sweep s in W: 5 of 5 trials ended: 3 done, 1 pruned, 1 failed
best: validation/epoch_loss 0.4; trial 1, run 1
to train it again: stride train -w W lr=0.001 'model_kwargs.hidden=[64,64]' optimizer=SGD \
momentum=0.1

trial  configuration                                             standing  n  mean  IQM
1      lr=0.001 hidden=[64, 64] optimizer_name=SGD momentum=0.1  best      1   0.4  0.4
0      lr=0.01 hidden=[64] optimizer_name=AdamW                  unclear   1   0.5  0.5
2      lr=0.0001 hidden=[64] optimizer_name=AdamW                -         0   -    -

importances: none, 2 complete trials have a finite value, and 10 are needed
not finite, so none of the best: trial 2
failed: trial 4, run 4: lost
"""


@pytest.fixture
def made(tmp_path):
    return make_sweep(tmp_path / "W", {"search": SEARCH, "trials": 5}, MIXED)


def test_what_came_out_is_said_in_words(stride, made):
    code, out, err = stride("sweep", "W", "--report")
    assert (code, err) == (0, "")
    assert out == TEXT


def test_no_torch_is_loaded_for_it(made):
    start = "import sys; from stride_cli.app import app; app(sys.argv[1:], standalone_mode=False)"
    modules = loaded(start, "sweep", str(made.work_dir), "--report")
    assert "optuna" in modules and "torch" not in modules


def test_a_program_gets_all_of_it(stride, made):
    code, out, _ = stride("sweep", "W", "--report", "--name", "s", "--json")
    told = check("sweep", out)
    assert code == 0 and told["counts"]["failed"] == 1 and told["files"] == []
    assert told["best"]["overrides"][LR] == 1e-3 and told["best"]["value"] == 0.4
    assert [one["value"] for one in told["trials"]] == [0.5, 0.4, "Infinity", None, None]
    assert [one["n"] for one in told["configurations"]] == [1, 1, 0]


def test_plots_and_the_page_are_written_where_that_is_asked_for(stride, made):
    out = stride("sweep", "W", "--report", "--plots", "--html").out
    paths = [f"{made.report}/{name}" for name in ("history.png", "parallel.png", "slices.png")]
    paths += [f"{made.report}/curves.png", f"{made.report}/report.html"]
    assert out.splitlines()[-5:] == paths
    assert all(made.report.joinpath(path).is_file() for path in paths)


def test_many_configurations_and_failures_are_some(stride, tmp_path):
    search = {LR: SEARCH[LR]}
    trials = [{"overrides": {LR: 1e-4 * (n + 1)}, "value": math.sqrt(n)} for n in range(30)]
    trials += [{"overrides": {LR: 1e-3}, "state": "failed", "error": "lost"}] * 25
    make_sweep(tmp_path / "W", {"search": search}, trials)
    code, out, err = stride("sweep", "W", "--report")
    assert code == 0 and "and 10 more configurations" in err
    assert "importances: lr 1.00 (rough: of 30 trials, and 41 are advised)" in out
    assert out.endswith("failed: trial 49, run 49: lost\nand 5 more\n")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--plots"], "--plots reports a sweep, and trains nothing; type: stride sweep W --report"),
        (["--resume", "--html"], "--html reports a sweep, and trains nothing"),
        (["--resume", "--report"], "--report reports a sweep, and trains nothing"),
        (["--report", "--grid", "lr=1,2"], "--grid says what a sweep is, and --report says what"),
        (["--report", "--name", "t"], "no sweep 't' in W; there are s"),
        (["--report", "lr=1"], "key=value says what a sweep is"),
    ],
)
def test_what_makes_no_sense_beside_it_is_refused(stride, made, words, told):
    code, out, err = stride("sweep", "W", *words)
    assert (code, out) == (2, "") and told in err
    assert not made.report.exists()
