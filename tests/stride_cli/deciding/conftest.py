"""Runs of two configurations over seeds, as `stride stats` reads them."""

import pytest

from tests.runs.deciding.conftest import write_run

GOOD, BAD = (0.90, 0.91, 0.92, 0.93), (0.80, 0.81, 0.83, 0.83)


@pytest.fixture
def study(tmp_path):
    """Write four seeds of a good and a bad learning rate, and a seed of a third that failed."""
    for name, lr, values in (("a", 0.1, GOOD), ("b", 0.2, BAD)):
        for seed, value in enumerate(values):
            config = {"optimizer_kwargs.lr": lr}
            write_run(tmp_path / "W", f"{name}{seed}", seed, accuracy=value, config=config)
    reason = "nonfinite: the loss is not finite (step 24)"
    config = {"optimizer_kwargs.lr": 9.0}
    write_run(tmp_path / "W", "c0", 0, state="failed", reason=reason, config=config)
    return tmp_path / "W"
