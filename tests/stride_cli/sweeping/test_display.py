"""What a terminal shows of a sweep under way, and what stays of it."""

import io
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from optuna.trial import FrozenTrial, TrialState, create_trial

from stride.loggers.display.ability import Ability
from stride.runs.layout import SweepPaths
from stride.sweeps.following.standing import Standing
from stride.sweeps.sweep import Sweep
from stride_cli.sweeping.display import LiveDisplay, PlainDisplay, open_display
from stride_cli.sweeping.view import View

LOSS = "validation/epoch_loss"
CAPTURES = Path(__file__).parent / "captures"


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


def drawn(sweep: Sweep, now: Standing, width: int, height: int) -> list[str]:
    view = View(sweep, Ability(redraws=True, colours=False, unicode=True))
    return view.lines(now, os.terminal_size((width, height)))


@pytest.mark.parametrize(("width", "height"), [(80, 24), (200, 50), (40, 10)])
def test_the_view_fits_the_terminal(
    sweep: Sweep, training: FrozenTrial, width: int, height: int
) -> None:
    waiting = [made(number, TrialState.RUNNING) for number in range(4, 60)]
    lines = drawn(sweep, standing(training, *waiting), width, height)
    assert max(map(len, lines)) == len(lines[0]) == width and len(lines) < height
    path = CAPTURES / f"sweep_{width}x{height}.txt"
    if os.environ.get("WRITE_SCREENS"):  # after a change that is meant: read what git shows
        path.write_text("".join(f"{line.rstrip()}\n" for line in lines), encoding="utf-8")
    assert [line.rstrip() for line in lines] == path.read_text(encoding="utf-8").splitlines()


def test_a_trial_under_way_is_shown_with_its_run(sweep: Sweep, training: FrozenTrial) -> None:
    row = drawn(sweep, standing(training, left=None), 100, 24)[-1].split()
    assert row[:2] == ["3", "big"] and row[-3:] == ["lr=0.01235", "hidden=[64,", "64]"]


def test_a_trial_under_way_has_its_curve_and_its_pack(
    sweep: Sweep, make_run: Callable[..., Any]
) -> None:
    trials, paths = [], []
    for number, name in enumerate(("a", "b", "c")):
        paths.append(make_run(name=name, loss=None, state="running"))
        runs = [{"seed": 0, "run": name, "uuid": "u"}]
        trials.append(made(number, TrialState.RUNNING, runs=runs))
    for number, path in enumerate(paths[:2]):
        pack = {"pack": {"uuid": "u", "width": 2, "place": number, "alone": {}}}
        segment = json.loads(path.segment(0).read_text())
        path.segment(0).write_text(json.dumps(segment | pack))
    view = View(sweep, Ability(redraws=True, colours=False, unicode=True))
    for epoch, loss in enumerate((3.0, 2.0, 1.0), 1):
        for path in paths:
            row = {"step": epoch, "epoch": epoch, "time": 1.0, LOSS: loss}
            with open(path.metrics, "a") as stream:
                stream.write(json.dumps(row) + "\n")
            progress = {"format_version": 3, "segment": 0, "time": time.time()}
            progress |= {"step": epoch, "epoch": epoch, "last": row}
            path.progress.write_text(json.dumps(progress))
        for _ in range(2):  # a look at the same epoch adds nothing
            lines = view.lines(standing(*trials), os.terminal_size((120, 24)))
    assert [line.split()[1:4] for line in lines[-3:]] == [
        ["a", "A", "1/2"],
        ["b", "A", "2/2"],
        ["c", "-", "3"],
    ]
    assert all("█▅▁" in line for line in lines[-3:])


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
