"""What STRIDE exports for other tools, and imports again, has lost no bit."""

from pathlib import Path

import pytest

from stride.exchange.export.export import export_runs
from stride.runs.run import Run
from tests.exchange.export.runs import bits, make
from tests.exchange.imports.sources import imported


def numbers(run: Run) -> dict[tuple[int, str], bytes]:
    """Return the bits of all numbers by step and name."""
    rows = run.metrics()
    return {
        (row["step"], name): bits(value)
        for row in rows
        for name, value in row.items()
        if name != "time" and not name.startswith("test/")
    }


def test_by_tensorboard(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    own = Run(make(tmp_path / "w", seed=7).path)
    export_runs([own.row()], "tensorboard", tmp_path / "there")
    back = Run(imported(tmp_path / "there", tmp_path / "back").path)
    assert numbers(back) == numbers(own)
    assert bits(back.results["test"]["test/loss"]) == bits(1 / 7)
    assert back.raw_config["seed"] == 7
    first, again = (
        {row["step"]: row["time"] for row in reversed(one.metrics())} for one in (own, back)
    )
    assert again == first


@pytest.mark.ecosystem("wandb")
def test_by_wandb(tmp_path: Path) -> None:
    own = Run(make(tmp_path / "w", seed=7).path)
    export_runs([own.row()], "wandb", tmp_path / "there")
    back = Run(imported(tmp_path / "there", tmp_path / "back").path)
    assert numbers(back) == numbers(own)
    assert (back.state, back.raw_config["seed"]) == ("done", 7)
