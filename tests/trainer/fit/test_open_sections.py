"""What the config says to constructors is checked as a whole, before anything is built."""

import dataclasses
import json
import math

import numpy as np
import pytest
import torch
from torch import nn

from stride.errors import ConfigError
from stride.trainer.starts.loaded import load_run
from stride.trainer.trainer import Trainer

BUILT = []


@dataclasses.dataclass
class Options:
    width: int = 3


class Net(nn.Module):
    def __init__(
        self,
        in_features: int,
        num_classes: int,
        opt: Options = Options(),  # noqa: B008
        weights: dict[int, float] | None = None,
        clip: float = float("inf"),
        steps=math.inf,
    ) -> None:
        super().__init__()
        BUILT.append({"opt": opt, "weights": weights, "clip": clip, "steps": steps})
        first = nn.Linear(in_features, opt.width)
        self.layers = nn.Sequential(nn.Flatten(), first, nn.Linear(opt.width, num_classes))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layers(x)


class Descent(torch.optim.SGD):
    def __init__(
        self, params, lr: float = 0.1, limit: float = math.inf, opt: Options | None = None
    ):
        assert isinstance(limit, float) and not isinstance(opt, dict)
        super().__init__(params, lr)


WRONG = [
    "model_kwargs.opt.widht=99",
    "model_kwargs.weights.one=1",
    "optimizer_kwargs.lrr=1",
    "load_data_kwargs.nun_workers=1",
    "load_data_kwargs.train_loader_kwargs.nun_workers=1",
    "dataset_kwargs.pth=x",
    "criterion_kwargs.criterion_name=CrossEntropyLoss",
    "criterion_kwargs.label_smothing=0.1",
    "scheduler_kwargs.scheduler_name=StepLR",
    "scheduler_kwargs.step_sise=1",
]


@pytest.fixture
def trainer(tmp_path):
    BUILT.clear()
    return Trainer(
        tmp_path / "w",
        model_kwargs={"model_name": Net},
        optimizer_kwargs={"optimizer_name": Descent},
        dataset_kwargs={"subsample_rate": 0.1},
        training_config={"max_steps": 1},
        logging_config={"terminal_display": "off"},
    )


def test_all_wrong_keys_of_all_constructors_are_told_at_once_with_their_origin(trainer, tmp_path):
    with pytest.raises(ConfigError) as caught:
        trainer.fit(WRONG)
    told = {one.key: str(one) for one in caught.value.each}
    assert list(told) == [
        "dataset_kwargs.pth",
        "load_data_kwargs.nun_workers",
        "load_data_kwargs.train_loader_kwargs.nun_workers",
        "optimizer_kwargs.lrr",
        "model_kwargs.opt.widht",
        "model_kwargs.weights",
        "criterion_kwargs.label_smothing",
        "scheduler_kwargs.step_sise",
    ]
    nearest = "unknown key model_kwargs.opt.widht (override 1); did you mean 'width'?"
    assert told["model_kwargs.opt.widht"] == nearest
    assert "model_kwargs.weights.one must be" in told["model_kwargs.weights"]
    assert not (tmp_path / "w").exists() and not BUILT


GIVEN = [
    ["model_kwargs.opt.width=5", 'model_kwargs.weights={"1":0.5}', "model_kwargs.clip=-inf"],
    {"model_kwargs": {"opt": Options(5), "weights": {1: np.float32(0.5)}, "clip": -np.inf}},
]


@pytest.mark.parametrize("overrides", GIVEN)
def test_objects_keys_that_are_numbers_and_infinity_are_recorded_and_come_back(
    trainer, tmp_path, overrides
):
    trainer.fit(overrides)
    text = (tmp_path / "w" / "0" / "config.json").read_text()
    values = json.loads(text, parse_constant=pytest.fail)
    assert values["model_kwargs"]["opt"] == {"width": 5}
    assert values["model_kwargs"]["weights"] == {"1": 0.5}
    assert [values["model_kwargs"][key] for key in ("clip", "steps")] == ["-Infinity", "Infinity"]
    assert values["optimizer_kwargs"]["limit"] == "Infinity"
    assert trainer.reproduce(0).identical
    run = load_run(tmp_path / "w", 0)
    assert run.model and run.evaluate()
    expected = {"opt": Options(5), "weights": {1: 0.5}, "clip": -math.inf, "steps": math.inf}
    assert len(BUILT) == 4 and all(one == expected for one in BUILT)
    with pytest.raises(ConfigError, match=r"training_config\.clip_grad_norm must be finite"):
        trainer.fit({"training_config.clip_grad_norm": math.inf})


def test_arrays_from_python_are_lists(trainer, tmp_path):
    trainer.fit({"model_kwargs": {"model_name": "MLP", "hidden": np.array([4, 5])}})
    assert load_run(tmp_path / "w", 0).raw_config["model_kwargs"]["hidden"] == [4, 5]
