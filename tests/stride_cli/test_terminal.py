"""The look on a terminal: a real one, of a given width."""

import os
import pty
import re
import struct
import subprocess
import sys
import termios
from fcntl import ioctl
from pathlib import Path

ESCAPES = re.compile(r"\x1b\[[0-9;]*m")


def on_terminal(columns: int, *words: str, folder: Path, **environment: str) -> str:
    """Return what `stride ...` writes to a terminal of so many columns."""
    ours, theirs = pty.openpty()
    ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    variables = {
        key: value for key, value in os.environ.items() if key not in ("COLUMNS", "NO_COLOR")
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "stride", *words],
        cwd=folder,
        env=variables | {"XDG_CACHE_HOME": str(folder / "cache")} | environment,
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


def test_a_listing_fits_and_has_colour(make_run, tmp_path: Path) -> None:
    make_run("seed=3", "training_config.max_epochs=100", "training_config.patience=20")
    make_run("seed=4", "training_config.max_epochs=200", "training_config.patience=30")
    text = on_terminal(80, "ls", "W", folder=tmp_path)
    assert "\x1b[32mdone" in text
    lines = ESCAPES.sub("", text).splitlines()
    assert lines[0] == "run  status  age  duration  …/epoch_loss  overrides"
    assert max(map(len, lines)) == 80
    assert lines[1].endswith("…")


def test_no_colour_when_asked(make_run, tmp_path: Path) -> None:
    make_run()
    assert "\x1b" not in on_terminal(80, "ls", "W", folder=tmp_path, NO_COLOR="1")


def test_the_newest_fifty_unless_all(make_run, tmp_path: Path) -> None:
    for _ in range(52):
        make_run(loss=None)
    lines = on_terminal(80, "ls", "W", folder=tmp_path).splitlines()
    assert len(lines) == 52
    assert lines[-1] == "the newest 50 of 52 runs; --all shows every one"
    assert len(on_terminal(80, "ls", "W", "--all", folder=tmp_path).splitlines()) == 53
    assert len(on_terminal(80, "ls", "W", "-n", "3", folder=tmp_path).splitlines()) == 4
