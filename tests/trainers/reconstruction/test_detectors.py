"""A network that learns nothing is measured as any other, in a run like any other."""

import csv
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from stride import Trainer, load_run
from stride.callbacks.base import Callback
from stride.errors import ConfigError, DataError
from stride.runs.files.atomic import read_json
from stride.runs.records.reconstruction import ReconstructionRecord
from stride.runs.records.status import StatusRecord
from stride.runs.verify.run import verify_run
from stride.trainers.reconstruction.trainer import ReconstructionTrainer
from tests.trainers.reconstruction.trainings import ANOMALIES, SMALL

DATA = {name: one for name, one in SMALL["dataset_kwargs"].items() if name != "channels"}
FEW: dict[str, Any] = {
    "device": "cpu",
    "dataset_kwargs": DATA | ANOMALIES | {"normalize": "standard"},
    "load_data_kwargs": {"batch_size": 8},
    "reconstruction_config": {"examples": 1},
    "logging_config": SMALL["logging_config"],
}
LOF = {"model_name": "LOF", "n_neighbors": 5}


def made(folder: Path, callbacks: Any = (), **config: Any) -> ReconstructionTrainer:
    return ReconstructionTrainer(folder, callbacks=callbacks, **FEW | config)


def fitted(folder: Path, **model: Any) -> ReconstructionTrainer:
    trainer = made(folder, model_kwargs=model)
    trainer.fit()
    return trainer


def test_it_is_measured_once_and_nothing_is_trained(tmp_path: Path) -> None:
    trainer = fitted(tmp_path / "w", **LOF)
    paths = trainer.run.paths
    status = StatusRecord.read(paths.status)
    assert (status.state, status.reason) == ("done", "LOF learns nothing, and is measured")
    with paths.errors_csv.open() as file:
        [row] = csv.DictReader(file)
    assert (row["epoch"], row["step"], row["swapped"]) == ("0", "0", "0")
    record = ReconstructionRecord.read(paths.reconstruction)
    assert (record.score, record.epoch, record.milestones) == ("anomaly_scores", 0, [0])
    assert not record.checks.labels_moved_scores
    found = {one.of: one.values for one in record.splits["test"].detection}
    results = read_json(paths.results)
    assert results["test"]["test/snippet_roc_auc"] == found["snippets"]["score"]["roc_auc"]
    assert results["monitor"]["value"] == results["best"]["validation/epoch_loss"]
    assert results["last"]["step"] == 0
    assert verify_run(paths.path).ok


def test_a_split_is_scored_as_a_whole_by_what_the_weights_hold(tmp_path: Path) -> None:
    for fit_on in ("evaluated", "train"):
        trainer = fitted(tmp_path / fit_on, **LOF, fit_on=fit_on)
        kept = load_file(trainer.run.paths.final_errors)["test/anomaly_scores"]
        again = Trainer(tmp_path / fit_on)
        run = again.load_run("0")
        scores = run.model.anomaly_scores(again.data.sources["test"].tensors[0])
        assert torch.equal(scores.float(), kept), fit_on
        assert torch.equal(
            load_run(tmp_path / fit_on / "0").model(torch.ones(1, 1, 16)).sum(), kept[0] * 0
        )
        held = [tensor.shape for tensor in run.model.state_dict().values()]
        assert held == ([(48, 1, 16)] if fit_on == "train" else [])


@pytest.mark.parametrize("model", [LOF, {"model_name": "IsolationForest", "n_estimators": 5}])
def test_done_again_it_is_proven_the_same(tmp_path: Path, model: dict[str, Any]) -> None:
    fitted(tmp_path / "w", **model, fit_on="train")
    verdict = made(tmp_path / "w").reproduce(0)
    assert (verdict.identical, verdict.steps, verdict.weights) == (True, 0, "identical")


class Fail(Callback):
    """Break off when all is measured, and before it is written."""

    def after_train(self, trainer: Any) -> None:
        raise RuntimeError("broken off")


def test_what_broke_off_is_measured_when_it_is_resumed(tmp_path: Path) -> None:
    whole = fitted(tmp_path / "whole", **LOF).run.paths
    with pytest.raises(RuntimeError, match="broken off"):
        made(tmp_path / "w", [Fail()], model_kwargs=LOF).fit()
    resumed = made(tmp_path / "w")
    resumed.fit(resume=0)
    assert read_json(resumed.run.paths.results)["test"] == read_json(whole.results)["test"]
    assert len(resumed.run.paths.errors_csv.read_text().splitlines()) == 2


def test_another_trainer_refuses_it_and_says_which_to_type(tmp_path: Path) -> None:
    trainer = Trainer(tmp_path / "w", model_kwargs=LOF, dataset_kwargs=FEW["dataset_kwargs"])
    with pytest.raises(ConfigError, match=r"LOF learns nothing.*type: trainer=reconstruction"):
        trainer.fit()
    assert not (tmp_path / "w").exists()


def test_what_cannot_be_scored_is_refused_before_there_is_a_run(tmp_path: Path) -> None:
    one = {**FEW["dataset_kwargs"], "num_val": 1}
    with pytest.raises(DataError, match="LOF compares with 1 samples"):
        made(tmp_path / "w", model_kwargs=LOF, dataset_kwargs=one).fit()
    assert not (tmp_path / "w").exists()


def test_a_dry_run_needs_no_step(tmp_path: Path) -> None:
    assert made(tmp_path / "w", model_kwargs=LOF).check()["parameters"] == 0
