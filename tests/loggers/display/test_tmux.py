"""A real terminal shows what the emulator of these tests does, and so after it is resized."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from stride.loggers.display.live import SECONDS_BETWEEN_LOOKS
from tests.loggers.display.test_live import CAPTURES

ROOT = Path(__file__).parents[3]
SCRIPT = """
import sys
from tests.loggers.display import test_live as of
from stride.loggers.display.live import LiveDisplay

clock = of.Clock()
display = LiveDisplay(now=clock)
display.start(of.head(), total_steps=100, total_epochs=10)
of.train(display, clock, of.rows(10)[:9])
display.note("warning: the disk is nearly full")
of.train(display, clock, of.rows(10)[9:11])
sys.stdin.readline()
print("hello,", input("who is there? "))
display.close()
"""


@pytest.fixture
def tmux(tmp_path: Path) -> Iterator[Callable[..., str]]:
    """Return a function that runs tmux with a server of its own."""
    if not shutil.which("tmux"):
        pytest.skip("tmux is not installed")

    def tmux(*words: str) -> str:
        command = ["tmux", "-f", os.devnull, "-S", str(tmp_path / "socket"), *words]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    typed = f"cd {ROOT} && PYTHONPATH=. LC_ALL=C.UTF-8 {sys.executable} {script}; sleep 60"
    tmux("-u", "new-session", "-d", "-x", "80", "-y", "24", typed)
    yield tmux
    tmux("kill-server")


def until(shown: Callable[[], str], *parts: str) -> str:
    """Return what is shown once it has these parts."""
    for _ in range(200):
        text = shown()
        if all(part in text for part in parts):
            return text
        time.sleep(0.05)
    raise AssertionError(f"{parts} did not come in:\n{shown()}")


def test_a_real_terminal_shows_the_same(tmux: Callable[..., str]) -> None:
    def shown() -> str:
        text = tmux("capture-pane", "-p")
        return "\n".join(line.rstrip() for line in text.split("\n")).rstrip("\n")

    wanted = (CAPTURES / "under_way_80x24.txt").read_text().rstrip("\n")
    assert until(shown, "epoch 5/10", "step 55/100") == wanted
    for width in (61, 100):
        tmux("resize-window", "-x", str(width), "-y", "20")
        text = until(lambda: max(shown().split("\n"), key=len), "left")
        assert len(text) == width
        assert [shown().count(part) for part in ("epoch 5/10", "recent loss", "55/100")] == [
            1,
            1,
            1,
        ]
    tmux("send-keys", "Enter")
    until(shown, "who is there?")
    time.sleep(2.5 * SECONDS_BETWEEN_LOOKS)
    assert shown().endswith("\nwho is there?")
    tmux("send-keys", "me", "Enter")
    text = until(shown, "step 55, epoch 5")
    assert [text.count(part) for part in ("epoch 5/10", "recent loss", "55/100", "━")] == [
        0,
        0,
        0,
        0,
    ]
