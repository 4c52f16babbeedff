"""Trials of a sweep as one stack: which, how they end, and that no bit is another."""

import json
import math
from typing import Any

import pytest

from stride.config.pack import read_pack
from stride.errors import UserError
from stride.runs.work_dir import WorkDir
from stride.trainer.packs import choice
from stride.trainer.packs.packs import Packs
from stride.trainer.trainer import Trainer
from tests.integration.same_runs import unlike
from tests.integration.sweeps.same_sweeps import left
from tests.integration.sweeps.sweeping import HERE
from tests.sweeps.conftest import Sweeps

LR, HIDDEN = "optimizer_kwargs.lr", "model_kwargs.hidden"


@pytest.fixture
def alone(tmp_path) -> Sweeps:
    """Return the sweeps of another work_dir, whose trials are trained one by one."""
    return Sweeps(tmp_path / "alone")


def packs_of(sweeps: Sweeps) -> dict[str, dict[str, Any]]:
    """Return what the newest segment of each run says of its pack, {} where it has none."""
    paths = WorkDir(sweeps.work_dir).paths
    newest = {one: max(paths.run(one).segments.glob("*.json")) for one in sweeps.runs()}
    return {one: json.loads(path.read_text()).get("pack") or {} for one, path in newest.items()}


def both(sweeps: Sweeps, alone: Sweeps, pack: Any, **asked: Any) -> None:
    """Work on the same sweep packed and one by one; all that they leave has to be the same."""
    sweeps.of(**asked).run(pack=pack)
    alone.of(**asked).run(pack="off")
    assert [*unlike(left(alone.work_dir), left(sweeps.work_dir))] == []
    assert not any(packs_of(alone).values())


def test_trials_and_their_seeds_are_one_stack_and_a_failing_one_harms_no_other(sweeps, alone):
    both(sweeps, alone, 6, grid={LR: [0.003, 1e30, 0.03]}, seeds=2)
    assert [math.isfinite(one.value) for one in sweeps.trials()] == [True, False, True]
    packs = packs_of(sweeps)
    assert sorted(one["place"] for one in packs.values()) == [*range(6)]
    assert {one["width"] for one in packs.values()} == {6}
    assert len({one["uuid"] for one in packs.values()}) == 1


def test_what_is_not_alike_is_in_another_stack_and_what_has_no_company_alone(sweeps, alone):
    runs = [{LR: 0.01}, {LR: 0.02}, {HIDDEN: [8]}, {HIDDEN: [8], LR: 0.1}, {HIDDEN: [6]}]
    both(sweeps, alone, 4, runs=[{"config": one} for one in runs])
    assert [one.get("width") for one in packs_of(sweeps).values()] == [2, 2, 2, 2, None]


def test_trials_that_cannot_be_built_fail_as_they_do_alone(sweeps, alone):
    broken = {"model_kwargs.model_name": f"{HERE}:Net", "model_kwargs.second": 5}
    runs = [broken, {**broken, LR: 0.2}, {LR: 0.01}, {LR: 0.02}]
    both(sweeps, alone, 4, runs=[{"config": one} for one in runs])
    assert sweeps.states() == ["FAIL", "FAIL", "COMPLETE", "COMPLETE"]


def test_no_more_are_packed_than_asked(sweeps):
    sweeps.of(grid={LR: [0.01, 0.02, 0.03, 0.04, 0.05]}).run(pack=2)
    assert [one.get("width") for one in packs_of(sweeps).values()] == [2, 2, 2, 2, None]


def test_a_random_search_is_packed_and_one_that_learns_takes_a_trial_at_a_time(sweeps, alone):
    space = {LR: "float(1e-4,1e-1,log)"}
    both(sweeps, alone, 3, search_space=space, sampler="random", trials=3)
    assert {one["width"] for one in packs_of(sweeps).values()} == {3}


def test_a_search_that_learns_packs_the_seeds_of_a_trial(sweeps, alone):
    space = {LR: "float(1e-4,1e-1,log)"}
    both(sweeps, alone, 4, search_space=space, sampler="tpe", trials=2, seeds=2)
    assert len({one["uuid"] for one in packs_of(sweeps).values()}) == 2


def test_a_pruned_member_changes_no_bit_of_the_others(sweeps, alone):
    trainers = [one.trainer(training_config={"max_epochs": 3}) for one in (sweeps, alone)]
    pruner = {"pruner_name": "threshold", "upper": 2.31, "n_warmup_steps": 1}
    asked: dict[str, Any] = {"grid": {LR: [0.03, 1e-9, 0.02]}, "pruner": pruner}
    sweeps.of(trainers[0], **asked).run(pack=3)
    alone.of(trainers[1], **asked).run(pack="off")
    assert sweeps.states() == ["COMPLETE", "PRUNED", "COMPLETE"]
    assert [*unlike(left(alone.work_dir), left(sweeps.work_dir))] == []
    assert {one["width"] for one in packs_of(sweeps).values()} == {3}


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ({"pruner": "median"}, "MedianPruner compares trials on their way"),
        ({"stop_on_error": True}, "the first error is to end the sweep"),
    ],
)
def test_auto_packs_nothing_that_is_to_wait_for_another(sweeps, rates, monkeypatch, asked, why):
    monkeypatch.setattr(choice, "WIDTH", 32)
    sweeper = sweeps.of(**rates(0.01, 0.02), **asked)
    (found,) = sweeper.foresee(sweeper.plan())
    assert (found.runs, found.width, found.why_alone) == (2, 1, why)


