"""When the alarm of overfitting rings: both trends, after the lowest loss, once."""

import logging
import math

import pytest

from stride.callbacks.overfitting_alarm import OverfittingAlarm


def rings(pairs, window=3, alarm=None, caplog=None):
    """Return after which evaluations it rings."""
    alarm, found = alarm or OverfittingAlarm(window), []
    for number, (trained, validated) in enumerate(pairs):
        caplog.clear()
        metrics = {"train/epoch_loss": trained, "validation/epoch_loss": validated}
        alarm.after_evaluate(None, metrics)
        found += [number] * len(caplog.records)
    return found


FALLING = [1 / (n + 1) for n in range(8)]


@pytest.mark.parametrize(
    ("trained", "validated", "expected"),
    [
        (FALLING, [3, 2, 1, 1.1, 1.3, 1.2, 1.4, 1.5], [5]),  # the lowest, and three after it
        (FALLING, [3, 2, 1, 1.1, 1.3, 0.9, 1.4, 1.5], []),
        (FALLING, [3, 2, 1, 1.1, 1.2, 1.3, 0.9, 0.8], [5]),
        (FALLING, [3, 2.9, 2.8, 2.7, 2.6, 2.5, 2.4, 2.3], []),
        (FALLING, [1] * 8, []),  # a flat loss does not rise
        ([1] * 8, [3, 2, 1, 1.1, 1.3, 1.2, 1.4, 1.5], []),
        ([*reversed(FALLING)], [3, 2, 1, 1.1, 1.3, 1.2, 1.4, 1.5], []),
        (FALLING, [3, 2, 1, math.nan, math.nan, math.nan, 1.4, 1.5], []),
    ],
)
def test_it_rings_where_the_losses_move_apart(trained, validated, expected, caplog):
    pairs = zip(trained, validated, strict=True)
    with caplog.at_level(logging.WARNING, "stride"):
        assert rings(pairs, caplog=caplog) == expected


def test_after_a_new_lowest_loss_it_rings_again_and_says_from_where(caplog):
    rising = [1, 1.1, 1.2, 1.3]
    pairs = [(1 / (n + 1), loss) for n, loss in enumerate([*rising, 1.4, 0.5, 0.6, 0.7, 0.8])]
    with caplog.at_level(logging.WARNING, "stride"):
        assert rings(pairs, caplog=caplog) == [3, 8]
    assert caplog.messages == [
        "overfitting: over the last 3 evaluations train/epoch_loss went from 0.1429 to 0.1111 and "
        "validation/epoch_loss from 0.6 to 0.8; its lowest was 0.5"
    ]


def test_a_resumed_training_is_told_when_an_unbroken_one_is(caplog):
    pairs = [*zip(FALLING, [3, 2, 1, 1.1, 1.3, 1.2, 1.4, 1.5], strict=True)]
    for cut in range(1, 8):
        alarm, resumed = OverfittingAlarm(3), OverfittingAlarm(3)
        with caplog.at_level(logging.WARNING, "stride"):
            before = rings(pairs[:cut], alarm=alarm, caplog=caplog)
            resumed.load_state_dict(alarm.state_dict())
            after = [cut + n for n in rings(pairs[cut:], alarm=resumed, caplog=caplog)]
        assert before + after == [5]
