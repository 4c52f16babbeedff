"""What is asked is compared with what there is before anything is made."""

from pathlib import Path

import pytest

from stride.config.sweep.spec import SweepSpec
from stride.errors import ConfigError, RunError, UserError
from stride.runs.run import Run
from stride.sweeps.sweeper import Sweeper
from stride.trainer.trainer import Trainer
from stride.trainers.rl.trainer import RLTrainer

RUNS = [{"run": "small", "config": {"lr": 0.1}}, {"config": {"lr": 0.01}}]


def test_a_search_that_chose_the_same_twice_keeps_both(trainer) -> None:
    asked = {"search_space": {"seed": [1]}, "sampler": "random", "trials": 2}
    first = Sweeper(trainer(), **asked)
    first.run()
    plan = Sweeper(trainer(), **asked).plan()
    assert (len(plan.kept), len(plan.left), plan.changes) == (2, 0, False)


def test_the_name_of_a_run_that_is_there_is_refused(trainer, tmp_path: Path) -> None:
    spec = SweepSpec.from_json({"runs": RUNS})
    trainer().fit(run="small")
    with pytest.raises(RunError, match="'small' is there already, and is not of this sweep"):
        Sweeper.of(trainer(), spec).begin()
    assert not (tmp_path / "W/sweeps").exists()


def test_a_name_stays_with_the_first_run_of_that_name(trainer, tmp_path: Path) -> None:
    Sweeper.of(trainer(), SweepSpec.from_json({"runs": RUNS[:1]})).run()
    changed = [{"run": "small", "config": {"lr": 0.5}}]
    best = Sweeper.of(trainer(), SweepSpec.from_json({"runs": changed})).run()
    assert [run.name for run in best.runs] == ["0"]
    assert Run(tmp_path / "W/small").raw_config["optimizer_kwargs"]["lr"] == 0.1


def test_what_cannot_choose_is_refused_before_there_is_a_folder(trainer, tmp_path: Path) -> None:
    for wrong in ({"sampler": "tpee"}, {"pruner": "medan"}, {"name": "a/b"}):
        with pytest.raises(UserError):
            Sweeper(trainer(), {"lr": "float(0,1)"}, trials=1, **wrong).begin()
    assert not (tmp_path / "W").exists()


def test_what_an_algorithm_does_not_take_is_refused_before_there_is_a_folder(
    tmp_path: Path,
) -> None:
    trainer = RLTrainer(tmp_path / "W", overrides=["rl_config.env_name=CartPole-v1"])
    for key, near in (("algorithm_kwargs.clipp", "clip"), ("algorithm", "PPO")):
        with pytest.raises(UserError, match=f"did you mean '{near}'"):
            Sweeper(trainer, grid={f"rl_config.{key}": ["PPOO"]}).begin()
    trainer = RLTrainer(tmp_path / "W", overrides=["rl_config.env_name=CartPole-v1"])
    assert Sweeper(trainer, grid={"model_kwargs.hidden_sizes": [[4]]}).plan().entries
    assert not (tmp_path / "W").exists()


def test_forecasts_are_of_the_end_of_a_trial(trainer) -> None:
    sweep = Sweeper(trainer("epochs=7"), {"lr": "float(0,1)"}, pruner="pfl", trials=1).begin()
    assert sweep.spec.pruner_kwargs.constructor_kwargs == {"target_epoch": 7}
    own = {"pruner_name": "pfl", "target_epoch": 3}
    again = Sweeper(trainer(), {"lr": "float(0,1)"}, pruner=own, trials=1, name="own").begin()
    assert again.spec.pruner_kwargs.constructor_kwargs == {"target_epoch": 3}


def test_a_sweep_is_of_a_work_dir_and_not_of_a_run(trainer, tmp_path: Path) -> None:
    trainer().fit()
    one = Trainer(tmp_path / "W/0", overrides=["model=MLP", "subsample_rate=0.05", "epochs=1"])
    with pytest.raises(RunError, match="this is a run folder, not a work_dir"):
        Sweeper(one, grid={"lr": [0.1]}).begin()
    assert not (tmp_path / "W/0/sweeps").exists()


NETS = """
from torch import nn

def needy(width: int):
    return nn.Sequential(nn.Flatten(), nn.Linear(64, width), nn.Linear(width, 10))
"""


def test_the_config_may_lack_what_every_trial_has(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "needy_nets.py").write_text(NETS)
    monkeypatch.syspath_prepend(str(tmp_path))
    trainer = Trainer("W", overrides=["model=needy_nets:needy", "subsample_rate=0.05", "epochs=1"])
    best = Sweeper(trainer, grid={"model_kwargs.width": [3]}).run()
    assert Run(best.runs[0]).raw_config["model_kwargs"]["width"] == 3


def test_a_metric_that_no_trial_would_evaluate_is_refused(trainer, tmp_path: Path) -> None:
    for metric in ("accuracy", "test/accuracy"):
        wrong = Sweeper(trainer(), grid={"lr": [0.1]}, metric=metric, mode="max")
        with pytest.raises(ConfigError, match=f"no metric '{metric}' is evaluated"):
            wrong.begin()
    assert not (tmp_path / "W").exists()


def test_a_first_trial_that_would_fail_leaves_the_metric_to_the_others(trainer) -> None:
    wrong = {"criterion": ["BCELoss", "CrossEntropyLoss"]}
    best = Sweeper(trainer(), grid=wrong, metric="val_accuracy", mode="max").run()
    assert best.overrides == {"criterion_kwargs.criterion_name": "CrossEntropyLoss"}


def test_a_trial_that_was_left_behind_is_taken_back(trainer) -> None:
    whole, part = {"lr": [0.1, 0.01]}, {"lr": [0.01]}
    first = Sweeper(trainer(), grid=whole).run()
    Sweeper(trainer(), grid=part).run()
    plan = Sweeper(trainer(), grid=whole).plan()
    assert (len(plan.kept), plan.new, plan.left, plan.changes) == (2, [], [], True)
    assert Sweeper(trainer(), grid=whole).run() == first


def test_a_plan_writes_nothing_into_a_sweep_that_is_there(trainer) -> None:
    paths = Sweeper(trainer(), grid={"lr": [0.1]}).begin().paths
    paths.journal_lock.unlink()
    before = {file: file.read_bytes() for file in paths.path.rglob("*") if file.is_file()}
    assert len(Sweeper(trainer(), grid={"lr": [0.1, 0.2]}).plan().entries) == 2
    assert before == {file: file.read_bytes() for file in paths.path.rglob("*") if file.is_file()}
