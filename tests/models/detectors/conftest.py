"""Samples among which one is unlike the others."""

import pytest
import torch
from torch import Tensor

ODD = 17


@pytest.fixture(scope="session")
def samples() -> Tensor:
    """Return noisy sines (40, 2, 16), in one of which a channel is another sine."""
    draw = torch.Generator().manual_seed(0)
    phases = torch.rand(40, 2, 1, generator=draw)
    times = torch.arange(16) / 16 * 6.28
    found = torch.sin(times + phases) + 0.05 * torch.randn(40, 2, 16, generator=draw)
    found[ODD, 1] = torch.sin(3 * times)
    return found
