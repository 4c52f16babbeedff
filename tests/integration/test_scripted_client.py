"""A program drives STRIDE by its commands alone, among kills, crashes and starts typed twice."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stride.runs.verify.run import verify_run
from tests.integration.forkserver import ROOT
from tests.stride_cli.programs.test_answer_schemas import check
from tests.warm import Warm

TRAIN = ("train", "-w", "W", "epochs=2", "subsample_rate=0.1", "terminal_display=off")
LONG = ("train", "-w", "W", "epochs=1000", "subsample_rate=0.1", "terminal_display=off")
CRASH = ("lr=1e30", "nonfinite=raise", "optimizer_name=SGD")


class Client:
    """Start, kill, resume and ask, as a program without a person behind it does."""

    def __init__(self, folder: Path, warm: Warm, popen: Callable[..., Any]) -> None:
        self.folder, self._warm, self._popen = folder, warm, popen

    def __call__(self, *words: str, code: int = 0) -> Any:
        """Return what a command with --json prints, the last line of one without."""
        done = self._warm.stride(*words, folder=self.folder)  # its stdin is empty
        assert done.returncode == code, f"{words}: {done.stderr}"
        if "--json" in words and code:
            assert not done.stdout
            return check("error", done.stderr.splitlines()[-1])["error"]
        if "--json" in words:
            return check(words[0], done.stdout)
        return done.stdout.splitlines()[-1] if done.stdout else None

    def kill(self, seed: int) -> str:
        """Start a run, kill its process once it trains, and return its name."""
        words = [sys.executable, "-m", "stride", *LONG, f"seed={seed}"]
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
        before = {row["run"] for row in self.runs()}
        with open(self.folder / "killed.log", "a") as log:
            child = self._popen(
                words, cwd=self.folder, env=environment, stdin=subprocess.DEVNULL, stdout=log,
                stderr=log,
            )  # fmt: skip
        try:
            until = time.monotonic() + 100
            while not (
                new := [row for row in self.runs() if row["run"] not in before and row["last"]]
            ):
                assert child.poll() is None and time.monotonic() < until
        finally:
            child.kill()
            child.wait()
        name: str = new[0]["run"]
        return name

    def runs(self) -> list[dict[str, Any]]:
        """Return all runs, none before there is a work_dir."""
        found: list[dict[str, Any]] = (
            self("ls", "W", "--json") if (self.folder / "W").exists() else []
        )
        return found


@pytest.mark.fault("starts by a program, with kills, crashes and starts typed twice: none lost")
@pytest.mark.parametrize("number", [6, pytest.param(100, marks=pytest.mark.slow)])
def test_no_run_is_lost_or_doubled(
    number: int, tmp_path: Path, warm: Warm, popen: Callable[..., Any]
) -> None:
    client, wanted = Client(tmp_path, warm, popen), dict[str, str]()
    for n in range(number):
        if n % 6 == 1:
            wanted[client.kill(n)] = "interrupted"
        elif n % 6 == 2:
            client(*TRAIN, f"seed={n}", *CRASH, code=1)
            wanted[Path(client("path", "W/latest")).name] = "failed"
        elif n % 6 == 3:  # a name makes a start that is typed twice one run
            wanted[Path(client(*TRAIN, f"seed={n}", f"run=once-{n}")).name] = "done"
            client(*TRAIN, f"seed={n}", f"run=once-{n}", code=2)
        else:
            wanted[Path(client(*TRAIN, f"seed={n}")).name] = "done"
        assert client("show", f"W/{number}", "--json", code=2)["code"] == "run"
    found = {row["run"]: row["status"] for row in client.runs()}
    assert found == wanted and len(found) == number
    assert len({row["uuid"] for row in client.runs()}) == number
    lost = "status in [failed, interrupted]"
    assert {one["run"] for one in client("rm", "W", "--where", lost, "--json")} == {
        name for name, status in wanted.items() if status != "done"
    }
    left = client("ls", "W", "--where", "status == done", "--columns", "seed", "-n", "3", "--json")
    assert len(left) == 3 and len(client.runs()) == sum(s == "done" for s in wanted.values())
    client("restore", "W", "--last", "--json")
    assert {row["run"]: row["status"] for row in client.runs()} == wanted
    assert [verify_run(tmp_path / "W" / name).problems for name in wanted] == [[]] * number
