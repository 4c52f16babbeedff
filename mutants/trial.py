"""Run a test on a copy of the source, as it is or with one fault in it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from pytest import ExitCode

from mutants.forks import TOLD
from mutants.table import ROOT, Mutant

PARTS = ("stride", "cli", "tests", "benchmarks", "examples", "docs", "mutants", ".ci")


class Copy:
    """A copy of the checkout, in which one file at a time is another."""

    def __init__(self, folder: Path) -> None:
        """Copy what the tests need; its bytecode is checked by content, never by time."""
        self.folder = folder
        ignored = shutil.ignore_patterns("__pycache__")
        for part in PARTS:
            shutil.copytree(ROOT / part, folder / part, ignore=ignored)
        for file in ROOT.iterdir():
            if file.is_file():
                shutil.copy(file, folder)
        compiler = [sys.executable, "-m", "compileall", "-q", "--invalidation-mode", "checked-hash"]
        subprocess.run([*compiler, "stride", "cli", "tests"], cwd=folder, check=True)
        self._forks = _forking(folder)

    def passes(self, tests: list[str]) -> bool:
        """Return whether these tests pass; a test that does not end fails.

        Raises:
            RuntimeError: They cannot be run: there is none of that name, or pytest breaks.
        """
        assert self._forks.stdin and self._forks.stdout
        print(*tests, file=self._forks.stdin, flush=True)
        code = int(self._forks.stdout.readline())
        if code not in (ExitCode.OK, ExitCode.TESTS_FAILED):
            told = Path(TOLD.format(self.folder)).read_text(encoding="utf-8", errors="replace")
            raise RuntimeError(f"pytest ended with {code}:\n{told[-2000:]}")
        return code == ExitCode.OK

    def sees(self, mutant: Mutant) -> bool:
        """Return whether a mutant's test fails with it."""
        file = self.folder / mutant.file
        source = file.read_text(encoding="utf-8")
        try:
            file.write_text(mutant.applied(source), encoding="utf-8")
            return not self.passes(mutant.test.split())
        finally:
            file.write_text(source, encoding="utf-8")

    def close(self) -> None:
        """End the process that the tests are forked from."""
        self._forks.communicate()


def _forking(folder: Path) -> "subprocess.Popen[str]":
    path = os.pathsep.join([str(folder), str(folder / "cli")])
    environment = {"PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1", "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        [sys.executable, "-m", "mutants.forks"],
        cwd=folder,
        env=os.environ | environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
