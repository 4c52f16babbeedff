"""A trainer whose trials are done in a moment."""

from collections.abc import Callable
from pathlib import Path

import pytest

from stride.trainer.trainer import Trainer


@pytest.fixture
def trainer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Trainer]:
    """Return a function that makes one in the test's folder, with more overrides."""
    monkeypatch.chdir(tmp_path)
    tiny = ["model=MLP", "hidden=[4]", "subsample_rate=0.05", "epochs=1", "device=cpu"]
    return lambda *more: Trainer("W", overrides=[*tiny, *more])
