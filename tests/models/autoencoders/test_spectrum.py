"""The spectrum is that of the definition, and brings every series back."""

import math

import pytest
import torch

from stride.models.autoencoders.spectrum import InverseSpectrum, Spectrum


@pytest.mark.parametrize("length", [1, 2, 3, 8, 33])
def test_every_series_comes_back_from_its_spectrum(length: int) -> None:
    series = torch.randn(4, 3, length, dtype=torch.float64)
    spectrum = Spectrum()(series)
    assert spectrum.shape == (4, 6, length // 2 + 1)
    assert torch.allclose(InverseSpectrum(length)(spectrum), series, atol=1e-12)


def test_real_parts_stand_before_imaginary_ones_and_energy_is_kept() -> None:
    turns = 2 * math.pi * 3 * torch.arange(16) / 16
    series = torch.stack([turns.cos(), turns.sin()]).unsqueeze(0)
    expected = torch.zeros(1, 4, 9)
    # exp(-i turns) times the series, summed, over the root of 16 points: 16 / 2 / 4.
    expected[0, 0, 3], expected[0, 3, 3] = 2, -2
    assert torch.allclose(Spectrum()(series), expected, atol=1e-6)


def test_half_precision_is_computed_in_single() -> None:
    series = torch.randn(2, 1, 12, dtype=torch.bfloat16)
    again = InverseSpectrum(12)(Spectrum()(series).to(torch.bfloat16))
    assert again.dtype is torch.float32
    assert torch.allclose(again, series.float(), atol=0.05)
