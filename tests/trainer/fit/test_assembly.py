"""Data and model of a config, and what was decided on the way."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from stride.errors import ConfigError, DataError


def test_the_complete_config_builds_an_equal_assembly(make):
    first = make().comprehend_config()
    again = make(model_kwargs=first.config.to_json()["model_kwargs"]).comprehend_config()
    assert again.config == first.config
    assert first.config.criterion_kwargs.criterion_name == "CrossEntropyLoss"
    assert first.config.optimizer_kwargs.constructor_kwargs["fused"] is True
    assert first.metric_names == ["accuracy"]


def test_a_divided_model_is_trained_by_kernels_that_know_its_rows(make):
    sgd = {"optimizer_name": "SGD"}
    assembly = make(optimizer_kwargs=sgd, distributed_config={"strategy": "fsdp"})
    assert assembly.comprehend_config().config.optimizer_kwargs.constructor_kwargs["fused"] is None


@pytest.mark.parametrize(
    ("training", "expected"),
    [
        ({"max_epochs": 2}, (2, 8)),
        ({"max_epochs": 2, "accumulate": 3}, (2, 4)),
        ({"max_epochs": None, "max_steps": 6}, (2, 6)),
        ({"max_epochs": 1, "max_steps": 600}, (1, 4)),
    ],
)
def test_lengths_follow_from_whatever_ends_first(make, training, expected):
    assembly = make(training_config=training).comprehend_config()
    assert assembly.lengths == expected


def test_sparse_gradients_are_not_given_to_fused_kernels(make):
    tokens = DataLoader(TensorDataset(torch.arange(8).reshape(4, 2), torch.zeros(4, 3)), 2)
    trainer = make(train_loader=tokens, optimizer_kwargs={"optimizer_name": "SGD"})
    trainer.set_model(nn.EmbeddingBag(8, 3, mode="sum", sparse=True))
    assert trainer.comprehend_config().config.optimizer_kwargs.constructor_kwargs["fused"] is None
    assert trainer.fit(max_epochs=1) > 0


@pytest.mark.parametrize("given", [False, True])
def test_the_target_that_the_criterion_leaves_out_is_no_class(make, tmp_path, given):
    masks = torch.arange(6).repeat(8).reshape(8, 2, 3) % 3
    masks[0, 0, 0] = 255
    made, key = TensorDataset(torch.randn(8, 1, 2, 3), masks), {"ignore_index": 255}
    np.savez(tmp_path / "masks.npz", inputs=made.tensors[0], targets=masks.to(torch.uint8))
    arrays = {"dataset_name": "arrays", "path": str(tmp_path / "masks.npz"), "subsample_rate": 1}
    data = {"train_loader": DataLoader(made, 4)} if given else {"dataset_kwargs": arrays}
    assembly = make(**data, criterion_kwargs=key).comprehend_config()
    assert assembly.data.info.num_classes == 3


def test_splits_are_found_by_name_and_a_missing_one_is_told(make):
    assembly = make(dataset_kwargs={"test_fraction": 0.0}).comprehend_config()
    assert assembly.loader("validation") is assembly.loader("val")
    with pytest.raises(DataError, match="no split 'test'"):
        assembly.loader("test")


@pytest.mark.parametrize(
    ("training", "saving", "stopping"),
    [
        ({}, ("validation/epoch_loss", "min"), ("validation/epoch_loss", "min")),
        ({"with_validation": False}, ("train/epoch_loss", "min"), ("train/epoch_loss", "min")),
        (
            {"stopping_metric": "val_accuracy"},
            ("validation/epoch_accuracy", "max"),
            ("validation/epoch_accuracy", "max"),
        ),
        (
            {"stopping_metric": "odd", "mode": "max", "saving_metric": "val_loss"},
            ("validation/epoch_loss", "min"),
            ("odd", "max"),
        ),
    ],
)
def test_metrics_to_follow_have_a_direction(make, training, saving, stopping):
    assembly = make(training_config=training).comprehend_config()
    monitors = assembly.saving_monitor, assembly.stopping_monitor
    assert [(m.metric, m.mode) for m in monitors] == [saving, stopping]


def test_a_name_without_a_direction_needs_one(make):
    with pytest.raises(ConfigError, match="mode"):
        make(training_config={"saving_metric": "odd"}).comprehend_config()
