"""A sweep from Python: what may be given, what is refused, and what it returns."""

import importlib
import sys
from pathlib import Path

import numpy as np
import optuna
import pytest

import stride.sweeps
from stride import Sweeper, Trainer, open_runs
from stride.config.sweep.space import FloatRange
from stride.errors import MissingExtra, RunFailed, UserError
from stride.sweeps.joining import join
from stride.sweeps.sweep import open_sweep
from stride.trainer.starts.repeated import RepeatedRun

TINY = ["model=MLP", "hidden=[4]", "subsample_rate=0.05", "epochs=1", "device=cpu"]
LOG = "float(1e-3,1e-1,log)"


def a_trainer(*more: str, folder: str = "W") -> Trainer:
    return Trainer(folder, overrides=[*TINY, *more])


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_the_best_can_be_trained_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = []
    sweeper = Sweeper(a_trainer(folder="a b"), {"lr": LOG, "dropout": [0, 0.1]}, trials=3)
    best = sweeper.run(lambda trial, outcome: told.append((trial.number, outcome.value)))
    assert [number for number, _ in told] == [0, 1, 2]
    assert best.value == min(value for _, value in told) == dict(told)[best.trial]
    assert [*best.overrides] == ["optimizer_kwargs.lr", "model_kwargs.dropout"], "whole keys"
    assert [one.parent for one in best.runs] == [tmp_path / "a b"]
    assert a_trainer().fit(best.overrides) == best.value
    assert "A new study" not in capsys.readouterr().err


def test_the_same_again_trains_nothing_however_it_is_written() -> None:
    grid = {"optimizer_kwargs.lr": [0.1, 0.01]}
    Sweeper(a_trainer(), grid=grid).run()
    for same in ({"lr": [0.1, 0.01]}, {"optimizer_kwargs": {"lr": np.array([0.1, 0.01])}}):
        assert not Sweeper(a_trainer(), grid=same).plan().changes
    grown = Sweeper(a_trainer(), grid={"lr": [0.1, 0.01], "seed": [0, 1]}, trials=3).plan()
    assert (len(grown.kept), len(grown.new), len(grown.left)) == (2, 1, 0)


def test_a_listing_says_of_each_trial_what_it_tried() -> None:
    grid = {"optimizer_kwargs.lr": [0.1, 0.01]}
    Sweeper(a_trainer(), grid=grid, overrides={"dropout": 0.5}).run()
    shared = "model_kwargs.dropout=0.5"
    tried = [[f"optimizer_kwargs.lr={rate}", shared] for rate in (0.1, 0.01)]
    listed = [one.provenance["overrides"] for one in open_runs("W")]
    assert sorted(map(sorted, listed)) == sorted(map(sorted, tried))


def test_a_run_that_the_trainer_names_is_none_of_the_trials(tmp_path: Path) -> None:
    best = Sweeper(a_trainer("run=mine"), grid={"lr": [0.1, 0.2]}, seeds=2).run()
    assert sorted(one.name for one in (tmp_path / "W").glob("[!.]*")) == [*"0123", "sweeps"]
    assert len(best.runs) == 2


def test_the_current_folder_may_change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sweeper = Sweeper(a_trainer(), grid={"lr": [0.1]})
    (tmp_path / "other").mkdir()
    monkeypatch.chdir("other")
    assert [one.parent for one in sweeper.run().runs] == [tmp_path / "W"]
    assert list(Path().iterdir()) == []


def test_with_fewer_seeds_the_value_is_that_of_those_that_are_asked_for() -> None:
    values = [
        Sweeper(a_trainer(), grid={"lr": [0.1]}, seeds=seeds).run().value for seeds in (1, 3, 1)
    ]
    assert values[0] == values[2] != values[1]


@pytest.mark.parametrize(
    "more",
    [
        ["training_config.early_stopping=true"],
        ["training_config.evaluate_every_steps=1"],
        ["training_config.with_validation=false"],
        ["trainer=active", "active_config.num_rounds=1"],
    ],
)
def test_a_base_of_any_kind_is_swept(more: list[str]) -> None:
    best = Sweeper(a_trainer(*more), grid={"lr": [0.1]}, pruner="median").run()
    assert best.trial == 0 and len(best.runs) == 1


