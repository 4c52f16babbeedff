"""The spectrum of series as real numbers, and back."""

import torch
from torch import Tensor, nn


class Spectrum(nn.Module):
    """Map (N, C, L) to (N, 2C, L // 2 + 1): real parts, then imaginary parts of each frequency.

    The transform is `torch.fft.rfft` with norm="ortho", in at least single precision.
    """

    def forward(self, series: Tensor) -> Tensor:
        """Return the spectrum of each channel."""
        spectrum = torch.fft.rfft(_single(series), norm="ortho")
        return torch.cat([spectrum.real, spectrum.imag], 1)


class InverseSpectrum(nn.Module):
    """Map (N, 2C, L // 2 + 1) back to (N, C, L), by `torch.fft.irfft`.

    Imaginary parts that no series has, of the mean and at an even length of the highest frequency,
    are left out.

    Args:
        length: of the series.
    """

    def __init__(self, length: int) -> None:
        super().__init__()
        self.length = length

    def forward(self, spectrum: Tensor) -> Tensor:
        """Return the series of each channel's spectrum."""
        real, imaginary = _single(spectrum).chunk(2, 1)
        spectra = torch.complex(real, imaginary)
        series: Tensor = torch.fft.irfft(spectra, self.length, norm="ortho")
        return series


def _single(values: Tensor) -> Tensor:
    """Return values in single precision at least: torch has no transform of bfloat16."""
    return values.to(torch.promote_types(values.dtype, torch.float32))
