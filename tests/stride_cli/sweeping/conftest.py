"""Sweeps whose trials are done in a moment, and a network that does as it is told."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.stride_cli.conftest import Outcome, Stride

TINY = ("model=MLP", "hidden=[4]", "subsample_rate=0.05", "epochs=1", "device=cpu")

NETS = """
import os
import signal
from pathlib import Path
from torch import nn

class Interrupting(nn.Linear):
    def forward(self, x):
        if self.training and Path("now").exists() and Path("W/0/status.json").exists():
            Path("now").unlink()
            os.kill(os.getpid(), signal.SIGINT)
        return super().forward(x)

def net(width: int = 4, wrong: bool = False):
    return nn.Sequential(nn.Flatten(), Interrupting(64 + wrong, width), nn.Linear(width, 10))
"""


@pytest.fixture
def sweep(stride: Stride) -> Callable[..., Outcome]:
    """Return a function that runs `stride sweep W ...` with words for a tiny training."""
    return lambda *words: stride("sweep", "W", *TINY, *words)


@pytest.fixture
def nets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Write the network into the test's folder; return the words that choose it."""
    (tmp_path / "sweep_nets.py").write_text(NETS)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield ["model=sweep_nets:net", "subsample_rate=0.05", "epochs=2", "device=cpu"]
    sys.modules.pop("sweep_nets", None)
