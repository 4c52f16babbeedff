"""The look on a terminal: a real one, of a given width."""

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

ESCAPES = re.compile(r"\x1b\[[0-9;]*m")


@pytest.fixture
def on_terminal(popen, tmp_path: Path) -> Callable[..., str]:
    """Return a function that gives what `stride ...` writes to a terminal of so many columns."""

    def on_terminal(columns: int, *words: str, **environment: str) -> str:
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
        assert process.wait(timeout=60) == 0
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
