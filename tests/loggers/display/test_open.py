import io
import sys

import pytest

from stride.errors import ConfigError
from stride.loggers.display.base import Head, NoDisplay
from stride.loggers.display.live import LiveDisplay
from stride.loggers.display.open import open_display
from stride.loggers.display.plain import PlainDisplay

EPOCH = {"step": 40, "epoch": 2, "time": 1.0, "train/epoch_loss": 0.51234, "validation/f1": 0.9}
HEAD = Head("0", "MLP", 1234, "digits (80 train)", "cpu")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_modes() -> None:
    assert isinstance(open_display("auto", Terminal()), LiveDisplay)
    assert isinstance(open_display("auto", io.StringIO()), PlainDisplay)
    assert isinstance(open_display("rich", io.StringIO()), LiveDisplay)
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


def test_a_program_without_a_console_has_no_display(monkeypatch):
    monkeypatch.setattr(sys, "stderr", None)
    assert isinstance(open_display("auto"), NoDisplay)
    PlainDisplay().note("nowhere")


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
