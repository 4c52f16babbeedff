"""ECE, MCE, temperature and trigger by hand, and what holds of them for any predictions."""

import json
import math
import random

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar

from stride.active.calibration.calibration_error import RetrainTrigger, reliability, temperature
from stride.errors import DataError


def binary(confidences, right, dtype=torch.float64):
    """Return predictions of these confidences, and labels of which those are right."""
    sure = torch.tensor(confidences, dtype=dtype)
    labels = 1 - torch.tensor(right, dtype=torch.int64)
    return torch.stack([sure, 1 - sure], dim=1), labels


def test_the_errors_by_hand():
    found = reliability(*binary([0.55, 0.6, 0.9, 1.0], [1, 0, 1, 1]), bins=5)
    assert found.counts == (0, 0, 2, 0, 2)
    assert found.confidence == pytest.approx((None, None, 0.575, None, 0.95))
    assert found.accuracy == (None, None, 0.5, None, 1.0)
    assert found.ece == pytest.approx((2 * 0.075 + 2 * 0.05) / 4)
    assert found.mce == pytest.approx(0.075)
    assert json.loads(json.dumps(found.to_json()))["counts"] == [0, 0, 2, 0, 2]


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16])
@pytest.mark.parametrize("bins", [5, 10, 15, 20])
def test_a_confidence_on_an_edge_belongs_to_the_lower_bin(dtype, bins):
    edges = [place / bins for place in range(bins // 2 + 1, bins + 1)]
    found = reliability(*binary(edges, [1] * len(edges), dtype), bins=bins)
    assert found.counts == (0,) * (bins // 2) + (1,) * len(edges)


def test_the_least_confidence_there_is_counts_too():
    uniform = torch.full((6, 200), 1 / 200)
    assert reliability(uniform, torch.arange(6)).counts == (6,) + (0,) * 14


@settings(max_examples=50)
@given(st.integers(1, 200), st.integers(1, 8), st.integers(1, 30), st.integers(0, 2**32))
@example(3, 1, 4, 0)  # one class: each sure beyond doubt
@example(1, 8, 30, 0)  # most bins are empty
@example(200, 8, 1, 0)
def test_the_errors_are_those_of_a_loop_over_the_bins(num, classes, bins, seed):
    generator = torch.Generator().manual_seed(seed)
    rows = (3 * torch.randn(num, classes, dtype=torch.float64, generator=generator)).softmax(1)
    labels = torch.randint(classes, (num,), generator=generator)
    sure, predicted = rows.max(dim=1)
    gaps, shares = [], []
    for place in range(bins):
        inside = (sure > place / bins) & (sure <= (place + 1) / bins)
        if place == bins - 1:
            inside |= sure > 1
        if inside.any():
            right = (predicted[inside] == labels[inside]).double().mean()
            gaps.append(float((right - sure[inside].mean()).abs()))
            shares.append(int(inside.sum()) / num)
    found = reliability(rows, labels, bins)
    assert sum(found.counts) == num
    expected = sum(share * gap for share, gap in zip(shares, gaps, strict=True))
    assert found.ece == pytest.approx(expected, abs=1e-12)
    assert found.mce == pytest.approx(max(gaps), abs=1e-12)


def test_predictions_as_sure_as_they_are_right_have_no_error():
    found = reliability(*binary([0.75] * 4 + [1.0] * 3, [1, 1, 1, 0, 1, 1, 1]))
    assert found.ece == pytest.approx(0) and found.mce == pytest.approx(0)


def test_bins_and_labels_that_do_not_fit_are_refused():
    with pytest.raises(DataError, match="bins=0 is not a number of bins"):
        reliability(*binary([0.9], [1]), bins=0)
    with pytest.raises(DataError, match="for 1 samples"):
        reliability(binary([0.9], [1])[0], torch.tensor([0, 1]))


def likelihood(logits, labels, value):
    return float(torch.nn.functional.cross_entropy(logits / value, labels))


def sampled(num, classes, sharpness, seed=0):
    """Return logits that are `sharpness` times too large for the labels drawn from them."""
    generator = torch.Generator().manual_seed(seed)
    logits = 2 * torch.randn(num, classes, dtype=torch.float64, generator=generator)
    labels = logits.softmax(dim=1).multinomial(1, generator=generator).squeeze(1)
    return logits * sharpness, labels


@pytest.mark.parametrize("sharpness", [0.2, 1.0, 3.0])
def test_the_temperature_has_the_smallest_loss_and_mends_the_calibration(sharpness):
    logits, labels = sampled(4000, 5, sharpness)
    value = temperature(logits, labels)
    search = minimize_scalar(
        lambda t: likelihood(logits, labels, math.exp(t)), bounds=(-4, 4), options={"xatol": 1e-9}
    )
    assert value == pytest.approx(math.exp(search.x), rel=1e-5)
    assert value == pytest.approx(sharpness, rel=0.05)
    assert reliability((logits / value).softmax(dim=1), labels).ece < 0.03
    assert temperature(logits.float(), labels) == pytest.approx(value, rel=1e-5)


@settings(max_examples=30)
@given(st.integers(1, 30), st.integers(2, 5), st.integers(0, 1000), st.floats(1e-3, 1e3))
def test_the_temperature_follows_the_scale_of_the_logits(num, classes, seed, scale):
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(num, classes, dtype=torch.float64, generator=generator)
    labels = torch.randint(classes, (num,), generator=generator)
    value = temperature(logits, labels)
    assert 0 < value < math.inf
    assert temperature(logits * scale + 7, labels) == pytest.approx(value * scale, rel=1e-6)


def test_where_no_temperature_is_best_it_is_bounded():
    logits = torch.tensor([[2.0, 0.0], [0.0, 2.0]])
    assert temperature(logits, torch.tensor([0, 1])) == pytest.approx(0.01)
    assert temperature(logits, torch.tensor([1, 0])) == pytest.approx(100)
    assert temperature(1e8 * logits, torch.tensor([0, 1])) == pytest.approx(1e6)
    assert temperature(torch.ones(3, 4), torch.tensor([0, 1, 2])) == 1
    assert temperature(torch.ones(3, 1), torch.zeros(3, dtype=torch.int64)) == 1


def test_logits_that_do_not_fit_are_refused():
    with pytest.raises(DataError, match="labels hold 2, and there are 2 logits"):
        temperature(torch.ones(1, 2), torch.tensor([2]))
    with pytest.raises(DataError, match="logits hold NaN"):
        temperature(torch.full((1, 2), math.nan), torch.tensor([0]))


def test_the_trigger_compares_with_the_values_before():
    trigger = RetrainTrigger(deviations=2, min_history=3)
    values = [0.1, 0.2, 0.3, 0.4, 0.45, 0.9]
    # The limits are 0.2 + 2 * 0.1 = 0.4, then 0.25 + 2 * 0.129 and 0.29 + 2 * 0.143.
    assert [trigger.check(value) for value in values] == [False] * 5 + [True]


def test_a_rise_of_many_deviations_is_seen_with_few_values():
    trigger = RetrainTrigger(deviations=3, min_history=4)
    noise = random.Random(0)
    assert not any(trigger.check(0.1 + noise.gauss(0, 0.01)) for _ in range(4))
    assert trigger.check(0.2)


def test_equal_values_never_trigger_and_a_fall_does_not():
    trigger = RetrainTrigger(deviations=0, min_history=2)
    assert not any(trigger.check(0.1) for _ in range(50))
    assert not trigger.check(0.05)
    assert trigger.check(0.11)


def test_a_trigger_goes_on_from_its_state_and_forgets_when_told():
    trigger, other = RetrainTrigger(), RetrainTrigger()
    for value in (0.1, 0.11, 0.09, 0.1, 0.1):
        trigger.check(value)
    state = trigger.state_dict()
    other.load_state_dict(json.loads(json.dumps(state)))
    other.check(0.1)
    trigger.check(0.1)
    assert state == {"values": [0.1, 0.11, 0.09, 0.1, 0.1]}
    assert other.check(0.5) and trigger.check(0.5)
    trigger.reset()
    assert not trigger.check(0.9)


def test_what_cannot_be_compared_is_refused():
    with pytest.raises(DataError, match="a value of nan"):
        RetrainTrigger().check(math.nan)
    with pytest.raises(DataError, match="min_history=1 make no trigger"):
        RetrainTrigger(min_history=1)
