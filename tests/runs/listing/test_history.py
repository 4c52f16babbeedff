"""A curve has a row for each epoch, and a few points of it tell where it was best and worst."""

from math import nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stride.runs.listing.history import epoch_rows, rows_with, thinned

ROWS = [
    {"step": 2, "epoch": 0, "train/loss": 3.0, "lr": 0.1},
    {"step": 4, "epoch": 0, "train/loss": 2.0, "lr": 0.1},  # at the end of the first epoch
    {"step": 4, "epoch": 1, "time": 1.0, "train/epoch_loss": 2.5, "validation/epoch_loss": 2.2},
    {"step": 4, "epoch": 1, "time": 2.0, "mine/seen": 7.0, "validation/epoch_loss": 9.0},
    {"step": 6, "epoch": 1, "train/loss": 1.0, "lr": 0.1, "mine/step": 1.0},
    {"step": 7, "epoch": 1, "train/epoch_loss": 1.5},  # cut off by a limit
]
ENDS = [
    {"step": 4, "epoch": 1, "time": 1.0, "train/epoch_loss": 2.5, "validation/epoch_loss": 2.2}
    | {"mine/seen": 7.0},
    ROWS[-1],
]


def test_an_epoch_is_one_row_with_all_that_was_recorded_at_its_end():
    assert epoch_rows(ROWS) == ENDS
    assert epoch_rows([]) == epoch_rows(ROWS[:2]) == []


@pytest.mark.parametrize(
    ("names", "steps", "expected"),
    [
        (["train/epoch_loss"], False, ENDS),
        (["mine/seen"], False, ENDS[:1]),
        (["mine/step"], False, [ROWS[4]]),  # recorded at no end of an epoch
        (["lr", "train/epoch_loss"], True, [*ROWS[:3], *ROWS[4:]]),
        (["absent"], False, []),
    ],
)
def test_rows_of_steps_come_where_they_are_asked_for_or_alone_have_the_metric(
    names, steps, expected
):
    assert rows_with(ROWS, names, steps=steps) == expected


def test_first_last_smallest_and_largest_are_kept_and_the_others_lie_evenly():
    values = {17: 9.0, 63: -1.0, 5: nan}
    rows = [{"step": n, "loss": values.get(n, 1.0)} for n in range(101)]
    found = [row["step"] for row in thinned(rows, ["loss"], 11)]
    assert found == [0, 10, 17, 30, 40, 50, 63, 70, 80, 90, 100]


@given(
    st.lists(st.floats(allow_infinity=False), min_size=1, max_size=60),
    st.integers(min_value=2, max_value=20),
)
def test_as_many_rows_as_asked_for_in_their_order_with_both_ends(values, points):
    rows = [{"step": n, "a": value, "b": -value} for n, value in enumerate(values)]
    steps = [row["step"] for row in thinned(rows, ["a", "b"], points)]
    assert steps == sorted(set(steps)) and len(steps) == min(points, len(rows))
    assert {0, len(rows) - 1} <= {*steps}
    known = [value for value in values if value == value]
    if points >= 6 and known:
        kept = [values[step] for step in steps if values[step] == values[step]]
        assert (min(kept), max(kept)) == (min(known), max(known))
