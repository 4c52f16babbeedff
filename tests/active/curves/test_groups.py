"""Runs are grouped by what decides their numbers, apart from the seed."""

import json
import shutil

import pytest

from stride.active.curves.curve import Curve
from stride.active.curves.groups import group_curves, read_runs, settings_of
from stride.config import resolve_layers
from stride.errors import DataError
from stride.runs.writer import RunWriter

VALUES = {10: 0.5, 20: 0.75}


@pytest.fixture
def make(tmp_path):
    """Return a function that writes a run of active learning into W."""

    def make(overrides=(), values=VALUES, metric="test/accuracy", state="done", **provenance):
        given = {"active_config.strategy": "BADGE", **dict(overrides)}
        resolved = resolve_layers(work_dir=tmp_path / "W", overrides=given)
        config = resolved.config.to_json()
        if "model_kwargs.model_seed" not in given:  # as the trainer completes it
            config["model_kwargs"]["model_seed"] = config["seed"]
        told = {"origins": resolved.origins, "data_fingerprint": "f", **provenance}
        writer = RunWriter.start(tmp_path / "W", config=config, provenance=told)
        rows = [
            {"labelled": labels, "metrics": {metric: value, "test/loss": 1 - value}}
            for labels, value in values.items()
        ]
        writer.paths.rounds.write_text("".join(json.dumps(row) + "\n" for row in rows))
        curve = {"format_version": 2, "metric": metric}
        writer.paths.curve.write_text(json.dumps(curve))
        writer.close(state)
        return writer.paths

    return make


def groups(tmp_path, metric=None):
    return group_curves(read_runs(tmp_path / "W"), metric).groups


def test_seeds_are_one_group_and_strategies_are_two(make, tmp_path):
    for seed in (0, 3):
        make({"seed": seed})
        make({"seed": seed, "active_config.strategy": "UniformSampling"}, {10: 0.5, 20: 0.5})
    found = groups(tmp_path)
    assert [group.name for group in found] == ["BADGE", "UniformSampling"]
    assert [dict(group.runs) for group in found] == [{0: "0", 3: "2"}, {0: "1", 3: "3"}]
    assert found[0].curves[3] == Curve((10, 20), (0.5, 0.75))
    assert found[0].surroundings() == found[1].surroundings()


def test_a_name_tells_in_what_else_groups_differ(make, tmp_path):
    make()
    make({"active_config.strategy_kwargs.num_passes": 20})
    make({"active_config.num_queries": 5, "optimizer_kwargs.lr": 0.1})
    assert [group.name for group in groups(tmp_path)] == [
        "BADGE num_queries=10",
        "BADGE num_queries=10 strategy_kwargs.num_passes=20",
        "BADGE num_queries=5 optimizer_kwargs.lr=0.1",
    ]


@pytest.mark.parametrize(
    ("overrides", "provenance"),
    [
        ({"model_kwargs.model_name": "CNN"}, {}),
        ({"model_kwargs.model_seed": 0}, {}),  # for all seeds the same weights
        ({}, {"data_fingerprint": "g"}),
    ],
)
def test_what_decides_the_numbers_parts_groups(make, tmp_path, overrides, provenance):
    make({"seed": 1})
    make({"seed": 2, **overrides}, **provenance)
    assert len(groups(tmp_path)) == 2


@pytest.mark.parametrize("key", ["logging_config.terminal_display"])
def test_what_is_shown_parts_no_group(make, tmp_path, key):
    make({"seed": 1})
    make({"seed": 2, key: "off"})
    assert len(groups(tmp_path)) == 1


def test_weights_that_follow_the_seed_part_no_group_wherever_they_are():
    made = []
    for seed in (4, 5):
        config = resolve_layers(work_dir="W", overrides={"seed": seed}).config.to_json()
        candidates = [{"model_seed": seed}, {"model_seed": seed + 1}]
        config["model_kwargs"] = {"model_seed": seed, "candidates": candidates}
        made.append(settings_of(config, (), "f"))
    assert made[0] == made[1]
    assert made[0]["model_kwargs.candidates"] == [{"model_seed": 0}, {"model_seed": 1}]


def test_the_newer_of_two_alike_counts_and_forks_do_not(make, tmp_path):
    make(values={10: 0.1, 20: 0.1})
    make()
    make(values={10: 0.9, 20: 0.9}, parent={"uuid": "a", "run": "W/1", "relation": "fork"})
    (group,) = groups(tmp_path)
    assert dict(group.runs) == {0: "1"} and group.curves[0].values == (0.5, 0.75)


def test_a_broken_run_hides_no_other(make, tmp_path):
    make()
    make().config.write_text("{oops")
    make().status.write_text("{oops")
    shutil.rmtree(make().provenance.parent)
    assert [one.run.name for one in read_runs(tmp_path / "W")] == ["0"]


def test_the_state_is_known_and_whether_there_are_rounds(make, tmp_path):
    make(state="interrupted").rounds.unlink()
    make()
    found = read_runs(tmp_path / "W")
    assert [(one.state, one.has_rounds) for one in found] == [
        ("interrupted", False),
        ("done", True),
    ]


def test_the_metric_is_that_of_the_curves_or_as_asked(make, tmp_path):
    make()
    runs = read_runs(tmp_path / "W")
    assert group_curves(runs)[:2] == ("test/accuracy", "max")
    asked = group_curves(runs, "test_loss")
    assert asked[:2] == ("test/loss", "min") and asked.groups[0].curves[0].values == (0.5, 0.25)
    with pytest.raises(DataError, match=r"'test/acuracy' .*did you mean 'test/accuracy'"):
        group_curves(runs, "test/acuracy")
    make({"seed": 1}, metric="test/f1")
    with pytest.raises(DataError, match=r"several metrics: test/accuracy, test/f1; type: --metric"):
        groups(tmp_path)
    with pytest.raises(DataError, match="there are no learning curves"):
        group_curves([])
