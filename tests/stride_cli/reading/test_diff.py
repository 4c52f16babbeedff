import json


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
