"""Benchmarks whose cells are trained in a moment."""

from collections.abc import Callable

import pytest

from tests.benchmark.conftest import write
from tests.stride_cli.conftest import Outcome, Stride

__all__ = ["write"]

TINY = ("length=16", "anomaly_length=4", "num_train=40", "num_val=20", "num_test=20")
SETTING = ("batch_size=20", "norm=none", "hidden=[3]", "device=cpu", "examples=1")


@pytest.fixture
def benchmark(stride: Stride) -> Callable[..., Outcome]:
    """Return a function that runs `stride benchmark W ...` with words for tiny trainings."""
    return lambda *words: stride("benchmark", "W", "--epochs", "2", *TINY, *SETTING, *words)