@pytest.mark.parametrize(
    "given",
    [
        {"lr": FloatRange(low=0.1, high=0.2)},
        {"lr": {"type": "float", "min": 0.1, "max": 0.2}},
        {"lr": np.linspace(0.1, 0.2, 3)},
        {"optimizer_kwargs": {"lr": "float(0.1,0.2)"}},
        {"training_config.max_steps": range(1, 3)},
        {"hidden": ([3], [4, 4])},
    ],
)
def test_a_dimension_may_be_given_in_many_ways(given) -> None:
    assert Sweeper(a_trainer(), given, trials=2).plan().entries == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({}, "a sweep needs a grid, runs or a search"),
        ({"search_space": {"lrr": LOG}}, "unknown key.*lrr.*did you mean 'optimizer_kwargs.lr'"),
        ({"search_space": {"lr": "flot(0,1)"}}, "it is not a dimension.*float.LOW,HIGH"),
        ({"search_space": {"lr": 0.1}}, "lr is a float, no dimension; as 'float"),
        (
            {"search_space": {"lr": optuna.distributions.FloatDistribution(0, 1)}},
            "lr is a FloatDistribution, no dimension; as 'float",
        ),
        ({"grid": {"epochs": ["x"]}}, "must be a whole number.*in the trial"),
        ({"grid": {"work_dir": ["a"]}}, "a sweep cannot set work_dir"),
        ({"grid": {"lr": [1]}, "trialz": 3}, "unknown key trialz.*did you mean 'trials'"),
        ({"grid": {"lr": [1]}, "pruner": optuna.pruners.MedianPruner()}, "pruner is a MedianP"),
        (
            {"search_space": {"lr": LOG}, "sampler": optuna.samplers.TPESampler()},
            "sampler is a TPESampler, and its name is needed.*sampler_name",
        ),
        ({"search_space": {"lr": LOG}, "sampler": "brute_force"}, "step must be given"),
        ({"grid": {"lr": [1]}, "metric": "loss", "mode": "up"}, "mode must be"),
        ({"grid": {"lr": [1]}, "storage": "sqlite:////no/such/folder/x.db"}, "cannot open this"),
    ],
)
def test_what_is_wrong_makes_no_folder(arguments, words, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=words):
        Sweeper(a_trainer(), **arguments).begin()
    assert list(tmp_path.iterdir()) == []


def test_where_every_trial_fails_that_is_an_error() -> None:
    grid = {"grid": {"lr": [0.1, 0.2]}, "metric": "validation/nothing", "mode": "min"}
    with pytest.raises((RunFailed, UserError), match="nothing"):
        Sweeper(a_trainer(), **grid).run()


def test_a_database_takes_the_place_of_the_journal(tmp_path: Path) -> None:
    asked = {"grid": {"lr": [0.1, 0.2]}, "storage": "sqlite:///trials.db"}
    best = Sweeper(a_trainer(), **asked).run()
    assert (tmp_path / "trials.db").exists()
    assert not (tmp_path / "W/sweeps/grid/journal.log").exists()
    assert not Sweeper(a_trainer(), grid=asked["grid"]).plan().changes
    with pytest.raises(UserError, match=r"the trials of this sweep are in sqlite:///.*trials.db"):
        Sweeper(a_trainer(), **{**asked, "storage": "sqlite:///other.db"}).plan()
    (tmp_path / "trials.db").unlink()
    with pytest.raises(UserError, match="has no study 'grid' any more"):
        Sweeper(a_trainer(), grid=asked["grid"]).plan()
    assert best.trial in (0, 1)


def test_another_process_joins_by_the_folder_alone() -> None:
    sweep = Sweeper(a_trainer(), grid={"lr": [0.1, 0.2]}).begin()
    join(open_sweep(sweep.paths))
    assert [one.state.name for one in sweep.study.get_trials()] == ["COMPLETE"] * 2


def test_the_extra_is_named_where_optuna_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(MissingExtra, match="'optuna' is not installed"):
        importlib.reload(stride.sweeps)


def test_a_run_of_a_sweep_is_repeated_with_weights_of_the_new_seed(sweeps):
    sweeps.of(grid={"seed": [0, 1]}).run()
    again = RepeatedRun.of(sweeps.work_dir / "1", 5).resolved.config
    assert (again.seed, again.model_kwargs.model_seed) in [(5, None), (5, 5)]


def test_and_with_the_same_weights_where_the_sweep_has_set_their_seed(sweeps):
    sweeps.of(grid={"seed": [1]}, overrides={"model_kwargs.model_seed": 1}).run()
    assert RepeatedRun.of(sweeps.work_dir / "0", 5).resolved.config.model_kwargs.model_seed == 1
