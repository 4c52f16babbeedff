"""Run a test on a copy of the source, as it is or with one fault in it."""

import os
import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from mutants.table import ROOT, Mutant

PARTS = ("stride", "cli", "tests", "benchmarks", "examples", "docs", "mutants", ".ci")
SECONDS = 300


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

    def passes(self, tests: list[str]) -> bool:
        """Return whether these tests pass; a test that does not end fails.

        Raises:
            RuntimeError: They cannot be run: there is none of that name, or pytest breaks.
        """
        command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests]
        path = os.pathsep.join([str(self.folder), str(self.folder / "cli")])
        environment = {"PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1", "OMP_NUM_THREADS": "1"}
        child = subprocess.Popen(
            command,
            cwd=self.folder,
            env=os.environ | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        try:
            told, _ = child.communicate(timeout=SECONDS)
        except subprocess.TimeoutExpired:
            return False
        finally:
            _end_session(child)
        if child.returncode not in (0, 1):
            raise RuntimeError(f"pytest ended with {child.returncode}:\n{told[-2000:]}")
        return child.returncode == 0

    def sees(self, mutant: Mutant) -> bool:
        """Return whether a mutant's test fails with it."""
        file = self.folder / mutant.file
        source = file.read_text(encoding="utf-8")
        try:
            file.write_text(mutant.applied(source), encoding="utf-8")
            return not self.passes(mutant.test.split())
        finally:
            file.write_text(source, encoding="utf-8")


def _end_session(child: "subprocess.Popen[str]") -> None:
    """End the test and what it has started, which a fault may have left behind."""
    with suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()
