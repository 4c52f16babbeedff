"""Learning curves by hand, and what holds of any."""

import json
import math
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stride.active.curves.curve import Curve, mean_curve, read_curve, summarize
from stride.errors import DataError

CURVE = Curve((10, 20, 40), (0.5, 0.7, 0.8))


def row(number, labelled, **metrics):
    return {"round": number, "labelled": labelled, "metrics": metrics, "chosen": [1, 2]}


def test_a_curve_is_read_from_the_rows_of_rounds():
    rows = [row(0, 10, accuracy=0.5, loss=2.0), row(1, 20, accuracy=0.7), row(2, 40, accuracy=0.8)]
    assert read_curve(rows, "accuracy") == CURVE
    assert read_curve(rows, "loss") == Curve((10,), (2.0,))


def test_of_a_round_done_again_the_last_row_counts():
    rows = [row(1, 20, a=0.2), row(0, 10, a=0.1), row(1, 20, a=0.3)]
    assert read_curve(rows, "a") == Curve((10, 20), (0.1, 0.3))


def test_values_that_json_has_no_number_for_are_read():
    values = read_curve([row(0, 1, a="NaN"), row(1, 2, a="-Infinity")], "a").values
    assert math.isnan(values[0]) and values[1] == -math.inf


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([row(0, 10, accuracy=0.5)], "no round has measured 'acuracy'.*did you mean 'accuracy'"),
        ([row(0, 10, mae=0.5)], "measured was: mae"),
        ([], "measured was: nothing"),
    ],
)
def test_a_metric_that_was_not_measured_is_named(rows, message):
    with pytest.raises(DataError, match=message):
        read_curve(rows, "acuracy")


@pytest.mark.parametrize(
    ("labelled", "values"), [((), ()), ((1, 2), (0.1,)), ((2, 1), (0.1, 0.2)), ((1, 1), (0.1, 0.2))]
)
def test_what_is_no_curve_is_refused(labelled, values):
    with pytest.raises(DataError, match="make no learning curve"):
        Curve(labelled, values)


def test_the_area_by_hand():
    assert CURVE.area() == pytest.approx((10 * 0.6 + 20 * 0.75) / 30)
    assert Curve((10,), (0.3,)).area() == 0.3


@st.composite
def curves(draw):
    values = draw(st.lists(st.floats(-10, 10), min_size=1, max_size=9))
    steps = draw(st.lists(st.integers(1, 50), min_size=len(values), max_size=len(values)))
    return Curve(tuple(sum(steps[: i + 1]) for i in range(len(steps))), tuple(values))


@given(curves(), st.floats(-10, 10), st.integers(1, 5))
def test_the_area_is_a_mean_of_the_values(curve, shift, factor):
    area = curve.area()
    assert min(curve.values) - 1e-9 <= area <= max(curve.values) + 1e-9
    moved = Curve(
        tuple(factor * labels + 3 for labels in curve.labelled),
        tuple(value + shift for value in curve.values),
    )
    assert moved.area() == pytest.approx(area + shift, abs=1e-9)


def test_labels_needed_are_those_of_the_first_round_that_reached_the_target():
    dip = Curve((10, 20, 40, 80), (0.5, 0.7, 0.6, 0.7))
    assert dip.labels_needed(0.7) == 20
    assert dip.labels_needed(0.55) == 20
    assert dip.labels_needed(0.71) is None
    assert dip.labels_needed(0.65, "min") == 10
    assert Curve((1, 2), (3.0, 2.0)).labels_needed(2.5, "min") == 2
    assert Curve((1, 2), (math.nan, 2.0)).labels_needed(1.0) == 2


def test_the_mean_of_seeds_has_their_deviation():
    found = mean_curve([CURVE, Curve((10, 20, 40), (0.7, 0.7, 0.9))])
    assert found.labelled == (10, 20, 40) and found.num_curves == 2
    assert found.mean == pytest.approx((0.6, 0.7, 0.85))
    assert found.deviation == pytest.approx((0.2 / math.sqrt(2), 0, 0.1 / math.sqrt(2)))
    assert mean_curve([CURVE]).mean == CURVE.values
    assert mean_curve([CURVE]).deviation == (0, 0, 0)


def test_the_mean_is_taken_where_all_seeds_have_a_value():
    assert mean_curve([CURVE, Curve((10, 20), (0.7, 0.7))]).labelled == (10, 20)
    with pytest.raises(DataError, match="2 curves have no number of labels in common"):
        mean_curve([CURVE, Curve((11, 21), (0.7, 0.7))])
    with pytest.raises(DataError, match="0 curves"):
        mean_curve([])


def test_a_seed_that_diverged_shows():
    found = mean_curve([CURVE, Curve((10, 20), (0.7, math.nan)), Curve((10, 20), (0.7, math.inf))])
    assert math.isfinite(found.mean[0]) and math.isfinite(found.deviation[0])
    assert math.isnan(found.mean[1]) and math.isnan(found.deviation[1])


def test_a_summary_is_ready_for_json():
    other = Curve((10, 20, 40), (0.7, 0.7, 0.9))
    told = json.loads(json.dumps(summarize([CURVE, other], target=0.85)))
    assert told["curve"] == json.loads(json.dumps(mean_curve([CURVE, other]).to_json()))
    assert told["area"]["each"] == [CURVE.area(), other.area()]
    assert told["area"]["mean"] == pytest.approx((CURVE.area() + other.area()) / 2)
    assert told["area"]["deviation"] == pytest.approx((other.area() - CURVE.area()) / math.sqrt(2))
    assert told["labels_needed"] == {"target": 0.85, "mean": None, "each": [None, 40]}
    assert summarize([CURVE, other], target=0.7)["labels_needed"]["mean"] == 15
    falling = summarize([CURVE], target=0.6, mode="min")["labels_needed"]
    assert falling == {"target": 0.6, "mean": 10, "each": [10]}
    assert "labels_needed" not in summarize([CURVE])
    assert CURVE.to_json() == {"labelled": [10, 20, 40], "values": [0.5, 0.7, 0.8]}


def test_curves_need_neither_torch_nor_numpy():
    loaded = "{'torch', 'numpy', 'matplotlib'} & set(sys.modules)"
    code = f"import sys, stride.active.curves.curve; assert not {loaded}"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
