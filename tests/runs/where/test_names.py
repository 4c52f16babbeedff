"""Names are found where they are clear, else refused with what they may mean."""

import pytest

from stride.errors import UserError
from stride.runs.where.names import FIELDS, Field, Names

CONFIG = [
    *("seed", "work_dir_note", "optimizer_kwargs.lr", "model_kwargs.model_name", "device"),
    *("training_config.max_epochs", "scheduler_kwargs.gamma", "model_kwargs.gamma"),
]
METRICS = ["validation/epoch_loss", "test/accuracy", "train/epoch_loss", "grad_norm", "lr"]
NAMES = Names(CONFIG, METRICS)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("status", Field("field", "status")),
        ("seed", Field("config", "seed")),
        ("optimizer_kwargs.lr", Field("config", "optimizer_kwargs.lr")),
        ("model", Field("config", "model_kwargs.model_name")),
        ("epochs", Field("config", "training_config.max_epochs")),
        ("val_loss", Field("metric", "validation/epoch_loss")),
        ("accuracy", Field("metric", "test/accuracy")),
        ("grad_norm", Field("metric", "grad_norm")),
        ("lr", Field("config", "optimizer_kwargs.lr")),
    ],
)
def test_a_clear_name_is_found(text, expected):
    assert NAMES.find(text) == expected


def test_an_aspect_asks_for_a_metric():
    assert NAMES.find("accuracy", "min") == Field("metric", "test/accuracy", "min")
    assert NAMES.find("accuracy", "min").title == "min test/accuracy"
    assert NAMES.find("lr", "last") == Field("metric", "lr", "last")
    with pytest.raises(UserError, match="no run here has 'seed'"):
        NAMES.find("seed", "last")


def test_several_meanings_are_refused_with_all_of_them():
    with pytest.raises(UserError, match=r"may mean model_kwargs\.gamma, scheduler_kwargs\.gamma;"):
        NAMES.find("gamma")
    with pytest.raises(UserError, match="may mean train/epoch_loss, validation/epoch_loss"):
        NAMES.find("loss")
    many = Names([f"s{n}.key" for n in range(10)], [])
    with pytest.raises(UserError, match=r"s7\.key and 2 more"):
        many.find("key")


def test_an_unknown_name_is_told_with_the_nearest():
    with pytest.raises(UserError, match="no run here has 'statu'; did you mean 'status'"):
        NAMES.find("statu")
    with pytest.raises(UserError, match="did you mean 'max_epochs'"):
        NAMES.find("max_epoch")


def test_each_kind_of_value_is_known():
    assert {Field("field", key).kind for key in FIELDS} == {"text", "time", "span", "number"}
    assert (
        Field("metric", "test/accuracy").kind == "number" and Field("config", "seed").kind == "any"
    )
