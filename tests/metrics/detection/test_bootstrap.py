"""Intervals by drawing snippets or blocks again."""

import numpy as np
import pytest

from stride.metrics.detection import bootstrap
from stride.metrics.detection.bootstrap import Bootstrap


@pytest.mark.parametrize(("count", "block"), [(10, 1), (10, 4), (10, 10), (3, 2)])
def test_each_resample_has_as_many_points(count: int, block: int) -> None:
    drawn = np.concatenate([*Bootstrap(50, block, seed=0).weights(count)])
    assert len(drawn) == 50 and all(w.sum() == count and len(w) == count for w in drawn)
    assert len({tuple(w) for w in drawn}) > 1 or block == count
    assert np.allclose(np.mean(drawn, axis=0), 1, atol=0.6)


def test_points_of_a_block_are_drawn_together_round_the_end() -> None:
    (weights,) = Bootstrap(1, 4, seed=0).weights(4)
    assert weights.tolist() == [[1, 1, 1, 1]]


def test_resamples_are_the_same_however_many_are_drawn_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = np.concatenate([*Bootstrap(10, 3, seed=0).weights(7)])
    monkeypatch.setattr(bootstrap, "_NUMBERS", 30)
    parts = [*Bootstrap(10, 3, seed=0).weights(7)]
    assert [len(one) for one in parts] == [4, 4, 2]
    assert (np.concatenate(parts) == whole).all()


def test_the_interval_of_a_mean_is_as_wide_as_its_error() -> None:
    values = np.random.default_rng(1).normal(size=400)
    found, other = Bootstrap(1_000, 1, seed=0).of(
        len(values), lambda weights: (weights @ values / len(values), weights[:, 0] * np.nan)
    )
    assert found.interval is not None and found.left_out == 0
    width = found.interval.high - found.interval.low
    assert width == pytest.approx(2 * 1.96 * values.std() / 20, rel=0.1)
    assert found.interval.holds(values.mean())
    assert other == (None, 1_000)
