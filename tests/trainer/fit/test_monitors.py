"""The metrics that a training may follow: by the names under which they are recorded."""

import pytest

from stride.config.sections.training import TrainingConfig
from stride.errors import ConfigError
from stride.trainer.fit.monitors import evaluated_metrics, require_metric, saving_monitor

TRAINED, VALIDATED = ["loss", "accuracy", "kl"], ["loss", "accuracy", "Good", "kl"]


def test_names_are_those_that_are_recorded():
    assert evaluated_metrics(TRAINED, VALIDATED) == [
        "train/epoch_loss",
        "train/epoch_accuracy",
        "train/epoch_kl",
        "validation/epoch_loss",
        "validation/epoch_accuracy",
        "validation/Good",
        "validation/kl",
    ]


def test_the_direction_of_one_metric_is_not_that_of_another():
    training = TrainingConfig(stopping_metric="odd", mode="max", saving_metric="val_loss")
    assert saving_monitor(training, True).mode == "min"
    own = training.model_copy(update={"saving_metric": None})
    assert (saving_monitor(own, True).metric, saving_monitor(own, True).mode) == ("odd", "max")


def test_an_unknown_name_is_answered_by_those_that_there_are():
    known = evaluated_metrics(TRAINED, VALIDATED)
    require_metric("validation/Good", known, "training_config.stopping_metric")
    for wrong, said in (
        ("validation/mine.metrics:Good", "did you mean 'validation/Good'"),
        ("validation/good", "did you mean 'validation/Good'"),
        ("mine", "type one of: train/epoch_loss, .*validation/Good"),
    ):
        with pytest.raises(ConfigError, match=rf"stopping_metric\); {said}"):
            require_metric(wrong, known, "training_config.stopping_metric")
