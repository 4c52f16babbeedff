"""Statistics are per channel, exact, safe for constants, and survive JSON."""

import json

import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st

from stride.data.normalize import Normalization, fit_normalization
from stride.errors import DataError


@given(st.integers(1, 40), st.sampled_from([(), (3,), (3, 4), (2, 4, 5)]), st.floats(0, 1e4))
@example(1, (3,), 1e4)  # far from 0, one sample a batch
@example(40, (), 1e4)  # the last batch is a short one
def test_standard_statistics_equal_torchs(batch, shape, offset):
    data = torch.randn(83, *shape, generator=torch.Generator().manual_seed(1)) + offset
    found = fit_normalization("standard", data.split(batch))
    flat = data.double().movedim(1, 0).flatten(1) if shape else data.double()[None]
    assert torch.allclose(torch.tensor(found.shift, dtype=torch.float64), flat.mean(1), rtol=1e-9)
    assert torch.allclose(
        torch.tensor(found.scale, dtype=torch.float64), flat.std(1, correction=0), rtol=1e-9
    )
    result = found.apply(data)
    assert result.shape == data.shape and result.dtype == torch.float32
    assert result.mean().abs() < 1e-2


def test_minmax_brings_the_training_split_to_0_and_1():
    data = torch.tensor([[1.0, -5.0], [3.0, 5.0], [2.0, 0.0]])
    found = fit_normalization("minmax", data.split(2))
    assert found == Normalization("minmax", (1.0, -5.0), (2.0, 10.0))
    assert found.apply(data).tolist() == [[0, 0], [1, 1], [0.5, 0.5]]


@pytest.mark.parametrize("kind", ["standard", "minmax"])
@pytest.mark.parametrize("value", [0.0, 0.1, 1e8])
def test_a_constant_channel_becomes_zero(kind, value):
    data = torch.stack([torch.full((50,), value), torch.arange(50.0)], dim=1)
    result = fit_normalization(kind, data.split(7)).apply(data)
    assert torch.equal(result[:, 0], torch.zeros(50)) and result.isfinite().all()


def test_a_sample_is_normalised_as_in_a_batch():
    data = torch.rand(9, 3, 4, 4)
    found = fit_normalization("standard", [data])
    assert torch.equal(found.apply(data)[2], found.apply_sample(data[2]))


def test_whole_numbers_become_floats():
    pixels = torch.arange(20, dtype=torch.uint8).view(10, 2)
    assert fit_normalization("minmax", [pixels]).apply(pixels).dtype == torch.float32


def test_json_and_back_is_equal():
    found = fit_normalization("standard", [torch.rand(30, 3)])
    assert Normalization.from_json(json.loads(json.dumps(found.to_json()))) == found


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_statistics_of_no_numbers_are_refused(bad):
    for kind in ("standard", "minmax"):
        with pytest.raises(DataError, match="NaN or infinite"):
            fit_normalization(kind, [torch.tensor([[1.0], [bad]])])


def test_an_unknown_kind_and_other_channels_are_refused():
    with pytest.raises(DataError, match="standard, minmax"):
        fit_normalization("robust", [])
    with pytest.raises(DataError, match="inputs of 2 channels"):
        Normalization("minmax", (0.0,) * 3, (1.0,) * 3).apply(torch.rand(5, 2))


@pytest.mark.parametrize(
    "values",
    [{}, {"kind": "standard", "shift": [0.0]}, {"kind": "standard", "shift": [0], "scale": ["x"]}]
    + [{"kind": kind, "shift": [0.0], "scale": [1.0]} for kind in (None, [], {}, "robust")],
)
def test_a_record_of_another_form_is_told(values):
    with pytest.raises(DataError, match="not statistics of a normalization"):
        Normalization.from_json(values)
