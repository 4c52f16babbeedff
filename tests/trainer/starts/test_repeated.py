"""A run that differs from a recorded one by its seed alone is that which was typed so."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from stride.errors import RunError
from stride.runs.deciding.configurations import group
from stride.runs.files.atomic import atomic_json, read_record
from stride.runs.layout import RunPaths
from stride.runs.listing.query import list_runs
from stride.runs.listing.selection import GivenRows, Selection
from stride.runs.run import Run
from stride.trainer.starts.repeated import RepeatedRun

ONE = {"training_config": {"max_epochs": 1}, "dataset_kwargs": {"subsample_rate": 0.1}}
ACTIVE = {"strategy": "MarginSampling", "start_size": 50, "num_queries": 5, "num_rounds": 1}
MODELS = [{}, {"hidden": [4]}]


@pytest.fixture
def again(make, tmp_path):
    """Return a function that trains a run again with another seed."""

    def repeat(run: str, seed: int) -> Run:
        paths = tmp_path / "w" / run
        trainer = make(trainer=Run(paths).config.trainer)
        trainer.fit_from(RepeatedRun.of(paths, seed))
        return Run(trainer.run.paths.path)

    return repeat


def configurations(work_dir: Path) -> int:
    runs = GivenRows(work_dir, list_runs(work_dir)).runs
    return len(group(Selection(runs).facts()).configurations)


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"model_kwargs": {"model_seed": 0}},
        {"model_kwargs": {"model_seed": 7}},
        {"trainer": "active", "active_config": {**ACTIVE, "models": MODELS}},
    ],
    ids=["plain", "the weights' seed is the first one's", "it is another", "candidates"],
)
def test_it_is_the_run_that_was_typed_with_that_seed(make, again, tmp_path, config) -> None:
    make(**ONE, **config).fit()
    run = again("0", 5)
    make(**ONE, **config, seed=5).fit()
    typed = Run(tmp_path / "w/2")
    assert run.results["weights_sha256"] == typed.results["weights_sha256"]
    assert run.raw_config == typed.raw_config
    assert (
        again("1", 0).results["weights_sha256"] == Run(tmp_path / "w/0").results["weights_sha256"]
    )
    assert configurations(tmp_path / "w") == 1


def test_seeds_that_follow_and_that_were_set_stay_apart(make, again, tmp_path) -> None:
    make(**ONE).fit()
    make(**ONE, model_kwargs={"model_seed": 7}).fit()
    again("0", 5)
    again("1", 5)
    again("2", 6)
    again("3", 6)
    assert configurations(tmp_path / "w") == 2


def test_start_weights_are_those_of_the_recorded_run(make, again, tmp_path) -> None:
    make(**ONE).fit()
    shutil.copytree(tmp_path / "w/0", tmp_path / "start")
    make(**ONE, model_kwargs={"init_from": str(tmp_path / "start")}, seed=1).fit()
    run, before = again("1", 2), Run(tmp_path / "w/1")
    key = "initial_weights_sha256"
    assert run.provenance[key] == before.provenance[key]


def test_what_another_seed_alone_does_not_give_is_refused(make, again, tmp_path) -> None:
    file, inputs, targets = tmp_path / "d.npz", np.eye(40, dtype="f"), np.arange(40) % 2
    np.savez(file, inputs=inputs, targets=targets)
    make(dataset_kwargs={"dataset_name": "arrays", "path": str(file), "subsample_rate": 1.0}).fit()
    np.savez(file, inputs=2 * inputs, targets=targets)
    with pytest.raises(RunError, match=r"cannot be trained any more: the data has changed \(.*w/0"):
        again("0", 1)
    make(**ONE).fit()
    paths = RunPaths(tmp_path / "w/1")
    config = read_record(paths.config)
    del config["optimizer_kwargs"]["eps"]  # as of a constructor that has one argument more by now
    atomic_json(paths.config, config)
    with pytest.raises(RunError, match=r"optimizer_kwargs\.eps has changed"):
        again("1", 1)
    atomic_json(paths.provenance, {**read_record(paths.provenance), "devices": ["cpu", "cpu"]})
    with pytest.raises(RunError, match="trained by several processes"):
        again("1", 1)
    assert not (tmp_path / "w/2").exists()


def test_it_says_what_has_changed_since(make, again, tmp_path) -> None:
    make(**ONE).fit()
    paths = RunPaths(tmp_path / "w/0")
    config = read_record(paths.config)
    config["optimizer_kwargs"]["lr"] = 0.5
    atomic_json(paths.config, config)
    log = again("0", 1).paths.log(0).read_text()
    assert f"seed 1, and else the config of {paths.path}" in log
    assert "changed: config.json of the original was edited since the run wrote it" in log
