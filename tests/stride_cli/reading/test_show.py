import json
import re
from pathlib import Path
from typing import Any

import pytest

from stride.runs.files.atomic import atomic_json, read_json


def test_a_run_at_a_glance(stride, make_run) -> None:
    make_run("seed=3", "optimizer_kwargs.lr=0.1")
    code, out, err = stride("show", "W/0")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0] == "run         W/0"
    assert lines[1] == "status      done"
    assert "overrides   seed=3" in lines
    assert "            optimizer_kwargs.lr=0.1" in lines
    assert "best        validation/epoch_accuracy = 0.9  (step 10, epoch 1)" in lines
    assert "test        test/accuracy = 0.875" in lines
    assert "parameters  12,345" in lines
    assert "commit      " + "a" * 40 in lines


def test_a_run_under_way_tells_how_far_it_is(stride, make_run) -> None:
    paths = make_run()
    status = read_json(paths.status)
    atomic_json(paths.status, status | {"state": "running"})
    progress = {"segment": 0, "time": 1.0, "step": 120, "epoch": 3, "total_steps": 400}
    progress |= {"total_epochs": 10, "steps_per_second": 2.0, "memory": 412_000_000}
    metrics = {"best": {"validation/epoch_loss": 0.125}, "last": {"lr": 0.1}}
    record = {"format_version": 3, **progress, "device_memory": 3_100_000_000, "metrics": metrics}
    atomic_json(paths.progress, record)
    lines = [" ".join(line.split()) for line in stride("show", "W/0").out.splitlines()]
    assert "progress epoch 3/10, step 120/400" in lines
    assert "speed 2 steps/s, 2m 20s left" in lines
    assert "memory 412 MB, 3.1 GB of the device" in lines
    assert "best validation/epoch_loss = 0.125" in lines
    assert json.loads(stride("show", "W/0", "--json").out)["progress"]["seconds_left"] == 140.0
    assert "  epoch 3/10, 2m 20s left\n" in stride("ls", "W").out


def test_a_run_of_episodes_tells_in_what_it_acted_and_how_often(stride, make_run) -> None:
    paths = make_run()
    assert "environment" not in stride("show", "W/0").out
    config, results = read_json(paths.config), read_json(paths.results)
    acted = {"env_name": "CartPole-v1", "num_envs": 64, "algorithm": "PPO"}
    atomic_json(paths.config, config | {"rl_config": acted})
    last = {"env_steps": 20480.0, "step": 400}
    timings = {"train_seconds": 10.0}
    atomic_json(paths.results, results | {"last": last, "timings": timings})
    lines = stride("show", "W/0").out.splitlines()
    assert "environment  CartPole-v1, 64 side by side; PPO" in lines
    assert "env steps    20,480, and 400 updates; 2048 a second" in lines


def test_the_artifacts_that_are_there_are_counted_by_kind(stride, make_run) -> None:
    paths = make_run()
    assert json.loads(stride("show", "W/0", "--json").out)["artifacts"] == {}
    paths.artifacts.mkdir()
    rows = [{"kind": kind, "file": f"{n}"} for n, kind in enumerate(["image", "text", "image"])]
    for row in [*rows, {"kind": "image", "file": "gone"}]:
        with paths.artifact_rows.open("a") as file:
            file.write(json.dumps(row) + "\n")
    for row in rows:
        (paths.artifacts / row["file"]).write_text("")
    assert "artifacts   image 2, text 1" in stride("show", "W/0").out.splitlines()
    assert json.loads(stride("show", "W/0", "--json").out)["artifacts"] == {"image": 2, "text": 1}


def test_an_ended_run_tells_what_it_took(stride, make_run) -> None:
    make_run()
    lines = stride("show", "W/0").out.splitlines()
    assert "training    1.0s; 2.0s in all" in lines and "speed       1,234 samples/s" in lines
    assert not any(line.startswith(("progress", "to go on")) for line in lines)


@pytest.mark.parametrize(
    ("state", "command"), [("waiting", "stride label W/0"), ("interrupted", "stride resume W/0")]
)
def test_what_to_type_so_that_a_run_goes_on(stride, make_run, state, command) -> None:
    paths = make_run()
    record = read_json(paths.status) | {"state": state, "reason": "so"}
    atomic_json(paths.status, record)
    lines = [" ".join(line.split()) for line in stride("show", "W/0").out.splitlines()]
    assert f"to go on type: {command}" in lines
    assert (f"  type: {command}" in stride("ls", "W").out) == (state == "waiting")


def test_every_selector(stride, make_run) -> None:
    make_run(loss=0.1)
    make_run(name="big", loss=0.9)
    for selector, name in [("latest", "big"), ("best", "0"), ("big", "big"), ("0", "0")]:
        assert stride("show", f"W/{selector}").out.splitlines()[0].endswith(f"W/{name}")


def test_json_holds_results_and_provenance(stride, make_run) -> None:
    make_run("seed=3")
    found = json.loads(stride("show", "W/latest", "--json").out)
    assert found["run"] == "0"
    assert found["results"]["parameters"] == 12345
    assert found["provenance"]["devices"] == ["cpu"]


def test_json_stays_short_however_many_metrics_there_are(stride, make_run) -> None:
    paths = make_run()
    many = {f"validation/channel{n}/f1": n / 300 for n in range(300)}
    results = read_json(paths.results)
    atomic_json(paths.results, results | {"best": many | results["best"]})
    out = stride("show", "W/0", "--json").out
    found = json.loads(out)
    assert len(out) < 2500 and len(found["best"]) == 8
    assert found["best"]["validation/epoch_loss"] == 0.5  # by which the best was chosen
    assert found["left_out"]["best"] == 302 - 8 and "test" not in found["left_out"]
    whole = json.loads(stride("show", "W/0", "--json", "--records").out)
    assert len(whole["best"]) == 302 and whole["left_out"] == {}


