"""The window of the volumes, and where it comes from."""

import numpy as np
import pytest

from stride.errors import DataError
from stride.metrics.detection.window import DEFAULT, choose_window, period

WAVE = np.sin(2 * np.pi * np.arange(2_000) / 50)


def test_the_window_is_the_one_given_or_the_period_or_the_default() -> None:
    assert choose_window(7, WAVE) == (7, "given")
    assert choose_window(0, WAVE).size == 0
    assert choose_window(None, np.stack([WAVE, 3 * WAVE])) == (
        50,
        "the period of the inputs, by autocorrelation",
    )
    assert choose_window(None, np.empty(0)) == (DEFAULT, "the default, without inputs")
    assert choose_window(None, np.ones(2_000)).source.startswith("the default, no period")


def test_a_period_is_between_6_and_303_points() -> None:
    assert period(WAVE + 5) == 50
    assert period(np.sin(2 * np.pi * np.arange(4_000) / 350)) is None
    assert period(np.arange(3.0)) is None


def test_a_negative_window_is_refused() -> None:
    with pytest.raises(DataError, match="window=-1 is not a number of points"):
        choose_window(-1, WAVE)
