"""Runs that are alike but for their seed are one configuration."""

import shutil

from stride.runs.deciding.configurations import group
from tests.runs.deciding.conftest import write_run


def runs_of(study):
    return {
        one.name: {repeat: facts.row.name for repeat, facts in one.runs.items()}
        for one in study.configurations
    }


def test_seeds_are_grouped_and_other_settings_divide(work_dir, select):
    for seed in (0, 1):
        write_run(work_dir, seed, seed)
        write_run(work_dir, 10 + seed, seed, config={"optimizer_kwargs.lr": 0.5})
    study = group(select(work_dir).facts)
    assert runs_of(study) == {
        "lr=0.1": {(0,): "0", (1,): "1"},
        "lr=0.5": {(0,): "10", (1,): "11"},
    }
    assert study.configurations[1].settings == {"optimizer_kwargs.lr": 0.5}
    assert study.repeats == [(0,), (1,)] and study.label((1,)) == "seed 1"
    assert study.left_out == []


def test_a_configuration_is_called_by_its_keys_in_the_order_of_the_config(work_dir, select):
    changed = {"a": 2, "model_kwargs.width": 9, "model_kwargs.depth": 3, "z": 1, "y": 1, "b": 7}
    write_run(work_dir, 0, config=dict.fromkeys(changed, 0))
    write_run(work_dir, 1, config=changed)
    names = [*runs_of(group(select(work_dir).facts))]
    assert names == ["width=0 depth=0 a=0 z=0 y=0 b=0", "width=9 depth=3 a=2 z=1 y=1 b=7"]


def test_what_follows_from_the_data_is_named_only_where_nothing_else_tells_apart(work_dir, select):
    own, follows = "optimizer_kwargs.lr", "model_kwargs.in_features"
    for name, lr in enumerate((0.1, 0.5)):
        config = {own: lr, follows: 4 + name}
        write_run(work_dir, name, config=config, origins={own: "override"})
    assert [*runs_of(group(select(work_dir).facts))] == ["lr=0.1", "lr=0.5"]
    write_run(work_dir, 2, config={own: 0.5, follows: 9}, origins={own: "override"})
    assert "in_features=9 lr=0.5" in runs_of(group(select(work_dir).facts))


def test_other_data_under_the_same_path_is_another_configuration(work_dir, select):
    write_run(work_dir, 0, 0, data="a" * 32)
    write_run(work_dir, 1, 0, data="b" * 32)
    assert list(runs_of(group(select(work_dir).facts))) == ["data=aaaaaaaa", "data=bbbbbbbb"]


def test_runs_of_several_work_dirs_are_one_configuration(work_dir, tmp_path, select):
    write_run(work_dir, 0, 0)
    write_run(tmp_path / "V", 0, 1)
    assert runs_of(group(select(work_dir, tmp_path / "V").facts)) == {"": {(0,): "0", (1,): "0"}}


def test_of_two_runs_alike_the_newer_counts_that_is_done(work_dir, select):
    write_run(work_dir, 0, 0)
    write_run(work_dir, 1, 0)
    write_run(work_dir, 2, 0, state="failed", reason="RuntimeError: no")
    (one,) = group(select(work_dir).facts).configurations
    assert one.runs[(0,)].row.name == "1"
    assert {again.facts.row.name for again in one.again} == {"0", "2"}
    assert all(again.why == f"{work_dir / '1'} counts, which is the same" for again in one.again)
    shutil.rmtree(work_dir / "0")
    shutil.rmtree(work_dir / "1")
    (one,) = group(select(work_dir).facts).configurations
    assert one.runs[(0,)].row.state == "failed"


def test_a_seed_of_the_weights_that_is_set_divides_and_one_that_follows_does_not(work_dir, select):
    write_run(work_dir, 0, 0)
    write_run(work_dir, 1, 1)
    fixed = {"config": {"model_kwargs.model_seed": 0}, "origins": {"model_kwargs.model_seed": "o"}}
    for seed in (0, 1):
        write_run(work_dir, 10 + seed, seed, **fixed)
    assert runs_of(group(select(work_dir).facts)) == {
        "model_seed=null": {(0,): "0", (1,): "1"},
        "model_seed=0": {(0,): "10", (1,): "11"},
    }


def test_forks_are_a_configuration_and_reproductions_none(work_dir, select):
    write_run(work_dir, 0, 0)
    for seed, relation in ((0, "fork"), (1, "fork"), (2, "reproduction")):
        parent = {"uuid": "u", "run": "W/0", "relation": relation}
        write_run(work_dir, 1 + seed, seed, parent=parent)
    study = group(select(work_dir).facts)
    assert runs_of(study) == {"": {(0,): "0"}, "parent=0": {(0,): "1", (1,): "2"}}
    parent = {"uuid": "u", "run": "W/0", "relation": "fork", "checkpoint": "at_9"}
    write_run(work_dir, 9, 1, parent=parent)
    found = runs_of(group(select(work_dir).facts))
    assert found["parent=0 checkpoint=at_9"] == {(1,): "9"}
    assert found["parent=0 checkpoint=null"] == {(0,): "1", (1,): "2"}
    (left,) = study.left_out
    assert left.facts.row.name == "3" and left.why == "a reproduction of W/0"


def test_what_has_no_config_is_named(work_dir, select):
    write_run(work_dir, 0, 0)
    write_run(work_dir, 1, 1)
    (work_dir / "1" / "status.json").write_text("{")
    write_run(work_dir, 2, 1, state="queued")
    (work_dir / "2" / "config.json").unlink()
    whys = {left.facts.row.name: left.why for left in group(select(work_dir).facts).left_out}
    assert whys["1"].startswith("broken: ") and whys["2"] == "queued, without a config as yet"


def test_runs_may_be_repeated_over_several_keys(work_dir, select):
    for number, (seed, lr) in enumerate([(0, 0.1), (1, 0.1), (0, 0.2)]):
        write_run(work_dir, number, seed, config={"optimizer_kwargs.lr": lr})
    study = group(select(work_dir).facts, ("seed", "optimizer_kwargs.lr"))
    assert study.repeats == [(0, 0.1), (0, 0.2), (1, 0.1)]
    assert study.label((0, 0.2)) == "seed 0, lr 0.2" and len(study.configurations) == 1
