"""A sweep is a desired state: what is asked again is trained only as far as it is missing."""

import json
import shutil
import sys

import optuna
import pytest

from stride.errors import DataError, RunError
from stride.sweeps.joining import join
from stride.sweeps.request.kept_config import write_base
from stride.sweeps.sweep import open_sweep
from stride.sweeps.trials.trial import RUNS, SEED
from tests.integration.sweeps.sweeping import HERE, NAME, NET, paths_of

LR = "optimizer_kwargs.lr"


def test_the_same_grid_again_trains_nothing_and_a_grown_one_what_is_new(sweeps, rates):
    assert sweeps.run(**rates(0.01, 0.02)) == ["0", "1"]
    assert sweeps.run(**rates(0.01, 0.02)) == []
    assert sweeps.run(**rates(0.01, 0.03, 0.02)) == ["2"]
    assert [one.user_attrs["overrides"][LR] for one in sweeps.trials()] == [0.01, 0.03, 0.02]


def test_a_shrunk_grid_names_what_left_and_keeps_its_run(sweeps, rates):
    sweeps.run(**rates(0.01, 0.02))
    plan = sweeps.of(**rates(0.01)).plan()
    assert [one.user_attrs["overrides"] for one in plan.left] == [{LR: 0.02}]
    assert sweeps.run(**rates(0.01)) == [] and sweeps.runs() == ["0", "1"]
    assert len(sweeps.trials()) == 1


def test_values_that_are_nearly_alike_are_two(sweeps, rates):
    assert sweeps.run(**rates(0.0012, 0.0014)) == ["0", "1"]


def test_more_seeds_train_those_that_are_missing(sweeps, rates):
    assert sweeps.run(**rates(0.01, 0.02)) == ["0", "1"]
    assert len(sweeps.run(**rates(0.01, 0.02), seeds=3)) == 4
    seeds = [[run[SEED] for run in one.user_attrs[RUNS]] for one in sweeps.trials()]
    assert seeds == [[0, 1, 2]] * 2


def test_a_run_that_was_removed_is_trained_again_and_no_other(sweeps, rates):
    sweeps.run(**rates(0.01, 0.02), seeds=2)
    before = sweeps.trials()
    (gone,) = [run for run in before[1].user_attrs[RUNS] if run[SEED] == 1]
    shutil.rmtree(sweeps.work_dir / gone["run"])
    assert sweeps.run(**rates(0.01, 0.02), seeds=2) == ["4"]
    assert [one.values for one in sweeps.trials()] == [one.values for one in before]


def test_a_grid_that_grows_while_seeds_are_missing_keeps_the_runs_that_are_there(sweeps, rates):
    sweeps.run(**rates(0.01))
    sweeps.of(**rates(0.01), seeds=2).begin()
    assert len(sweeps.run(**rates(0.01, 0.02), seeds=2)) == 3


def test_another_base_config_trains_all_again(sweeps, rates):
    sweeps.run(**rates(0.01))
    other = sweeps.trainer(model_kwargs={"hidden": [5]})
    assert sweeps.run(other, **rates(0.01)) == ["1"]
    quiet = sweeps.trainer(model_kwargs={"hidden": [5]}, logging_config={"loggers": ["csv"]})
    assert sweeps.run(quiet, **rates(0.01)) == []


def test_other_data_train_all_again(sweeps, rates):
    sweeps.run(**rates(0.01))
    other = sweeps.trainer(dataset_kwargs={"subsample_rate": 0.2})
    assert sweeps.run(other, **rates(0.01)) == ["1"]


