import io

import pytest

from stride.loggers.display import plain
from stride.loggers.display.base import Head
from stride.loggers.display.plain import PlainDisplay

EPOCH = {"step": 40, "epoch": 2, "time": 1.0, "train/epoch_loss": 0.51234, "validation/f1": 0.9}

HEAD = Head("0", "MLP", 1234, "digits (80 train)", "cpu")


def test_plain_lines_tell_progress_metrics_speed_and_time_left() -> None:
    stream = io.StringIO()
    display = PlainDisplay(stream)
    display.start(HEAD, total_steps=100, total_epochs=5)
    display.report(EPOCH, 20.0)
    display.note("early stopping")
    display.close()
    assert stream.getvalue() == (
        "epoch 2/5  step 40/100  train loss 0.5123  val f1 0.9  20 steps/s  0:03 left\n"
        "early stopping\n"
    )


def test_plain_lines_within_an_epoch_are_rare(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    display = PlainDisplay(stream)
    display.start(HEAD, None, None)
    for step in range(5):
        display.report({"step": step, "epoch": 0, "train/loss": 0.5}, 1.0)
    assert stream.getvalue() == ""
    monkeypatch.setattr(plain, "SECONDS_BETWEEN_LINES", 0.0)
    display.report({"step": 9, "epoch": 0, "train/loss": 0.5}, 1.0)
    assert stream.getvalue() == "epoch 0  step 9  recent loss 0.5  1 steps/s\n"


def test_rollouts_show_returns_first_and_environment_steps_beside_updates():
    row = {"step": 40, "epoch": 1, "time": 1.0, "train/epoch_loss": 2.5, "rollout/return": 16.0}
    row |= {"rollout/length": 17.0, "validation/return": 9.5, "lr": 0.1, "env_steps": 2048.0}
    stream = io.StringIO()
    display = PlainDisplay(stream)
    display.start(HEAD, total_steps=400, total_epochs=10)
    display.report(row, 4.0)
    display.close()
    text = " ".join(stream.getvalue().split())
    assert "epoch 1/10 step 40/400 " in text and "4 steps/s 1:30 left" in text
    returns = "rollout/return 16 rollout/length 17 val return 9.5 train loss 2.5 lr 0.1"
    assert f"env step 2048 205 env steps/s {returns}" in text and "env_steps" not in text
