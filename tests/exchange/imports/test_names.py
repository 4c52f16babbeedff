"""Metrics are called as STRIDE's own, where their names leave no doubt."""

from stride.exchange.imports.names import recorded_names


def test_splits_are_called_as_in_rows_of_stride() -> None:
    names = ["val_loss", "valid/accuracy", "test_f1", "train_loss", "Loss/train", "lr", "val_f1"]
    assert [*recorded_names(names).values()] == [
        "validation/epoch_loss",
        "validation/epoch_accuracy",
        "test/f1",
        "train/loss",  # nothing says that it is of a whole epoch
        "Loss/train",
        "lr",
        "validation/f1",
    ]


def test_pairs_of_steps_and_epochs_are_told_apart() -> None:
    pair = recorded_names(["train_loss_step", "train_loss_epoch", "val_loss_step"])
    assert [*pair.values()] == ["train/loss", "train/epoch_loss", "validation/loss_step"]
    assert recorded_names(["train/global_step"]) == {"train/global_step": "train/global_step"}


def test_two_names_never_become_one() -> None:
    names = ["val_loss", "val/loss", "step", "logged_step"]
    assert recorded_names(names) == {
        "val_loss": "val_loss",
        "val/loss": "val/loss",
        "step": "logged_logged_step",
        "logged_step": "logged_step",
    }
