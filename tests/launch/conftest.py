"""A project in git, and commands of SLURM that are scripts which note what they are given."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

NETS = """
from torch import nn

def tiny(width: int = 4):
    return nn.Sequential(nn.Flatten(), nn.Linear(64, width), nn.ReLU(), nn.Linear(width, 10))
"""

# What is called, its words and its folder go into a file; the answer comes out of one.
COMMAND = """#!/bin/sh
here=$(dirname "$0")
name=$(basename "$0")
printf '%s\\n' "$*" >> "$here/$name.calls"
[ -f "$here/$name.errors" ] && { cat "$here/$name.errors" >&2; exit 1; }
[ -f "$here/$name.answer" ] && cat "$here/$name.answer"
exit 0
"""


class Slurm(NamedTuple):
    """Stand for the commands of SLURM: programs that answer what they are told to."""

    folder: Path

    def answer(self, name: str, text: str) -> None:
        """Have a command print a text."""
        (self.folder / f"{name}.answer").write_text(text)

    def refuse(self, name: str, text: str) -> None:
        """Have a command fail with a text on stderr."""
        (self.folder / f"{name}.errors").write_text(text)

    def calls(self, name: str) -> list[str]:
        """Return the words of each call of a command."""
        file = self.folder / f"{name}.calls"
        return file.read_text().splitlines() if file.exists() else []


@pytest.fixture
def slurm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Slurm:
    """Put such commands on the PATH; sbatch gives the job 12."""
    folder = tmp_path / "slurm"
    folder.mkdir()
    for name in ("sbatch", "squeue", "scancel"):
        (folder / name).write_text(COMMAND)
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    for name in ("SLURM_JOB_ID", "SLURM_RESTART_COUNT", "TORCHELASTIC_RUN_ID"):
        monkeypatch.delenv(name, raising=False)
    made = Slurm(folder)
    made.answer("sbatch", "12\n")
    return made


def git(folder: Path, *words: str) -> str:
    """Call git as nobody in particular."""
    who = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
    done = subprocess.run(
        ["git", "-C", str(folder), *who, *words], check=True, capture_output=True, text=True
    )
    return done.stdout


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return the folder of a project in git, in which commands are typed."""
    folder = tmp_path / "project"
    (folder / "sub").mkdir(parents=True)
    (folder / "nets.py").write_text(NETS)
    (folder / "sub" / "run.sh").write_text("echo\n")
    (folder / "sub" / "run.sh").chmod(0o755)
    git(folder, "init", "-q")
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "all")
    monkeypatch.chdir(folder)
    monkeypatch.syspath_prepend(str(folder))
    yield folder
    for name in ("nets", "mine"):  # another test has other files of these names
        sys.modules.pop(name, None)


@pytest.fixture
def record() -> Callable[[Path], dict[str, object]]:
    """Return a function that reads a JSON file."""
    return lambda path: json.loads(path.read_text())
