"""Screens as a person sees them, on a terminal of 80 and of 200 columns, pinned as text.

After a change that is meant, type this and read what git shows as changed:
`WRITE_SCREENS=1 python -m pytest tests/stride_cli/test_screens.py`
"""

import os
import shlex
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from stride_cli.app import main
from tests.stride_cli.screens.day import the_day

TEXTS = Path(__file__).parent / "screens"
FORK = "W/finetune-of-the-best-one"
SCREENS = {
    "help": "--help",
    "help-stats": "stats --help",
    "ls": "ls W",
    "ls-columns": "ls W --where 'status == done' --sort -test/accuracy --columns lr,test/accuracy",
    "show": "show W/1",
    "show-running": "show W/8",
    "show-fork": f"show {FORK}",
    "compare": "compare W",
    "compare-two": f"compare W/1 {FORK} -m test/accuracy -m validation/macro/f1_of_every_class",
    "diff": f"diff W/1 {FORK}",
    "metrics": f"metrics {FORK} -m train/epoch_loss -m val_loss -m lr --points 5",
    "plot": "plot W -m val_loss",
    "stats": "stats W -m test/accuracy -m test/loss",
    "benchmark": "benchmark W -m test/accuracy -m test/loss",
    "scaling": "stats W --scaling",
    "better": "better W lr==0.01 lr==1e-5 -m test/accuracy",
    "config-changed": f"config {FORK} --changed",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Give the folder with the runs of the day, from which commands are typed."""
    folder = tmp_path_factory.mktemp("screens")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
        patch.setenv("TZ", "UTC")
        time.tzset()
        with the_day():
            yield folder
    time.tzset()


@pytest.fixture
def screen(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[[str, int], str]:
    """Return a function that gives what a command writes to a terminal of so many columns."""

    def screen(line: str, width: int) -> str:
        monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
        monkeypatch.setenv("NO_COLOR", "1")
        monkeypatch.setenv("COLUMNS", str(width))
        monkeypatch.setattr(sys, "argv", ["stride", *shlex.split(line)])
        with pytest.raises(SystemExit):
            main()
        shown = capsys.readouterr()
        assert max(map(len, shown.out.splitlines())) <= width
        return shown.out + shown.err

    return screen


@pytest.mark.parametrize("width", [80, 200])
@pytest.mark.parametrize("name", SCREENS)
def test_screens(name: str, width: int, screen: Callable[[str, int], str]) -> None:
    shown = screen(SCREENS[name], width)
    kept = TEXTS / f"{name}-{width}.txt"
    if os.environ.get("WRITE_SCREENS"):
        kept.write_text(shown)
    assert shown == kept.read_text()
