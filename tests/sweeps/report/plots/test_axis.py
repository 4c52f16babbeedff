"""Where values of a key are along their axis, in the scale of its range."""

import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from stride.sweeps.report.plots.axis import Axis


@pytest.mark.parametrize(
    ("kind", "value", "share"),
    [
        (FloatDistribution(1e-5, 1e-1, log=True), 1e-3, 0.5),
        (FloatDistribution(0.0, 2.0), 0.5, 0.25),
        (IntDistribution(1, 5), 2, 0.25),
        (IntDistribution(8, 512, log=True), 64, 0.5),
        (CategoricalDistribution(["a", None, "[64]"]), None, 0.5),
        (CategoricalDistribution([True, 1.5]), 1.5, 1.0),
        (FloatDistribution(3.0, 3.0), 3.0, 0.5),
    ],
)
def test_a_value_is_in_its_place(kind, value, share):
    axis = Axis("key", kind)
    assert axis.share(axis.coordinate(value)) == pytest.approx(share)


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        (FloatDistribution(1e-3, 1e-1, log=True), ["0.001", "0.01", "0.1"]),
        (FloatDistribution(0.0, 0.4), ["0", "0.1", "0.2", "0.3", "0.4"]),
        (IntDistribution(1, 6), ["1", "2", "4", "6"]),
        (FloatDistribution(3.0, 3.0), ["3"]),
        (CategoricalDistribution(["a", None, "x" * 40]), ["a", "null", f"{'x' * 15}…"]),
    ],
)
def test_its_ends_and_some_values_between_are_named(kind, names):
    assert [name for _, name in Axis("key", kind).ticks()] == names
