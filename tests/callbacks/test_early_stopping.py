"""Early stopping: `patience` evaluations in a row without an improvement."""

import pytest

from stride.callbacks.early_stopping import EarlyStopping
from stride.callbacks.monitor import Monitor
from stride.engine.state import TrainState


class Trainer:
    def __init__(self):
        self.state = TrainState()
        self.stopped = None

    def stop(self, reason, *, status="stopped"):
        self.stopped = (status, reason)


def epochs_until_stop(values, patience, mode="min", callback=None):
    trainer = Trainer()
    callback = callback or EarlyStopping(Monitor("loss", mode), patience)
    for epoch, value in enumerate(values, 1):
        callback.after_evaluate(trainer, {"loss": value})
        callback.after_epoch(trainer, {"loss": value})
        if trainer.stopped:
            return epoch
    return None


@pytest.mark.parametrize(
    ("values", "patience", "expected"),
    [
        ([1.0, 1.0, 1.0, 1.0], 3, 4),  # a flat loss never counts
        ([3.0, 2.0, 1.0, 0.5], 1, None),
        ([1.0, 2.0, 0.9, 2.0, 2.0], 2, 5),  # the count begins anew at an improvement
        ([float("nan")] * 3, 2, 2),
        ([-1.0, -2.0, -3.0], 1, None),
    ],
)
def test_it_stops_after_patience_evaluations_without_improvement(values, patience, expected):
    assert epochs_until_stop(values, patience) == expected


def test_the_reason_names_the_metric_and_the_status_is_done():
    trainer = Trainer()
    callback = EarlyStopping(Monitor("validation/epoch_loss", "min"), 1)
    for _ in range(2):
        callback.after_evaluate(trainer, {"validation/epoch_loss": 1.0})
    callback.after_epoch(trainer, {})
    status, reason = trainer.stopped
    assert status == "done"
    assert "validation/epoch_loss has not improved for 1 evaluations" in reason


def test_its_state_counts_on():
    first = EarlyStopping(Monitor("loss", "min"), 3)
    assert epochs_until_stop([1.0, 1.0, 1.0], 3, callback=first) is None
    second = EarlyStopping(Monitor("loss", "min"), 3)
    second.load_state_dict(first.state_dict())
    assert epochs_until_stop([1.0], 3, callback=second) == 1
