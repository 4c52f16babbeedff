"""Names of metrics and their direction."""

import pytest

from stride.config.metrics import as_number, canonical, infer_mode, metric_name
from stride.errors import ConfigError


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("val_loss", "validation/epoch_loss"),
        ("train_loss", "train/epoch_loss"),
        ("val_accuracy", "validation/epoch_accuracy"),
        ("valid/accuracy", "validation/epoch_accuracy"),
        ("validation/epoch_loss", "validation/epoch_loss"),
        ("validation_top5_accuracy", "validation/top5_accuracy"),
        ("val_f1", "validation/f1"),
        ("validation/epoch_f1", "validation/f1"),
        ("train_kl", "train/kl"),
        ("train/epoch_kl", "train/epoch_kl"),  # the epoch's mean: train/kl is a report's
        ("test_loss", "test/loss"),
        ("test/epoch_accuracy", "test/accuracy"),
        ("lr", "lr"),
        ("trainer", "trainer"),
        ("my/own", "my/own"),
    ],
)
def test_one_canonical_name(name: str, expected: str) -> None:
    assert canonical(name) == expected
    assert canonical(expected) == expected


def test_a_metric_of_a_split() -> None:
    assert metric_name("val", "loss") == "validation/epoch_loss"
    assert metric_name("train", "mae") == "train/mae"


@pytest.mark.parametrize(
    ("name", "mode"),
    [
        ("validation/epoch_loss", "min"),
        ("log_loss", "min"),
        ("test/error", "min"),
        ("rmse", "min"),
        ("MeanSquaredError", "min"),
        ("validation/mae", "min"),
        ("top5_accuracy", "max"),
        ("auc", "max"),
        ("test/vus_pr", "max"),
        ("val/l1", "min"),
        ("F1Score", "max"),
        ("R2Score", "max"),
        ("reward", "max"),
    ],
)
def test_the_mode_follows_from_the_name(name: str, mode: str) -> None:
    assert infer_mode(name) == mode


@pytest.mark.parametrize("name", ["lr", "perplexity", "glossary", "error_score", ""])
def test_a_name_that_tells_nothing_needs_a_mode(name: str) -> None:
    with pytest.raises(ConfigError, match=r"set training_config\.saving_mode to min or max"):
        infer_mode(name, key="training_config.saving_mode")


def test_a_metric_is_one_number_under_a_name_that_is_free():
    assert as_number("mine", True) == 1.0
    for value in ("1.5", None, [1.0], 1j, 10**400):
        with pytest.raises(TypeError, match="'mine' is not one number"):
            as_number("mine", value)
    with pytest.raises(ValueError, match="cannot be called 'step'"):
        as_number("step", 1.0)
