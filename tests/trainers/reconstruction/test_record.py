"""What is measured epoch by epoch, and what is kept of it."""

import json
import math
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from stride.callbacks.base import Callback
from stride.data.array_dataset import ArrayDataset
from stride.data.samples import SampleDataset
from stride.data.series.sines import sines
from stride.models.weights import read_weights
from stride.runs.files.jsonl import read_lines
from stride.runs.verify.run import verify_run
from tests.trainers.reconstruction.trainings import (
    ANOMALIES,
    SMALL,
    fitted,
    made,
    record_of,
    rows_of,
    tensors,
)


def cubed(outputs: Tensor, inputs: Tensor) -> Tensor:
    return (outputs - inputs).abs().pow(3).flatten(1).mean(1)


def unlabelled(split: str) -> ArrayDataset | None:
    given = {k: v for k, v in SMALL["dataset_kwargs"].items() if k != "dataset_name"}
    made = sines(split, **given)
    return made and ArrayDataset(made.tensors)


def one_by_one(split: str) -> SampleDataset | None:
    whole = unlabelled(split)
    return whole and SampleDataset([sample[0] for sample in whole])


def test_each_epoch_has_a_row_from_the_untrained_model_on(tmp_path: Path) -> None:
    errors = ["l2", "max", cubed]
    config = {"dataset_kwargs": ANOMALIES, "reconstruction_config": {"errors": errors}}
    trainer = fitted(tmp_path, **config)
    rows, paths = rows_of(trainer), trainer.run.paths
    assert [row["epoch"] for row in rows] == [str(n) for n in range(7)]
    assert [row["step"] for row in rows] == [str(3 * n) for n in range(7)]
    times = [[float(row[name]) for row in rows] for name in ("cpu_seconds", "wall_seconds")]
    assert all(one == sorted(one) and one[0] > 0 for one in times)
    assert {name for name in rows[0] if name.startswith("val/")} == {
        *(f"val/{name}{end}" for name in ("l2", "max", "cubed") for end in ("", "_std")),
        *(f"val/{name}" for name in ("roc_auc", "pr_auc", "snippet_roc_auc", "snippet_pr_auc")),
    }
    assert {row["val/roc_auc"] for row in rows} == {""}  # all that is validated on is normal
    recorded = {row["epoch"]: row for row in read_lines(paths.metrics)}
    for row in rows:
        own = recorded[int(row["epoch"])]
        assert own["test/snippet_roc_auc"] == float(row["test/snippet_roc_auc"])
        assert own["validation/cubed_std"] == float(row["val/cubed_std"])
        assert "validation/roc_auc" not in own
    assert trainer.results["test"]["test/l2"] == float(rows[record_of(trainer).epoch]["test/l2"])
    assert verify_run(paths.path).problems == []


def test_the_errors_of_a_row_are_those_of_its_milestone(tmp_path: Path) -> None:
    trainer = fitted(tmp_path)
    paths, rows, data = trainer.run.paths, rows_of(trainer), trainer.data
    assert record_of(trainer).milestones == [0, 4]
    names = sorted(path.name for path in paths.milestones.iterdir())
    assert names == [
        *("epoch_0.safetensors", "epoch_0_errors.safetensors", "epoch_4.safetensors"),
        *("epoch_4_errors.safetensors", "final_errors.safetensors"),
    ]
    (inputs,) = data.sources["train"].tensors
    for epoch in (0, 4):
        trainer.model.load_state_dict(read_weights(paths.milestone(epoch)))
        sizes = (trainer.model.predict(inputs) - inputs).abs().flatten(1).double()
        wanted = {
            "l1": sizes.mean(1),
            "l2": sizes.square().mean(1).sqrt(),
            "max": sizes.amax(1),
        }
        for name, errors in wanted.items():
            kept = tensors(paths.milestone_errors(epoch))[f"train/{name}"]
            torch.testing.assert_close(kept.double(), errors, rtol=1e-6, atol=1e-6)
            row = rows[epoch]
            assert float(row[f"train/{name}"]) == pytest.approx(kept.double().mean().item(), 1e-12)
            deviation = kept.double().std(correction=0).item()
            assert float(row[f"train/{name}_std"]) == pytest.approx(deviation, 1e-12)


