"""The look on a terminal: a real one, of a given width."""

import io
import os
import pty
import re
import struct
import sys
import termios
from collections.abc import Callable
from fcntl import ioctl
from pathlib import Path

import pytest
from typer.main import get_command

from stride.loggers.screen import Screen
from stride_cli.app import app
from stride_cli.loading import LOADS_TORCH, tell_loading

COMMANDS = getattr(get_command(app), "commands", {})
ESCAPES = re.compile(r"\x1b\[[0-9;]*m")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def on_terminal(popen, tmp_path: Path) -> Callable[..., str]:
    """Return a function that gives what `stride ...` writes to a terminal of so many columns."""

    def on_terminal(columns: int, *words: str, code: int = 0, **environment: str) -> str:
        ours, theirs = pty.openpty()
        ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        variables = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "NO_COLOR")}
        process = popen(
            [sys.executable, "-m", "stride", *words],
            cwd=tmp_path,
            env=variables | {"XDG_CACHE_HOME": str(tmp_path / "cache")} | environment,
            stdout=theirs,
            stderr=theirs,
        )
        os.close(theirs)
        pieces = []
        try:
            while piece := os.read(ours, 65536):
                pieces.append(piece)
        except OSError:  # Linux says so when the other end is closed
            pass
        os.close(ours)
        assert process.wait(timeout=60) == code
        return b"".join(pieces).decode().replace("\r\n", "\n")

    return on_terminal


def test_a_listing_fits_and_has_colour(make_run, on_terminal) -> None:
    make_run("seed=3", "training_config.max_epochs=100", "training_config.patience=20")
    make_run("seed=4", "training_config.max_epochs=200", "training_config.patience=30")
    text = on_terminal(80, "ls", "W")
    assert "\x1b[32mdone" in text
    lines = ESCAPES.sub("", text).splitlines()
    assert [line.split() for line in lines[:3]] == [
        ["best"],
        ["validation/"],
        ["run", "status", "age", "duration", "epoch_loss", "overrides"],
    ]
    assert max(map(len, lines)) == 80
    assert lines[3].endswith("…")


def test_no_colour_when_asked(make_run, on_terminal) -> None:
    make_run()
    assert "\x1b" not in on_terminal(80, "ls", "W", NO_COLOR="1")


def test_the_newest_fifty_unless_all(make_run, on_terminal) -> None:
    for _ in range(52):
        make_run(loss=None)
    lines = on_terminal(80, "ls", "W").splitlines()
    assert len(lines) == 52
    assert lines[-1] == "the newest 50 of 52 runs; --all shows every one"
    assert len(on_terminal(80, "ls", "W", "--all").splitlines()) == 53
    assert len(on_terminal(80, "ls", "W", "-n", "3").splitlines()) == 4


LOADING = "loading PyTorch ...\r"


def test_what_takes_long_is_told_at_once_and_goes_away(on_terminal) -> None:
    said = on_terminal(80, "train", "epoch=2", code=2)
    assert said.startswith(f"{LOADING}\r\x1b[2Kstride: error: unknown key epoch")


def test_it_is_told_of_commands_that_load_torch_alone(monkeypatch) -> None:
    told = []
    monkeypatch.setattr("sys.stdout", Screen(io.StringIO()))
    for words in (
        ["train", "-w", "W"],
        ["--config", "seed=1"],
        ["--config-file=c.json"],
        ["--debug", "resume", "W/1"],
        ["benchmark", "W", "--models", "MLP"],
        ["train", "--help"],
        ["ls", "train"],
        ["benchmark", "W"],
        [],
    ):
        terminal = Terminal()
        monkeypatch.setattr("sys.stderr", Screen(terminal))
        tell_loading(words)
        told.append(terminal.getvalue())
    assert told == [LOADING] * 5 + [""] * 4
    assert set(COMMANDS) >= LOADS_TORCH


@pytest.mark.parametrize(("name", "value"), [("TERM", "dumb"), ("RANK", "1")])
def test_a_dumb_terminal_has_nothing_of_it_nor_one_of_several_processes(
    monkeypatch, name: str, value: str
) -> None:
    terminal = Terminal()
    monkeypatch.setattr("sys.stdout", Screen(io.StringIO()))
    monkeypatch.setattr("sys.stderr", Screen(terminal))
    monkeypatch.setenv(name, value)
    tell_loading(["train"])
    assert terminal.getvalue() == ""


def test_it_goes_away_before_stdout_is_written_and_a_pipe_has_nothing_of_it(monkeypatch) -> None:
    terminal, pipe = Terminal(), io.StringIO()
    monkeypatch.setattr("sys.stdout", Screen(pipe))
    monkeypatch.setattr("sys.stderr", Screen(terminal))
    tell_loading(["train"])
    print("W/1")
    print("more", file=sys.stderr)
    assert pipe.getvalue() == "W/1\n"
    assert terminal.getvalue() == f"{LOADING}\r\x1b[2Kmore\n"