def test_a_run_that_is_not_there(stride, make_run) -> None:
    make_run(name="big-lr")
    code, out, err = stride("show", "W/big-l")
    assert (code, out) == (2, "")
    assert err == "stride: error: no run 'big-l' (W); did you mean 'big-lr'?\n"


def test_a_work_dir_is_no_run(stride, make_run) -> None:
    make_run()
    code, _, err = stride("show", "W")
    assert (code, err) == (2, "stride: error: W is a work_dir, not a run; type: W/latest\n")


def test_a_broken_run_asked_for_by_name_is_an_error(stride, make_run) -> None:
    make_run().status.write_text("{oops")
    code, out, err = stride("show", "W/0")
    assert code == 2 and out.splitlines()[1].startswith("status      broken (status.json is not")
    assert err.startswith("stride: error: W/0 cannot be read whole: status.json is not JSON")


def titles(out: str) -> set[str]:
    return {line.split(" ")[0] for line in out.splitlines()}


def change(path: Path, **values: Any) -> None:
    atomic_json(path, read_json(path) | values)


PARENT = {"uuid": "a" * 32, "run": "W/3"}


@pytest.mark.parametrize(
    ("parent", "line"),
    [
        ({"relation": "reproduction"}, "reproduction of W/3"),
        (
            {"relation": "fork", "step": 120, "checkpoint": "a_epoch_2"},
            "fork of W/3 at step 120 (checkpoint a_epoch_2)",
        ),
        ({"relation": "fork", "step": 0}, "fork of W/3 at step 0"),
    ],
)
def test_from_which_run_it_came(stride, make_run, parent, line) -> None:
    change(make_run().provenance, parent=PARENT | parent)
    assert ["parent", line] in table(stride("show", "W/0"))


@pytest.mark.parametrize(
    ("found", "line"),
    [
        ({"identical": True, "steps": 400}, "bit-identical over 400 steps"),
        (
            {"identical": False, "first_divergent_step": 37, "causes": ["torch: a", "b"]},
            "diverged at step 37: torch: a",
        ),
        ({"identical": False}, "not bit-identical"),
    ],
)
def test_whether_a_reproduction_came_out_the_same(stride, make_run, found, line) -> None:
    paths = make_run()
    atomic_json(paths.reproduction, {"format_version": 2} | found)
    assert ["reproduction", line] in table(stride("show", "W/0"))
    assert (
        json.loads(stride("show", "W/0", "--json").out)["reproduction"]["identical"]
        is (found["identical"])
    )


def test_where_it_was_resumed(stride, make_run) -> None:
    paths = make_run()
    assert "segments" not in dict(table(stride("show", "W/0")))
    for n, step in ((1, 120), (2, 300)):
        atomic_json(paths.segment(n), read_json(paths.segment(0)) | {"n": n, "from_step": step})
        word = "step 120" if n == 1 else "steps 120, 300"
        shown = dict(table(stride("show", "W/0")))
        assert shown["segments"] == f"{n + 1} (resumed at {word})"


def test_what_the_newest_resume_did_not_restore_exactly(stride, make_run) -> None:
    paths = make_run()
    assert json.loads(stride("show", "W/0", "--json").out)["fidelity"] == {}
    fidelity = {"exact": ["model"], "inexact": {"world_size": "3 here, 2 then", "random": "new"}}
    record = read_json(paths.segment(0)) | {"n": 1, "from_step": 6, "fidelity": fidelity}
    atomic_json(paths.segment(1), record)
    shown = table(stride("show", "W/0"))
    at = shown.index(["not exact", "world_size: 3 here, 2 then"])
    assert shown[at + 1] == ["", "random: new"]
    assert json.loads(stride("show", "W/0", "--json").out)["fidelity"] == fidelity


def table(outcome) -> list[list[str]]:
    """Return the titles and texts of what was shown."""
    assert outcome.code == 0, outcome.err
    return [re.split(" {2,}", line, maxsplit=1) for line in outcome.out.splitlines()]


@pytest.mark.parametrize(("record", "key"), [("results", "timings"), ("provenance", "git")])
def test_records_that_make_no_sense_are_told_in_one_line(stride, make_run, record, key) -> None:
    change(getattr(make_run(), record), **{key: 3})
    code, out, err = stride("show", "W/0")
    assert code == 2 and re.search("^status +done$", out, re.M)
    assert err.startswith("stride: error: W/0 cannot be read whole: the records make no sense: ")
    assert err.endswith("; type: stride verify W/0\n")


BEYOND = {"results.json": "parameters", "provenance.json": "devices", "segments/1.json": "segments"}
"""What is told of each record alone."""


@pytest.mark.parametrize("broken", BEYOND)
def test_one_broken_record_hides_no_other(stride, make_run, broken: str) -> None:
    paths = make_run("seed=7", loss=0.25)
    for n in (0, 1):
        atomic_json(paths.segment(n), {"format_version": 3, "n": n, "from_step": 5 * n})
    whole = titles(stride("show", "W/0").out)
    (paths.path / broken).write_text("{oops")
    code, out, err = stride("show", "W/0")
    assert {*BEYOND.values(), "files", "status"} <= whole
    assert code == 2 and {*BEYOND.values(), "files", "status"} - titles(out) == {BEYOND[broken]}
    name = broken.rpartition("/")[2]
    assert err.startswith(f"stride: error: W/0 cannot be read whole: {name} is not JSON")
    assert err.endswith("; type: stride verify W/0\n")
    code, out, err = stride("show", "W/0", "--json")
    assert code == 2 and bool(json.loads(out)["best"]) == (broken != "results.json")
    assert json.loads(err)["error"]["code"] == "broken"
