import json

from stride.runs.files.atomic import atomic_json, read_json


def test_config_and_metrics_that_differ(stride, make_run) -> None:
    make_run("seed=3", loss=0.5)
    make_run("seed=4", loss=0.25)
    code, out, err = stride("diff", "W/0", "W/1")
    assert (code, err) == (0, "")
    assert [line.split() for line in out.splitlines()] == [
        ["key", "W/0", "W/1", "change"],
        ["seed", "3", "4", "-"],
        ["best.validation/epoch_loss", "0.5", "0.25", "-0.25", "(-50.00%)"],
        ["last.validation/epoch_loss", "0.75", "0.5", "-0.25", "(-33.33%)"],
    ]


def test_json(stride, make_run) -> None:
    make_run("seed=3")
    make_run("seed=4", "optimizer_kwargs.lr=0.5")
    found = json.loads(stride("diff", "W/0", "W/1", "--json").out)
    assert found["runs"] == ["W/0", "W/1"]
    assert found["config"] == {"seed": [3, 4], "optimizer_kwargs.lr": [None, 0.5]}
    assert found["metrics"] == found["changes"] == {}


def test_a_key_that_one_run_lacks(stride, make_run) -> None:
    make_run()
    make_run("optimizer_kwargs.lr=0.5")
    assert stride("diff", "W/0", "W/1").out.splitlines()[1].split() == [
        "optimizer_kwargs.lr",
        "-",
        "0.5",
        "-",
    ]


def test_equal_runs(stride, make_run) -> None:
    make_run()
    make_run()
    assert stride("diff", "W/0", "W/1") == (
        0,
        "",
        "nothing differs: config, code, data and metrics are equal\n",
    )


def test_json_stays_short_however_much_differs(stride, make_run) -> None:
    for n, loss in enumerate((0.5, 0.25)):
        paths = make_run(loss=loss)
        many = {f"validation/channel{k}/f1": k + n for k in range(300)}
        results = read_json(paths.results)
        atomic_json(paths.results, results | {"best": many | results["best"]})
    out = stride("diff", "W/0", "W/1", "--json").out
    found = json.loads(out)
    assert len(out) < 2500 and len(found["metrics"]) == len(found["changes"]) == 10
    assert found["changes"]["best.validation/epoch_loss"] == -0.25  # by which the best was chosen
    assert found["left_out"] == {"metrics": 302 - 10}
    whole = json.loads(stride("diff", "W/0", "W/1", "--json", "--all").out)
    assert len(whole["metrics"]) == 302 and whole["left_out"] == {}
