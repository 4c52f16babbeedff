"""`stride stats`: configurations over their seeds, in every form."""

import csv
import io
import json
import re

import pytest

from tests.runs.deciding.conftest import write_run

TABLE = """\
configuration  standing  n   mean  deviation    IQM  mean, 95 %      IQM, 95 %       to the best
lr=0.1         best      4  0.915      0.013  0.915  [0.894, 0.936]  [0.900, 0.930]  -
lr=0.2         behind    4  0.818      0.015  0.820  [0.794, 0.841]  [0.800, 0.830]  \
-0.098 [-0.105, -0.090]
lr=9.0         -         0  -          -      -      -               -               -
"""
TOLD = """\
test/accuracy: larger is better
over seed; IQM: mean of the middle half; 95 %: Student's t, and the bootstrap
to the best: mean difference, pair by pair, in intervals that hold together
behind: surely not the best
lr=9.0: seed 0 does not count, W/c0 is failed: nonfinite: the loss is not finite; not among these \
runs: seed 1, seed 2, seed 3
"""


def test_the_table_and_what_is_told_beside_it(stride, study):
    assert stride("stats", "W", "-m", "test/accuracy") == (0, TABLE, TOLD)


def test_the_numbers_are_the_same_in_all_forms(stride, study):
    asked = ("stats", "W", "-m", "test/accuracy")
    told = json.loads(stride(*asked, "--json").out)["metrics"][0]["configurations"]
    sheet = list(csv.DictReader(io.StringIO(stride(*asked, "--csv").out)))
    for row, line in zip(told, sheet, strict=True):
        paired = row["to_the_best"] or {"n": None, "mean": None, "interval": [None, None]}
        expected = [row["n"], row["mean"], row["deviation"], row["iqm"]]
        expected += row["mean_interval"] or [None, None]
        expected += row["iqm_interval"] or [None, None]
        expected += [paired["n"], paired["mean"], *paired["interval"]]
        found = [float(text) if text else None for text in list(line.values())[3:]]
        assert found == expected
    marked = stride(*asked, "--md").out.splitlines()
    assert marked[2].startswith("| **lr=0.1** | **best** | **4** | **0.915** |")
    typeset = stride(*asked, "--latex").out
    assert r"\toprule" in typeset and r"\textbf{lr=0.1} & \textbf{best} & $\mathbf{4}$" in typeset
    numbers = re.findall(r"\d\.\d{3}", stride(*asked).out)
    assert re.findall(r"\d\.\d{3}", typeset) == numbers
    assert re.findall(r"\d\.\d{3}", "\n".join(marked)) == numbers


def test_json_names_every_run(stride, study):
    found = json.loads(stride("stats", "W", "-m", "test/accuracy", "--json").out)
    good, _, failed = found["metrics"][0]["configurations"]
    assert good["runs"][1] == {"seed": 1, "path": "W/a1", "value": 0.91}
    assert good["settings"] == {"optimizer_kwargs.lr": 0.1} and good["missing"] == []
    assert (
        failed["n"] == 0
        and failed["mean"] is None
        and failed["missing"]
        == [
            {"seed": 1},
            {"seed": 2},
            {"seed": 3},
        ]
    )
    assert failed["left_out"][0]["path"] == "W/c0" and "(step 24)" in failed["left_out"][0]["why"]


def test_several_metrics_are_one_table(stride, study):
    asked = ("stats", "W", "-m", "test/*", "-m", "val_loss", "--csv")
    rows = list(csv.DictReader(io.StringIO(stride(*asked).out)))
    metrics = [row["metric"] for row in rows]
    assert metrics == ["test/accuracy"] * 3 + ["validation/epoch_loss"] * 3
    out = stride("stats", "W", "-m", "test/*", "-m", "val_loss").out
    assert out.splitlines()[0].split()[:3] == ["configuration", "metric", "standing"]


def test_the_monitored_metric_and_only_some_runs(stride, study):
    code, out, err = stride("stats", "W", "--where", "lr == 0.2")
    assert code == 0 and out.splitlines()[0].split()[:3] == ["configuration", "n", "mean"]
    assert out.splitlines()[1].startswith("(all)") and "validation/epoch_loss: smaller" in err