def test_the_worst_the_best_and_the_most_average_samples_are_kept(tmp_path: Path) -> None:
    trainer = fitted(tmp_path)
    record, paths = record_of(trainer), trainer.run.paths
    kept, final = tensors(paths.examples), tensors(paths.final_errors)
    source = trainer.data.sources["test"]
    errors = final["test/l1"]
    examples = record.splits["test"].examples
    assert [one.kind for one in examples] == ["worst"] * 2 + ["best"] * 2 + ["average"] * 2
    order = errors.argsort(descending=True).tolist()
    numbers = [one.number for one in examples]
    assert numbers[:4] == [*order[:2], *order[:-3:-1]]
    nearest = (errors - errors.mean()).abs().argsort().tolist()
    assert numbers[4:] == nearest[:2]
    assert [order[one.rank] for one in examples] == numbers == kept["test/numbers"].tolist()
    assert [one.error for one in examples] == errors[numbers].tolist()
    assert torch.equal(kept["test/inputs"], source.tensors[0][numbers])
    assert torch.equal(kept["test/labels"], source.annotations["labels"][numbers])
    trainer.model.load_state_dict(read_weights(paths.milestone(4)))
    assert torch.equal(kept["test/outputs/4"], trainer.model.predict(kept["test/inputs"]))
    assert {name.partition("/")[0] for name in kept} == {"train", "val", "test"}


@pytest.mark.parametrize("dataset", ["unlabelled", "one_by_one"])
def test_without_labels_everything_else_is_there(tmp_path: Path, dataset: str) -> None:
    trainer = fitted(tmp_path, dataset_kwargs={"dataset_name": f"{__name__}:{dataset}"})
    record = record_of(trainer)
    assert {row["test/roc_auc"] for row in rows_of(trainer)} == {""}
    assert not any(one.labelled or one.detection for one in record.splits.values())
    assert record.checks.labels_moved_scores is None
    assert json.loads(trainer.run.paths.reconstruction.read_text())["checks"] == {
        "output": "varied"
    }
    assert "test/labels" not in tensors(trainer.run.paths.examples)
    assert math.isfinite(trainer.results["test"]["test/l1"])


def test_no_more_is_measured_and_kept_than_is_asked_for(tmp_path: Path) -> None:
    config = {
        "reconstruction_config": {"milestone_every": None, "examples": 1, "errors": ["max"]},
        "training_config": {"with_test": False, "evaluate_every": 2, "max_steps": 13},
    }
    trainer = fitted(tmp_path, **config)
    record = record_of(trainer)
    assert [row["epoch"] for row in rows_of(trainer)] == ["0", "2", "4"]  # the last is not whole
    assert record.milestones == [0] and record.score == "max"
    assert {*record.splits} == {"train", "val"} and len(record.splits["val"].examples) == 3
    assert trainer.results["test"] == {}
    assert tensors(trainer.run.paths.examples)["val/outputs/0"].shape == (3, 2, 16)


def test_what_is_damaged_or_missing_is_found(tmp_path: Path) -> None:
    paths = fitted(tmp_path, training_config={"max_epochs": 1}).run.paths
    rows = paths.errors_csv.read_text()
    paths.errors_csv.write_text(rows + "1,6,")  # torn, as by a kill
    assert verify_run(paths.path).problems == []
    paths.errors_csv.write_text(rows + rows.splitlines()[1] + "\n")
    paths.examples.write_bytes(paths.examples.read_bytes()[:-1])
    paths.milestone(0).write_text("nothing")
    paths.final_errors.unlink()
    named = ["milestones/epoch_0.safetensors", "milestones/final_errors.safetensors"]
    assert sorted(problem.file for problem in verify_run(paths.path).problems) == [
        *("errors.csv", "examples.safetensors", *named)
    ]
    paths.errors_csv.write_text(rows.replace(",", "", 1))
    assert "as many cells" in verify_run(paths.path).problems[0].what


class Fails(Callback):
    def after_epoch(self, trainer: Any, metrics: dict[str, float]) -> None:
        if trainer.state.epoch == 3:
            raise RuntimeError("no more")


def test_a_run_that_fails_has_the_rows_so_far_and_no_final_record(tmp_path: Path) -> None:
    trainer = made(tmp_path, [Fails()])
    with pytest.raises(RuntimeError, match="no more"):
        trainer.fit()
    assert len(rows_of(trainer)) == 4 and not trainer.run.paths.reconstruction.exists()


def test_an_average_is_what_is_measured_where_it_is_what_is_kept(tmp_path: Path) -> None:
    config = {
        "average_config": {"kind": "ema", "decay": 0.5},
        "reconstruction_config": {"history": "restore_best"},
    }
    trainer = fitted(tmp_path, **config)
    record = record_of(trainer)
    row = rows_of(trainer)[record.epoch]
    assert record.splits["test"].errors["l1"].mean == float(row["test/l1"])
