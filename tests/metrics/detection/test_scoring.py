"""One call measures a score beside what it has to beat."""

import json
import re

import numpy as np
import pytest

from stride.errors import DataError
from stride.metrics.detection import (
    BestF1,
    DetectionScores,
    FalsePositiveRate,
    LabelledScores,
    detection_scores,
)
from stride.metrics.detection.measurement import ALARMS, AREAS, EVENTS, VOLUMES

DRAW = np.random.default_rng(0)
WAVE = np.sin(2 * np.pi * np.arange(600) / 30) + DRAW.normal(0, 0.05, 600)
LABELS = np.zeros(600, int)
LABELS[200:220] = LABELS[500:530] = 1
SCORES = LABELS * 0.5 + DRAW.random(600)
VALIDATION = LabelledScores.of(SCORES[::-1], LABELS[::-1], WAVE[::-1])


def scored(**options: object) -> DetectionScores:
    return detection_scores(SCORES, LABELS, **{"resamples": 20, **options})  # type: ignore[arg-type]


def test_a_series_has_all_measures_beside_random_and_magnitude() -> None:
    found = scored(inputs=WAVE, validation=VALIDATION)
    assert [*found.rows] == ["score", "random", "mean |x|"]
    for name, row in found.rows.items():
        assert [*row.measures] == [*AREAS, *VOLUMES, *ALARMS, *EVENTS]
        assert np.isfinite([*found.values(name).values()]).all()
    assert found.values()["roc_auc"] > 0.8 > 0.6 > found.values("random")["roc_auc"]
    assert found.yardstick.window == (30, "the period of the inputs, by autocorrelation")
    assert found.yardstick.bootstrap.block == 30 and found.events == 2 and found.anomalous == 50


def test_the_threshold_is_the_validations_and_is_applied_to_the_test() -> None:
    for rule in (BestF1(), FalsePositiveRate(0.1)):
        found = scored(validation=VALIDATION, rule=rule, resamples=0)
        threshold = rule.choose(VALIDATION)
        assert found.rows["score"].threshold == threshold
        alarms = threshold.apply(SCORES)
        assert found.values()["recall"] == pytest.approx((alarms & (LABELS == 1)).sum() / 50)
        assert f"thresholds: {rule}" in str(found)


def test_without_a_validation_set_no_threshold_is_chosen() -> None:
    found = scored(inputs=WAVE)
    one = found.rows["score"].measures["f1"]
    assert np.isnan(one.value) and "no validation set" in one.reason
    assert "not defined: there is no validation set" in str(found) and "precision" not in str(found)
    found = scored(inputs=WAVE, validation=LabelledScores.of(SCORES, LABELS))
    assert found.values()["f1"] > 0
    assert found.rows["mean |x|"].measures["f1"].reason == "the validation set has no inputs"
    assert "not defined: the validation set has no inputs (mean |x|)" in str(found)


@pytest.mark.parametrize("labels", [None, np.zeros(600), np.ones(600)])
@pytest.mark.parametrize("unit", ["point", "snippet"])
def test_one_class_is_no_error_but_nan_with_a_reason(labels: object, unit: str) -> None:
    found = detection_scores(SCORES, labels, unit=unit, validation=VALIDATION)  # type: ignore[arg-type]
    assert all(
        np.isnan(one.value) and one.reason
        for row in found.rows.values()
        for one in row.measures.values()
    )
    assert "not defined: " in str(found) and "bootstrap" not in str(found)


def test_a_threshold_above_all_scores_has_no_precision() -> None:
    high = LabelledScores.of([0, 9], [0, 1])
    measures = scored(validation=high).rows["score"].measures
    assert measures["precision"].reason == measures["range_precision"].reason == "no alarm"
    assert [measures[name].value for name in ("recall", "f1", "range_f1", "affiliation_f1")] == [
        0
    ] * 4