@pytest.mark.parametrize(("worth", "width"), [(0.0, 2), (1e9, 1)])
def test_auto_packs_where_that_is_measured_to_be_worth_it(sweeps, rates, monkeypatch, worth, width):
    monkeypatch.setattr(choice, "WIDTH", 32)
    monkeypatch.setattr(choice, "WORTH", worth)
    sweeper = sweeps.of(**rates(0.01, 0.02))
    (found,) = sweeper.foresee(sweeper.plan())
    assert (found.runs, found.width, found.speedup > 0) == (2, width, True)
    assert bool(found.why_alone) == (width == 1)
    sweeper.run()
    assert {one.get("width", 1) for one in packs_of(sweeps).values()} == {width}


@pytest.mark.parametrize(
    ("sections", "grid", "why"),
    [
        ({"optimizer_kwargs": {"optimizer_name": "SGD"}}, LR, "the optimizer is SGD"),
        ({}, HIDDEN, "no two of them are alike"),
        ({"training_config": {"accumulate": 2}}, LR, "an update takes 2 batches"),
    ],
)
def test_the_plan_says_why_runs_are_alone(sweeps, sections, grid, why):
    values = [[4], [8]] if grid == HIDDEN else [0.01, 0.02]
    sweeper = sweeps.of(sweeps.trainer(**sections), grid={grid: values})
    (found,) = sweeper.foresee(sweeper.plan(), 8)
    assert (found.runs, found.width, found.why_alone) == (2, 1, why)
    assert not sweeps.work_dir.exists()


def test_the_plan_counts_the_runs_that_are_left(sweeps, rates):
    sweeps.of(**rates(0.01, 0.02), seeds=2).run(pack="off")
    more = sweeps.of(**rates(0.01, 0.02, 0.03), seeds=3)
    (found,) = more.foresee(more.plan(), 4)
    assert (found.runs, found.width) == (5, 4)


def test_a_sweep_begun_alone_goes_on_in_a_stack(sweeps, alone, rates):
    def stop(trial, outcome):
        raise KeyboardInterrupt

    asked = rates(0.01, 0.02, 0.03)
    with pytest.raises(KeyboardInterrupt):
        sweeps.of(**asked).run(stop, pack="off")
    both(sweeps, alone, 3, **asked)
    assert [one.get("width") for one in packs_of(sweeps).values()] == [None, 2, 2]


def test_a_stack_that_was_left_is_one_again(sweeps, alone, rates, monkeypatch):
    def interrupted(self, trainers, starts):
        raise KeyboardInterrupt

    asked = rates(0.01, 0.02, 0.03)
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(Packs, "fit", interrupted)
        sweeps.of(**asked).run(pack=3)
    assert sweeps.states() == ["RUNNING"] * 3
    both(sweeps, alone, 3, **asked)
    assert [one["width"] for one in packs_of(sweeps).values()] == [3, 3, 3]


@pytest.mark.parametrize("text", ["on", "-1", "0", "1.5", ""])
def test_what_is_no_way_to_pack_is_refused(text):
    with pytest.raises(UserError, match="no way to pack"):
        read_pack(text)


@pytest.mark.parametrize("pack", [0, -1, True, 2.0, None, "8", "Auto", [4]])
def test_python_is_refused_the_same_before_there_is_a_folder(sweeps, rates, pack):
    with pytest.raises(UserError, match="no way to pack"):
        sweeps.of(**rates(0.01, 0.02)).run(pack=pack)
    assert not sweeps.work_dir.exists()


def test_ways_to_pack():
    assert [read_pack(one) for one in ("auto", "off", "8")] == ["auto", "off", 8]


SMALL = {
    "device": "cpu",
    "dataset_kwargs.subsample_rate": 0.2,
    "model_kwargs.model_name": "MLP",
    HIDDEN: [4],
    "training_config.max_epochs": 3,
    "logging_config.terminal_display": "off",
}


@pytest.mark.parametrize(
    "kind",
    [
        {
            "trainer": "reconstruction",
            "dataset_kwargs.dataset_name": "sines",
            "dataset_kwargs.num_train": 200,
            "dataset_kwargs.length": 16,
            "dataset_kwargs.anomaly_length": 4,
            LR: 0.3,
        },
        {"trainer": "active", "active_config.num_rounds": 1, "active_config.start_size": 20},
    ],
)
def test_each_run_of_a_stack_has_a_kind_of_its_own(tmp_path, kind):
    left_behind = []
    for pack in (2, "off"):
        sweeps = Sweeps(tmp_path / str(pack))
        trainer = Trainer(sweeps.work_dir, overrides=SMALL | kind)
        sweeps.of(trainer, seeds=2, runs=[{"config": {}}]).run(pack=pack)
        assert {one.get("width") for one in packs_of(sweeps).values()} == {2 if pack == 2 else None}
        left_behind.append(left(sweeps.work_dir))
    assert [*unlike(*left_behind)] == []