def test_several_work_dirs(stride, study, tmp_path):
    for seed, value in ((4, 0.95), (5, 0.96)):
        write_run(tmp_path / "V", seed, seed, accuracy=value, config={"optimizer_kwargs.lr": 0.1})
    out = stride("stats", "W", "V", "-m", "test/accuracy", "--csv").out
    first = next(csv.DictReader(io.StringIO(out)))
    assert (first["configuration"], first["n"]) == ("lr=0.1", "6")


def test_an_unknown_way_is_told_and_may_be_given(stride, study):
    for results in study.glob("*/results.json"):
        results.write_text(results.read_text().replace("accuracy", "thing"))
    asked = ("stats", "W", "-m", "test/thing")
    assert "which way is better is not known; type: --mode max" in stride(*asked).err
    assert "standing" not in stride(*asked).out
    assert stride(*asked, "--mode", "min").out.splitlines()[1].startswith("lr=0.2")


def test_over_another_key(stride, study):
    out = stride("stats", "W", "-m", "test/accuracy", "--over", "lr", "--csv").out
    rows = list(csv.DictReader(io.StringIO(out)))
    assert [row["configuration"] for row in rows] == ["seed=3", "seed=2", "seed=1", "seed=0"]


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (["--over", "nothing"], "no run here has 'nothing'"),
        (["--over", "status"], "status is no key of the config; type: --over seed"),
        (["--over", ","], "--over names no key"),
        (["-m", "lr"], "lr is no metric"),
        (["-m", "tests/*"], "no run here has a metric 'tests/*'; there are"),
        (["--mode", "up"], "--mode up is neither min nor max"),
        (["--where", "lr == 7"], "no runs in W where lr == 7"),
        (["--scaling"], "no run here has timings"),
        (["--scaling", "--over", "lr"], "--scaling is not by --over; choose runs by --where"),
        (["--json", "--csv"], "--json and --csv exclude each other"),
    ],
)
def test_what_is_refused(stride, study, words, what):
    code, out, err = stride("stats", "W", *words)
    assert (code, out) == (2, "") and what in err


def test_scaling(stride, tmp_path):
    for processes, rate in ((1, 100.0), (4, 300.0)):
        timings = {"train_seconds": 60.0, "samples_per_second": rate}
        results = {"results": {"timings": timings}, "devices": ["cpu"] * processes}
        write_run(
            tmp_path / "W", processes, config={"logging_config.timing_name": "mlp"}, **results
        )
    write_run(tmp_path / "W", "x", 9, state="failed")
    code, out, err = stride("stats", "W", "--scaling")
    assert code == 0 and out.splitlines() == [
        "work  device  processes  runs  samples/s  deviation  training  speed-up  efficiency",
        "mlp   cpu             1     1        100          -    1m 00s      1.00        100%",
        "mlp   cpu             4     1        300          -    1m 00s      3.00         75%",
    ]
    assert err.endswith("left out: W/x (failed)\n")
    found = json.loads(stride("stats", "W", "--scaling", "--json").out)
    assert [row["speedup"] for row in found["timings"]] == [1, 3]
    assert found["timings"][1]["efficiency"] == 0.75


def test_several_keys_and_what_a_query_leaves_out_are_named(stride, study):
    told = stride("stats", "W", "-m", "test/accuracy", "--over", "seed,lr").err
    assert "\nover seed, lr; IQM: " in told
    told = stride("stats", "W", "-m", "test/accuracy", "--where", "run != b2").err
    assert "\nlr=0.2: not among these runs: seed 2\n" in told


def test_thousands_that_do_not_count_are_told_in_few_words(stride, study):
    for at in range(30):
        write_run(study, f"d{at}", 0, accuracy=0.9, config={"optimizer_kwargs.lr": 0.1})
    (study / "broken").mkdir()
    (study / "broken" / "status.json").write_text("{oops")
    told = stride("stats", "W", "-m", "test/accuracy").err.splitlines()
    (line,) = [line for line in told if line.startswith("lr=0.1: ")]
    assert line.startswith("lr=0.1: W/a0 does not count: W/d0 counts, which is the same; W/d0 does")
    assert line.count("which is the same") == 20
    assert line.endswith("; and 10 more (--json tells them all)")
    whole = json.loads(stride("stats", "W", "-m", "test/accuracy", "--json").out)
    assert len(whole["metrics"][0]["configurations"][0]["left_out"]) == 30
