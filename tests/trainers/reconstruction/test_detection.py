"""What final scores detect: thresholds of validation, stitched series, seams and checks."""

import math
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from stride.data.array_dataset import ArrayDataset
from stride.data.series.sines import sines
from stride.metrics.detection import FalsePositiveRate, LabelledScores, detection_scores
from stride.trainers.reconstruction.checks import output_kind
from stride.trainers.reconstruction.stitching import Stitching
from tests.trainers.reconstruction.trainings import (
    ANOMALIES,
    SMALL,
    fitted,
    record_of,
    rows_of,
    tensors,
)

HERE = "tests.trainers.reconstruction.test_detection"
SERIES = torch.arange(60.0).div(3).sin()
BROKEN = (40, 46)


class OnlySecond(nn.Linear):
    """Score each point by its second channel; reconstruct by a line."""

    def __init__(self) -> None:
        super().__init__(16, 16)

    def anomaly_scores(self, inputs: Tensor) -> Tensor:
        return inputs[:, 1]


class Whole(OnlySecond):
    """Score a sample by one number, which may be below zero."""

    def anomaly_scores(self, inputs: Tensor) -> Tensor:
        return -inputs.mean((1, 2))


class Silent(nn.Module):
    """Give nothing but one trained number times zero."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(1))

    def forward(self, inputs: Tensor) -> Tensor:
        return 0 * self.weight * inputs


class Peeks(nn.Linear):
    """Score by how often it was asked, as one does that looks at something else."""

    def __init__(self) -> None:
        super().__init__(16, 16)
        self.asked = 0.0

    def anomaly_scores(self, inputs: Tensor) -> Tensor:
        self.asked += 1
        return inputs.abs().mean((1, 2)) * self.asked


def test_snippets_and_pooled_points_have_thresholds_of_validation(tmp_path: Path) -> None:
    data = {**ANOMALIES, "train_anomaly_rate": 0.25}
    trainer = fitted(tmp_path, dataset_kwargs=data, training_config={"max_epochs": 2})
    record, sources = record_of(trainer), trainer.data.sources
    errors = tensors(trainer.run.paths.final_errors)
    snippets, points = record.splits["test"].detection
    labels = {split: source.annotations["labels"] for split, source in sources.items()}
    wanted = detection_scores(
        errors["test/l1"],
        labels["test"].any(1),
        inputs=sources["test"].tensors[0],
        unit="snippet",
        validation=LabelledScores.of(
            errors["val/l1"], labels["val"].any(1), sources["val"].tensors[0]
        ),
    )
    assert (snippets.of, snippets.sets) == ("snippets", 1)
    assert snippets.scores[0]["rows"]["score"] == wanted.to_json()["rows"]["score"]
    assert snippets.values["mean |x|"] == pytest.approx(wanted.values("mean |x|"), nan_ok=True)
    assert snippets.values["random"] == pytest.approx(wanted.values("random"), nan_ok=True)
    assert points.of == "pooled points" and points.scores[0]["count"] == 20 * 16
    assert points.scores[0]["bootstrap"]["resamples"] == 0
    assert {*points.values} == {"score", "random", "mean |x|"}
    assert points.values["score"]["roc_auc"] == float(
        rows_of(trainer)[record.epoch]["test/roc_auc"]
    )
    own, _ = record.splits["val"].detection  # a threshold of one's own labels would flatter
    assert math.isnan(own.values["score"]["f1"]) and own.values["score"]["roc_auc"] >= 0
    tested = trainer.results["test"]
    assert tested["test/snippet_roc_auc"] == snippets.values["score"]["roc_auc"]
    assert not any("adjusted" in name for name in tested)


def two_series(split: str) -> ArrayDataset:
    """Windows of 8 points each 3 points, of two series; the tested ones have an anomaly."""
    tested = split == "test"
    parts = []
    for number in range(1 + tested):
        series = SERIES.clone() + number
        flags = torch.zeros(60, dtype=torch.bool)
        if tested:
            series[slice(*BROKEN)] += 2
            flags[slice(*BROKEN)] = True
        starts = torch.tensor([*range(0, 52, 3), 52])
        parts.append((series.unfold(0, 8, 1)[starts], flags.unfold(0, 8, 1)[starts], starts))
    windows, labels, starts = (torch.cat(one) for one in zip(*parts, strict=True))
    numbers = torch.arange(1 + tested).repeat_interleave(len(starts) // (1 + tested))
    told = {"labels": labels, "series": numbers, "start": starts}
    return ArrayDataset([windows[:, None].clone()], annotations=told)


@pytest.mark.parametrize("option", ["point", "window"])
def test_windows_are_stitched_and_each_series_measured_by_itself(
    tmp_path: Path, option: str
) -> None:
    config = {
        "dataset_kwargs": {"dataset_name": f"{HERE}:two_series"},
        "reconstruction_config": {"point_score": option},
        "training_config": {"max_epochs": 2},
    }
    trainer = fitted(tmp_path, **config)
    record, source = record_of(trainer), trainer.data.sources["test"]
    (inputs,) = source.tensors
    sizes = (trainer.model.predict(inputs) - inputs).abs().mean(1)
    if option == "window":
        sizes = sizes.mean(1, keepdim=True).expand_as(sizes)
    measured = []
    for number in range(2):
        own = source.annotations["series"] == number
        totals, counts = torch.zeros(60, dtype=torch.float64), torch.zeros(60)
        for start, size in zip(source.annotations["start"][own].tolist(), sizes[own], strict=True):
            totals[start : start + 8] += size
            counts[start : start + 8] += 1
        flags = torch.zeros(60)
        flags[slice(*BROKEN)] = 1
        series = SERIES + number + 2 * flags
        mean = (totals / counts).float()
        measured.append(detection_scores(mean, flags, inputs=series, rule=FalsePositiveRate(0.01)))
    _, points = record.splits["test"].detection
    assert (points.of, points.sets) == ("series", 2)
    for name in ("roc_auc", "vus_pr", "vus_roc"):
        values = [one.values()[name] for one in measured]
        assert points.values["score"][name] == pytest.approx(sum(values) / 2)
        assert [one["rows"]["score"]["measures"][name]["value"] for one in points.scores] == (
            pytest.approx(values)
        )
    assert points.scores[0]["rule"] == "false positive rate at most 0.01"
    assert not math.isnan(points.values["score"]["affiliation_f1"])
    row = rows_of(trainer)[record.epoch]
    assert float(row["test/roc_auc"]) == points.values["score"]["roc_auc"]
    assert trainer.results["test"]["test/vus_pr"] == points.values["score"]["vus_pr"]


def test_a_point_between_windows_is_left_out() -> None:
    told = {"series": torch.tensor([4, 4, 7]), "start": torch.tensor([0, 5, 2])}
    first, second = Stitching.each(told, 3)
    values = torch.arange(9.0).reshape(3, 3)
    assert first.mean(values).tolist() == [0, 1, 2, 3, 4, 5]
    assert first.pick(values).tolist() == first.mean(values).tolist()
    assert second.mean(values).tolist() == [6, 7, 8]
    assert first.any(values == 4).tolist() == [False] * 4 + [True, False]
    channels = torch.stack([values, -values], 1)
    assert first.mean(channels).tolist() == [[0, 1, 2, 3, 4, 5], [0, -1, -2, -3, -4, -5]]


@pytest.mark.parametrize(
    ("name", "snippets", "points"),
    [
        ("OnlySecond", lambda x: x[:, 1].mean(1), lambda x: x[:, 1]),
        ("Whole", lambda x: -x.mean((1, 2)), lambda x: -x.mean((1, 2))[:, None].expand(-1, 16)),
    ],
)
def test_a_network_may_score_by_itself(
    tmp_path: Path, name: str, snippets: Any, points: Any
) -> None:
    config = {"dataset_kwargs": ANOMALIES, "training_config": {"max_epochs": 1}}
    trainer = fitted(tmp_path, model_kwargs={"model_name": f"{HERE}:{name}"}, **config)
    record, source = record_of(trainer), trainer.data.sources["test"]
    (inputs,), labels = source.tensors, source.annotations["labels"]
    assert record.score == "anomaly_scores"
    wanted = (
        detection_scores(snippets(inputs), labels.any(1), unit="snippet", resamples=0),
        detection_scores(points(inputs).flatten(), labels.flatten(), unit="snippet", resamples=0),
    )
    for found, own in zip(record.splits["test"].detection, wanted, strict=True):
        for area in ("roc_auc", "pr_auc"):
            assert found.values["score"][area] == pytest.approx(own.values()[area], 1e-12)
    _, of_points = record.splits["test"].detection
    row = rows_of(trainer)[-1]
    assert float(row["test/roc_auc"]) == of_points.values["score"]["roc_auc"]
    worst = record.splits["test"].examples[0]
    assert worst.error == pytest.approx(snippets(inputs).max().item())


def test_a_network_that_says_nothing_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    config = {
        "model_kwargs": {"model_name": f"{HERE}:Silent"},
        "training_config": {"max_epochs": 1},
    }
    trainer = fitted(tmp_path, **config)
    assert record_of(trainer).checks.output == "zero"
    assert "the outputs of the network are near zero" in caplog.text


def test_scores_that_change_with_labels_are_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    config = {"dataset_kwargs": ANOMALIES, "training_config": {"max_epochs": 1}}
    trainer = fitted(tmp_path, model_kwargs={"model_name": f"{HERE}:Peeks"}, **config)
    assert record_of(trainer).checks.labels_moved_scores is True
    assert "scores of the split test change with the labels of its samples" in caplog.text


def undefined(outputs: Tensor, inputs: Tensor) -> Tensor:
    return (outputs - inputs).flatten(1).mean(1) * math.nan


def test_scores_that_are_no_numbers_do_not_change_with_labels(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    errors = {"reconstruction_config": {"errors": [f"{HERE}:undefined"]}}
    config = {"dataset_kwargs": ANOMALIES, "training_config": {"max_epochs": 1}}
    trainer = fitted(tmp_path, **errors, **config)
    assert record_of(trainer).checks.labels_moved_scores is False
    assert "change with the labels" not in caplog.text


def test_what_outputs_vary_by() -> None:
    inputs = torch.randn(5, 2, 7, generator=torch.Generator().manual_seed(0))
    shape = inputs.mean(0, keepdim=True).expand_as(inputs)
    assert output_kind(inputs, inputs * 0.5) == "varied"
    assert output_kind(inputs, shape) == output_kind(inputs, shape + 1e-4 * inputs) == "constant"
    assert output_kind(inputs, inputs * 1e-4) == "zero"
    assert output_kind(inputs[:1], inputs[:1]) == "varied"
    assert output_kind(inputs[:1], torch.ones_like(inputs[:1])) == "constant"


def labelled_for_training(split: str) -> ArrayDataset | None:
    given = {k: v for k, v in SMALL["dataset_kwargs"].items() if k != "dataset_name"}
    made = sines(split, **given, train_anomaly_rate=0.5)
    return made if made is None or split == "train" else ArrayDataset(made.tensors)


def test_labels_in_one_split_are_measured_there(tmp_path: Path) -> None:
    data = {"dataset_name": f"{HERE}:labelled_for_training"}
    trainer = fitted(tmp_path, dataset_kwargs=data, training_config={"max_epochs": 1})
    splits = record_of(trainer).splits
    assert [splits[key].labelled for key in ("train", "val", "test")] == [True, False, False]
    assert [len(splits[key].detection) for key in ("train", "val", "test")] == [2, 0, 0]
    assert splits["train"].detection[0].scores[0]["rule"] == "false positive rate at most 0.01"
    assert "test/roc_auc" not in trainer.results["test"]
