"""Runs to read, and the command line as a function of its words."""

import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from stride.config import resolve_layers
from stride.runs.layout import RunPaths
from stride.runs.writer import RunWriter
from stride_cli.app import main


class Outcome(NamedTuple):
    """What a command left: its exit code, and both streams."""

    code: int
    out: str
    err: str


Stride = Callable[..., Outcome]
MakeRun = Callable[..., RunPaths]
MONITOR = {"metric": "validation/epoch_loss", "mode": "min"}


@pytest.fixture
def stride(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Stride:
    """Return a function that runs `stride ...` in the test's folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    def run(*words: str) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["stride", *words])
        with pytest.raises(SystemExit) as leaving:
            main()
        code = leaving.value.code
        assert isinstance(code, int)
        return Outcome(code, *capsys.readouterr())

    return run


@pytest.fixture
def make_run(tmp_path: Path) -> MakeRun:
    """Return a function that writes a run into the work_dir W of the test's folder."""

    def make(
        *overrides: str, name: str | None = None, loss: float | None = 0.5, state: str = "done"
    ) -> RunPaths:
        resolved = resolve_layers(work_dir="W", overrides=_plain(overrides))
        provenance = {
            "command": ["stride", *(f"--config {text}" for text in overrides)],
            "overrides": ["work_dir=W", *overrides],
            "origins": resolved.origins,
            "git": {"commit": "a" * 40, "dirty": False},
            "devices": ["cpu"],
        }
        writer = RunWriter.start(
            tmp_path / "W", name, config=resolved.config.to_json(), provenance=provenance
        )
        writer.status("running")
        writer.append(
            writer.paths.metrics, [{"step": 10, "epoch": 1, "time": time.time(), "lr": 0.1}]
        )
        if loss is not None:
            writer.commit(writer.paths.results, _results(loss))
        writer.paths.logs.mkdir()
        writer.paths.log(0).write_text("first line\nsecond line\n")
        writer.close(state)
        return writer.paths

    return make


def _plain(overrides: Sequence[str]) -> dict[str, Any]:
    """Return numbers for the arguments whose types only torch would know."""
    typed: dict[str, Any] = {}
    for text in overrides:
        key, _, value = text.partition("=")
        typed[key] = float(value) if key == "optimizer_kwargs.lr" else int(value)
    return typed


def _results(loss: float) -> dict[str, Any]:
    best = {"step": 10, "epoch": 1, "validation/epoch_loss": loss, "validation/epoch_accuracy": 0.9}
    return {
        "format_version": 1,
        "best": best,
        "last": {**best, "validation/epoch_loss": loss + 0.25},
        "test": {"test/accuracy": 0.875},
        "timings": {"wall_seconds": 2.0, "train_seconds": 1.0, "samples_per_second": 1234.5},
        "monitor": {**MONITOR, "value": loss},
        "parameters": 12345,
    }
