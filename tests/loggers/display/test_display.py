import io
import sys

import pytest

from stride.errors import ConfigError
from stride.loggers.display import plain
from stride.loggers.display.base import Head, NoDisplay
from stride.loggers.display.open import open_display
from stride.loggers.display.plain import PlainDisplay
from stride.loggers.display.terminal import RichDisplay
from stride.loggers.display.words import format_metrics, time_left

EPOCH = {"step": 40, "epoch": 2, "time": 1.0, "train/epoch_loss": 0.51234, "validation/f1": 0.9}

HEAD = Head("0", "MLP", 1234, "digits (80 train)", "cpu")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


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


def test_the_rich_display_draws_the_newest_values() -> None:
    pytest.importorskip("rich")
    stream = Terminal()
    display = RichDisplay(stream)
    display.start(HEAD, total_steps=100, total_epochs=5)
    display.report(EPOCH, 20.0)
    display.report({"step": 50, "epoch": 2, "lr": 0.1}, 10.0)
    display.note("a [note] 1")
    display.close()
    display.close()
    display.note("after")
    text = stream.getvalue()
    assert "a [note] 1" in text
    assert text.endswith("after\n")
    joined = " ".join(text.split())
    for part in ("epoch 2/5 step 50/100", "0.5123", "lr 0.1", "10", "0:05"):
        assert part in joined, part


def test_without_a_number_of_steps_the_bar_follows_epochs_or_nothing() -> None:
    for total in (5, None):
        stream = Terminal()
        display = RichDisplay(stream)
        display.report(EPOCH, 1.0)  # before the start: nothing to draw on
        display.start(HEAD, total_steps=None, total_epochs=total)
        display.report(EPOCH, 20.0)
        display.close()
        assert "epoch 2" in stream.getvalue()
        assert "left" not in stream.getvalue()


def test_modes() -> None:
    assert isinstance(open_display("auto", Terminal()), RichDisplay)
    assert isinstance(open_display("auto", io.StringIO()), PlainDisplay)
    assert isinstance(open_display("rich", io.StringIO()), RichDisplay)
    assert isinstance(open_display("minimal", Terminal()), PlainDisplay)
    assert isinstance(open_display("off", Terminal()), NoDisplay)
    with pytest.raises(ConfigError, match="did you mean 'minimal'"):
        open_display("minimall")


def test_the_default_is_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    for mode in ("minimal", "rich", "off"):
        display = open_display(mode)
        display.start(HEAD, 10, 1)
        display.report(EPOCH, 1.0)
        display.note("noted")
        display.close()
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("noted") == 2
    assert sys.stderr.isatty() is False


@pytest.mark.parametrize(
    ("step", "total", "speed", "text"),
    [(0, 7200, 1.0, "2:00:00"), (90, 100, 5.0, "0:02"), (200, 100, 1.0, "0:00")],
)
def test_the_time_left(step: int, total: int, speed: float, text: str) -> None:
    assert time_left({"step": step}, total, speed) == text
    assert time_left({"step": step}, None, speed) == ""
    assert time_left({"step": step}, total, 0.0) == ""


@pytest.mark.parametrize("mode", ["minimal", "rich"])
@pytest.mark.parametrize("error", [BrokenPipeError, OSError(28, "full"), ValueError, RuntimeError])
def test_a_terminal_that_has_gone_ends_no_training(mode, error):
    class Gone(Terminal):
        def write(self, text):
            raise error

    stream = Gone()
    for _ in range(2):
        display = open_display(mode, stream)
        display.note("before")
        display.start(HEAD, 10, 1)
        display.report(EPOCH, 1.0)
        display.note("text")
        display.close()
        assert display._stream.lost is not None
        stream = Terminal()
        stream.close()


def test_a_program_without_a_console_has_no_display(monkeypatch):
    monkeypatch.setattr(sys, "stderr", None)
    assert isinstance(open_display("auto"), NoDisplay)
    PlainDisplay().note("nowhere")


@pytest.mark.parametrize("mode", ["minimal", "rich"])
def test_rollouts_show_returns_first_and_environment_steps_beside_updates(mode, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    row = {"step": 40, "epoch": 1, "time": 1.0, "train/epoch_loss": 2.5, "rollout/return": 16.0}
    row |= {"rollout/length": 17.0, "validation/return": 9.5, "lr": 0.1, "env_steps": 2048.0}
    stream = Terminal()
    display = open_display(mode, stream)
    display.start(HEAD, total_steps=400, total_epochs=10)
    display.report(row, 4.0)
    display.close()
    text = " ".join(stream.getvalue().split())
    assert "epoch 1/10 step 40/400 " in text and "4 steps/s 1:30 left" in text
    returns = "rollout/return 16 rollout/length 17 val return 9.5 train loss 2.5 lr 0.1"
    assert f"env step 2048 205 env steps/s {returns}" in text and "env_steps" not in text


def test_what_is_of_an_epoch_and_what_is_since_the_last_report_have_two_names():
    row = {"train/epoch_grad_norm": 0.5, "train/grad_norm": 0.25, "validation/epoch_loss": 2.0}
    assert format_metrics(row) == ["train grad_norm 0.5", "recent grad_norm 0.25", "val loss 2"]


def test_in_a_narrow_terminal_nothing_is_cut_and_no_name_is_parted_from_its_value(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    names = [f"train/epoch_{'x' * length}" for length in range(3, 30)]
    row = {"step": 1100, "epoch": 27, "env_steps": 1e6, **dict.fromkeys(names, 0.123)}
    stream = Terminal()
    display = RichDisplay(stream)
    display.start(HEAD, total_steps=1200, total_epochs=30)
    display.report(row, 93.6)
    display.close()
    lines = [line.strip() for line in stream.getvalue().splitlines()]
    assert "…" not in stream.getvalue()
    for length in range(3, 30):
        assert any(f"train {'x' * length} 0.123" in line for line in lines), length
