"""Let trainings die, or be stopped, at chosen system calls; resume them, and compare."""

import json
import os
import signal
from pathlib import Path
from typing import Any

from stride.runs.layout import RunPaths
from tests.integration.forkserver import Forkserver
from tests.integration.same_runs import problems_of


class Deaths:
    """Train, die at a call, and resume.

    Args:
        server: forks the trainings.
        folder: of all work_dirs.
        sections: of the config.
        deadly: which calls count.
    """

    def __init__(
        self, server: Forkserver, folder: Path, sections: dict[str, Any], **deadly: Any
    ) -> None:
        self.server, self.folder, self.sections, self.deadly = server, folder, sections, deadly
        self.whole = folder / "whole" / "0"
        self.calls = self.calls_of("whole")

    def calls_of(self, name: str, resume: str | None = None, **deadly: Any) -> list[list[str]]:
        """Train to the end; return the names and first arguments of the calls that count."""
        calls = self.folder / "calls.json"
        assert self.train(name, resume, calls=str(calls), **deadly) == 0, self.log()
        found: list[list[str]] = json.loads(calls.read_text())
        return found

    def log(self) -> str:
        return (self.folder / "log").read_text()

    def train(self, name: str, resume: str | None = None, **deadly: Any) -> int:
        place, log = str(self.folder / name), self.folder / "log"
        where = self.deadly | deadly
        return self.server.call("train_dying", place, where, resume, log=log, **self.sections)

    def die(self, name: str, resume: str | None = None, **deadly: Any) -> RunPaths:
        """Die there; return the run."""
        assert self.train(name, resume, **deadly) == -9, self.log()
        return RunPaths(self.folder / name / "0")

    def freeze(self, name: str, **deadly: Any) -> tuple[RunPaths, int | None]:
        """Be stopped there; return the run, and the process, None where it came to its end."""
        place, log = str(self.folder / name), self.folder / "log"
        where = self.deadly | {"frozen": True} | deadly
        pid = self.server.start("train_dying", place, where, log=log, **self.sections)
        run = RunPaths(self.folder / name / "0")
        if self.server.stopped(pid):
            return run, pid
        assert self.server.wait(pid) == 0, self.log()
        return run, None

    def succeed(self, run: RunPaths, pid: int, *, step: int) -> None:
        """Take the run over from a process that is stopped, which wakes at a step, or at the end.

        Compare with the run that was never stopped.
        """
        place, log = str(run.path.parent), self.folder / "log"
        arguments = (place, pid, step)
        assert self.server.call("train_over", *arguments, log=log, **self.sections) == 0, self.log()
        assert self.wake(pid) == 1, self.log()  # it says that it has lost the run
        self.compare(run)

    def wake(self, pid: int) -> int:
        """Let a process go on to its end; return its exit code."""
        os.kill(pid, signal.SIGCONT)
        return self.server.wait(pid)

    def resume(self, run: RunPaths) -> None:
        """Go on to the end, and compare with the run that was never stopped."""
        place, log = str(run.path.parent), self.folder / "log"
        assert self.server.call("train", place, "0", log=log, **self.sections) == 0, self.log()
        self.compare(run)

    def compare(self, run: RunPaths) -> None:
        """Compare a run with the one that was never stopped."""
        wrong = problems_of(run.path, self.whole)
        assert not wrong, wrong
