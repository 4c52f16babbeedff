"""What a terminal shows of a sweep under way, and what stays of it."""

import io
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from optuna.trial import FrozenTrial, TrialState, create_trial
from rich.console import Console

from stride.runs.layout import SweepPaths
from stride.sweeps.following.standing import Standing
from stride.sweeps.sweep import Sweep
from stride_cli.sweeping.display import LiveDisplay, PlainDisplay, open_display
from stride_cli.sweeping.view import view

LOSS = "validation/epoch_loss"


def made(number: int, state: TrialState, value: float | None = None, **noted: Any) -> FrozenTrial:
    overrides = {"optimizer_kwargs.lr": 0.0123456789, "model_kwargs.hidden": [64, 64]}
    trial = create_trial(
        state=state, value=value, user_attrs={"overrides": overrides, "runs": [], **noted}
    )
    trial.number = number
    return trial


@pytest.fixture
def sweep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sweep:
    """Return what a display asks of a sweep."""
    monkeypatch.chdir(tmp_path)
    paths = SweepPaths(tmp_path / "W/sweeps/search")
    record = SimpleNamespace(metric=LOSS, mode="min")
    return cast(Sweep, SimpleNamespace(paths=paths, record=record, work_dir=tmp_path / "W"))


@pytest.fixture
def training(make_run: Callable[..., Any]) -> FrozenTrial:
    """Return a trial whose run is under way."""
    paths = make_run(name="big", loss=None, state="running")
    return made(3, TrialState.RUNNING, runs=[{"seed": 0, "run": paths.path.name, "uuid": "u"}])


def standing(*running: FrozenTrial, left: float | None = 75.0) -> Standing:
    best = made(0, TrialState.COMPLETE, 0.25, runs=[{"seed": 0, "run": "7", "value": 0.25}])
    failed = made(1, TrialState.FAIL, error="Traceback\n  File x\n    ^^^\nValueError: so")
    return Standing(running, [best, failed], 6, best, left)


@pytest.mark.parametrize(("width", "height"), [(80, 24), (200, 50), (40, 10)])
def test_the_view_fits_the_terminal(
    sweep: Sweep, training: FrozenTrial, width: int, height: int
) -> None:
    console = Console(width=width, height=height, file=io.StringIO(), record=True)
    waiting = [made(number, TrialState.RUNNING) for number in range(4, 60)]
    console.print(view(sweep, standing(training, *waiting), console))
    lines = console.export_text().splitlines()
    assert max(map(len, lines)) <= width and len(lines) < height
    assert lines[0].startswith("2/65 trials ") and lines[0].split()[-3:] == ["1m", "15s", "left"]
    assert lines[1].split("  ")[:3] == ["57 running", "1 done", "0 pruned"]
    assert lines[2].startswith(f"best: 0.25 {LOSS}  run 7"[:width])
    assert lines[-1] == "... of 57 trials"


def test_a_trial_under_way_is_shown_with_its_run(sweep: Sweep, training: FrozenTrial) -> None:
    console = Console(width=100, height=24, file=io.StringIO(), record=True)
    console.print(view(sweep, standing(training, left=None), console))
    row = console.export_text().splitlines()[-1].split()
    assert row[:2] == ["3", "big"] and row[-3:] == ["lr=0.01235", "hidden=[64,", "64]"]


def test_a_terminal_keeps_failures_and_no_view(
    sweep: Sweep, training: FrozenTrial, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = io.StringIO()
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr("sys.stderr", terminal)
    display, now = open_display(sweep), standing(training)
    assert isinstance(display, LiveDisplay)
    display.show(now)
    display.ended(now.ended[0], now, 1)
    display.ended(now.ended[1], now, 2)
    display.close()
    said = terminal.getvalue()
    assert "ValueError: so" in said and "^^^" not in said
    assert "trial 0  done" not in said


def test_elsewhere_each_trial_has_a_line(sweep: Sweep, capsys: pytest.CaptureFixture[str]) -> None:
    display, now = open_display(sweep), standing()
    assert isinstance(display, PlainDisplay)
    for number, trial in enumerate(now.ended, 1):
        display.ended(trial, now, number)
    display.show(now)
    display.close()
    assert capsys.readouterr().err.splitlines() == [
        "1/8  trial 0  done 0.25  run 7  lr=0.01235 hidden=[64, 64]  best so far",
        "2/8  trial 1  failed  lr=0.01235 hidden=[64, 64]",
        "  Traceback",
        "    File x",
        "  ValueError: so",
    ]