def test_changed_code_trains_all_again(sweeps, rates, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    source = f"from {HERE} import Net\n\nclass Own(Net):\n    pass\n"
    (tmp_path / "own_nets.py").write_text(source)
    own = {"overrides": {"model_kwargs.model_name": "own_nets:Own"}, **rates(0.01)}
    assert sweeps.run(**own) == ["0"]
    assert sweeps.run(**own) == []
    (tmp_path / "own_nets.py").write_text(source + "    depth = 2\n")
    monkeypatch.delitem(sys.modules, "own_nets")
    assert sweeps.run(**own) == ["1"]


def test_failed_trials_stay_failed_until_they_are_to_be_tried_again(sweeps):
    own = {"model_kwargs": NET}
    grid = {"grid": {"model_kwargs.first": [4, 5]}}
    assert sweeps.run(sweeps.trainer(**own), **grid) == ["0", "1"]
    assert sweeps.states() == ["COMPLETE", "FAIL"]
    assert sweeps.run(sweeps.trainer(**own), **grid) == []
    assert sweeps.run(sweeps.trainer(**own), **grid, retry_failed=True) == ["2"]


def test_another_base_counts_before_a_search_has_its_first_trial(sweeps):
    space = {"search_space": {LR: "float(1e-3,1e-1,log)"}, "sampler": "random", "trials": 1}
    sweeps.of(**space).begin()
    sweeps.of(sweeps.trainer(model_kwargs={"hidden": [5]}), **space).begin()
    assert open_sweep(paths_of(sweeps.work_dir)).base.config.to_json()["model_kwargs"][
        "hidden"
    ] == [5]


def test_nobody_trains_by_a_config_that_is_another_than_that_of_the_request(sweeps, rates):
    sweeps.of(**rates(0.01)).begin()
    paths = paths_of(sweeps.work_dir)
    changed = {**json.loads(paths.config.read_text()), "seed": 7}
    write_base(paths, changed, open_sweep(paths).spec)  # and be killed
    with pytest.raises(RunError, match=r"was changed after .*; ask for the sweep again"):
        open_sweep(paths).base  # noqa: B018
    assert sweeps.run(**rates(0.01)) == ["0"]


def test_a_moved_work_dir_goes_on(sweeps, rates):
    sweeps.run(**rates(0.01))
    sweeps.work_dir = sweeps.work_dir.rename(sweeps.work_dir.with_name("moved"))
    assert sweeps.run(**rates(0.01, 0.02)) == ["1"]


def test_a_study_of_that_name_in_the_database_is_left_alone(sweeps, rates, tmp_path):
    url = f"sqlite:///{tmp_path}/all.db"
    other = optuna.create_study(storage=url, study_name=NAME)
    sweeps.of(**rates(0.01, 0.02), storage=url).begin()
    assert len(sweeps.trials()) == 2 and other.trials == []


SERIES = {"trainer": "supervised", "criterion_kwargs.criterion_name": "L1Loss"}


def listed(*datasets):
    model = {"model_kwargs.model_name": "MLP", "model_kwargs.hidden": [4]}
    return {"runs": [{"config": {**model, **SERIES, **one}} for one in datasets]}


def a_series(path, shift=0.0):
    rows = "".join(f"{n % 7 + shift}\n" for n in range(200))
    path.write_text(f"value\n{rows}")
    return {
        "dataset_kwargs.dataset_name": "csv_series",
        "dataset_kwargs.path": str(path),
        "dataset_kwargs.window": 8,
    }


def test_data_sets_are_told_apart_and_another_in_front_changes_none(sweeps, tmp_path):
    one, other = a_series(tmp_path / "one.csv"), a_series(tmp_path / "other.csv", shift=0.5)
    assert sweeps.run(**listed(one)) == ["0"]
    assert sweeps.run(**listed(other, one)) == ["1"]
    a_series(tmp_path / "one.csv", shift=1.0)
    plan = sweeps.of(**listed(other, one)).plan()
    assert [entry.before is None for entry in plan.entries] == [False, True]
    assert len(plan.changed) == 1


def test_data_that_cannot_be_read_are_refused_before_anything_is_made(sweeps, tmp_path):
    there = a_series(tmp_path / "one.csv")
    missing = there | {"dataset_kwargs.path": str(tmp_path / "no.csv")}
    with pytest.raises(DataError, match=r"no\.csv.*in the trial .*dataset_name=csv_series"):
        sweeps.run(**listed(there, missing))
    assert not sweeps.work_dir.exists()


def test_relative_paths_lead_to_the_same_data_from_any_folder(sweeps, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    there = a_series(tmp_path / "one.csv") | {"dataset_kwargs.path": "one.csv"}
    for asked in (listed(there), {"overrides": there | SERIES, "grid": {"seed": [1]}}):
        sweep = sweeps.of(**asked).begin()
        (tmp_path / "elsewhere").mkdir(exist_ok=True)
        monkeypatch.chdir(tmp_path / "elsewhere")
        join(open_sweep(sweep.paths))
        assert sweeps.states() == ["COMPLETE"]
        monkeypatch.chdir(tmp_path)
