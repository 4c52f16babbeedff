"""Labels that do not cover each other."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stride.plots.geometry.spread import spread


@pytest.mark.parametrize(
    ("wished", "found"),
    [
        ([], []),
        ([3.0], [3]),
        ([-3.0], [0]),
        ([12.0], [10]),
        ([2.0, 7.0], [2, 7]),
        ([5.0, 5.0, 5.0], [4, 5, 6]),  # the first of equals stays first
        ([5.5, 5.0], [5.75, 4.75]),
        ([10.0, 10.0], [9, 10]),
        ([0.0, 0.2, 9.0], [0, 1, 9]),
    ],
)
def test_places_are_a_gap_apart(wished, found):
    assert spread(wished, 1, 0, 10) == pytest.approx(found)


@given(st.lists(st.floats(-20, 20), min_size=1, max_size=30))
def test_the_order_is_kept_within_the_ends(wished):
    found = spread(wished, 1, 0, 10)
    order = sorted(range(len(wished)), key=wished.__getitem__)
    gap = min(1, 10 / max(len(wished) - 1, 1))
    assert all(found[b] - found[a] >= gap - 1e-9 for a, b in pairwise(order))
    assert min(found) >= -1e-9 and max(found) <= 10 + 1e-9


@given(st.lists(st.integers(0, 40), min_size=2, max_size=5, unique=True))
def test_no_label_moves_without_need(wished):
    if all(b - a >= 3 for a, b in pairwise(sorted(wished))):
        assert spread(wished, 3, 0, 40) == pytest.approx(wished)
