"""What is no reconstruction is refused before there is a run, with what to type."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from stride.data.array_dataset import ArrayDataset
from stride.errors import ComponentError, ConfigError, DataError, UserError
from tests.trainers.reconstruction.trainings import made

HERE = "tests.trainers.reconstruction.test_refused"


def with_targets(split: str) -> ArrayDataset:
    return ArrayDataset([torch.randn(8, 2, 16), torch.arange(8) % 2])


def whole_mean(outputs: Tensor, inputs: Tensor) -> Tensor:
    return (outputs - inputs).abs().mean()


max = l2_std = anomalous = range_f1 = snippet_f1 = mae = whole_mean
number = 3


def labelled(split: str, labels: str = "") -> ArrayDataset:
    """Return samples whose labels are of another shape, or none."""
    given = {
        "of samples": torch.zeros(8, dtype=torch.bool),
        "of channels": torch.zeros(8, 2, 16, dtype=torch.bool),
        "missing": torch.full((8, 16), torch.nan),
        "classes": torch.full((8, 16), 2),
    }
    return ArrayDataset([torch.randn(8, 2, 16)], annotations={"labels": given[labels]})


def windows(split: str) -> ArrayDataset:
    """Return windows whose starts are those of all their points."""
    starts = torch.arange(16).expand(8, -1)
    told = {"series": torch.zeros(8, dtype=torch.int64), "start": starts}
    return ArrayDataset([torch.randn(8, 2, 16)], annotations=told)


class Narrow(nn.Linear):
    """Give half of what it is given."""

    def __init__(self) -> None:
        super().__init__(16, 8)

    def training_step(self, batch: Any) -> Tensor:
        return self(batch[0]).square().mean()


class ScoresEachChannel(nn.Linear):
    """Score channels, which are no points."""

    def __init__(self) -> None:
        super().__init__(16, 16)

    def anomaly_scores(self, inputs: Tensor) -> Tensor:
        return inputs.mean(2)


@pytest.mark.parametrize(
    ("config", "kind", "message"),
    [
        (
            {"dataset_kwargs": {"dataset_name": f"{HERE}:with_targets"}},
            DataError,
            r"has targets, .* dataset_kwargs.targets=null",
        ),
        (
            {"dataset_kwargs": {"num_val": 0}},
            DataError,
            r"compares losses of the validation split, and there is none .*history=off",
        ),
        (
            {"training_config": {"with_validation": False}},
            DataError,
            "history=swap compares losses of the validation split",
        ),
        (
            {"training_config": {"saving_metric": "val/l1"}},
            ConfigError,
            r"swap goes by validation/epoch_loss .*saving_metric=null",
        ),
        (
            {"training_config": {"saving_metric": "val_loss", "saving_mode": "max"}},
            ConfigError,
            "wants the lowest validation/epoch_loss",
        ),
        (
            {"checkpoint_config": {"keep_best": 0}},
            ConfigError,
            r"keep_best=0 keeps none .* training_config.save_best=true",
        ),
        ({"average_config": {"kind": "ema"}}, ConfigError, r"type: .*history=restore_best"),
        (
            {"reconstruction_config": {"errors": ["l3"]}},
            ConfigError,
            "there is no error 'l3' .* one of: l1, l2",
        ),
        ({"reconstruction_config": {"errors": ["l1", "l1"]}}, ConfigError, "of another number"),
        ({"reconstruction_config": {"errors": [f"{HERE}:max"]}}, ConfigError, "of another number"),
        *(
            ({"reconstruction_config": {"errors": ["l2", f"{HERE}:{name}"]}}, ConfigError, name)
            for name in ("l2_std", "anomalous", "range_f1", "snippet_f1")
        ),
        (
            {
                "reconstruction_config": {"errors": [f"{HERE}:mae"]},
                "training_config": {"metrics": ["mae"]},
            },
            ConfigError,
            "an error is called 'mae', which is the name of another number",
        ),
        *(
            (
                {"dataset_kwargs": {"dataset_name": f"{HERE}:labelled", "labels": given}},
                DataError,
                rf"{what}.*\(8, 16\).*annotations",
            )
            for given, what in {
                "of samples": r"labels of shape \(8,\)",
                "of channels": r"labels of shape \(8, 2, 16\)",
                "missing": "labels that are not 0 or 1",
                "classes": "labels that are not 0 or 1",
            }.items()
        ),
        (
            {"dataset_kwargs": {"dataset_name": f"{HERE}:windows"}},
            DataError,
            r"start of shape \(8, 16\), .*\(8,\)",
        ),
        ({"reconstruction_config": {"errors": []}}, ConfigError, "must be longer"),
        (
            {"reconstruction_config": {"errors": [f"{HERE}:number"]}},
            ComponentError,
            "is a int, not a function",
        ),
        (
            {"reconstruction_config": {"errors": [f"{HERE}:whole_mean"]}},
            DataError,
            r"whole_mean gives \(\) for 2 samples, not a tensor \(2,\)",
        ),
        ({"reconstruction_config": {"history": "swop"}}, ConfigError, "swap"),
        (
            {"model_kwargs": {"model_name": f"{HERE}:Narrow"}},
            DataError,
            r"gives \(2, 2, 8\) for inputs \(2, 2, 16\).*model_name=FeedForwardAE",
        ),
        (
            {"model_kwargs": {"model_name": f"{HERE}:ScoresEachChannel"}},
            DataError,
            r"anomaly_scores gives \(2, 2\) for inputs \(2, 2, 16\).*return one score a point",
        ),
    ],
)
def test_what_does_not_go_together(
    tmp_path: Path, config: dict[str, Any], kind: type[UserError], message: str
) -> None:
    with pytest.raises(kind, match=message):
        made(tmp_path / "none", **config).fit()
    assert not (tmp_path / "none").exists()
