"""Speed-up and efficiency."""

import pytest

from stride.stats.scaling import scaled


def test_speed_up_and_efficiency():
    assert scaled(100.0, 1, 100.0, 1) == (1, 1)
    assert scaled(300.0, 4, 100.0, 1) == (3, 0.75)
    assert scaled(300.0, 8, 200.0, 2) == (1.5, pytest.approx(0.375))