def test_snippets_have_no_order_and_no_measures_of_it() -> None:
    inputs = DRAW.normal(size=(600, 2, 5)) * (1 + LABELS[:, None, None])
    found = scored(inputs=inputs, unit="snippet", validation=VALIDATION)
    assert [*found.values()] == [*AREAS, *ALARMS]
    assert found.values("mean |x|")["roc_auc"] > 0.9
    order = DRAW.permutation(600)
    other = detection_scores(
        SCORES[order], LABELS[order], unit="snippet", validation=VALIDATION, resamples=0
    )
    assert other.values() == found.values()
    assert found.yardstick.bootstrap.block == 1 and "VUS" not in str(found)


def test_channels_of_a_series_are_one_mean() -> None:
    one = scored(inputs=np.stack([WAVE, -WAVE]), resamples=0).values("mean |x|")
    two = scored(inputs=WAVE.reshape(1, 1, -1), resamples=0).values("mean |x|")
    assert one == pytest.approx(two, nan_ok=True)


def test_intervals_hold_the_value_and_the_same_call_gives_the_same() -> None:
    found, again = scored(validation=VALIDATION), scored(validation=VALIDATION)
    for name in (*AREAS, *ALARMS):
        one = found.rows["score"].measures[name]
        assert one.resampled.interval is not None and one.resampled.interval.holds(one.value)
    assert found.to_json() == again.to_json() and str(found) == str(again)


def test_resamples_without_an_event_are_left_out_and_counted() -> None:
    labels = np.zeros(600, int)
    labels[100:102] = 1
    found = detection_scores(SCORES, labels, resamples=50, window=5)
    left_out = found.rows["score"].measures["roc_auc"].resampled.left_out
    assert 0 < left_out < 50
    assert f"50 resamples in blocks of 5; {left_out} of one class are left out" in str(found)


def test_the_random_f1_stands_beside_every_adjusted_one() -> None:
    found = scored(validation=VALIDATION)
    for row in found.to_json()["rows"].values():
        assert {"point_adjusted_f1", "point_adjusted_f1_random"} <= row["measures"].keys()
    assert re.search(r"point_adjusted_f1 .*\npoint_adjusted_f1_random ", str(found))


def test_json_holds_where_all_comes_from() -> None:
    plain = json.loads(json.dumps(scored(window=12).to_json(), allow_nan=False))
    assert plain["volumes"] == {"size": 12, "source": "given", "thresholds": 250}
    assert plain["bootstrap"] == {"resamples": 20, "block": 30, "seed": 0, "level": 0.95}
    assert plain["rows"]["score"]["threshold"]["value"] == "NaN"
    assert plain["rows"]["score"]["measures"]["f1"]["value"] == "NaN"
    assert len(plain["rows"]["random"]["measures"]["roc_auc"]["interval"]) == 2


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({"unit": "points"}, "unit='points' is neither .* did you mean 'point'"),
        ({"inputs": WAVE[:-1]}, r"inputs have the shape \(599,\), not \(n,\)"),
        ({"inputs": 5.0}, r"inputs have the shape \(1,\)"),
        ({"inputs": [*WAVE[:-1], np.nan]}, "1 of 600 inputs are not finite"),
        ({"inputs": np.zeros((2, 1, 600))}, r"inputs have the shape \(2, 1, 600\)"),
        ({"inputs": np.zeros((2, 600)), "unit": "snippet"}, r"not \(n, \.\.\.\) for n = 600"),
        ({"resamples": -1}, "resamples=-1, block=None and seed=0 are not"),
        ({"block": 0}, "block=0 and seed=0 are not"),
        ({"seed": -1}, "and seed=-1 are not from 0, 1 and 0 on"),
        ({"window": -2}, "window=-2 is not a number"),
        ({"window": 2.5}, r"window=2\.5 is not a number"),
    ],
)
def test_wrong_arguments_are_refused(options: dict[str, object], what: str) -> None:
    with pytest.raises(DataError, match=what):
        scored(**options)


def test_a_row_that_is_not_there_is_refused() -> None:
    with pytest.raises(DataError, match=r"no row 'mean x' .* did you mean 'mean \|x\|'"):
        scored(inputs=WAVE, resamples=0).values("mean x")
