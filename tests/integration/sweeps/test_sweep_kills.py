"""A sweep of one worker that is killed at any moment ends as one that never was: law 2."""

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from stride.sweeps.trials.trial import RUNS
from tests.integration.forkserver import Forkserver
from tests.integration.memory_folder import memory_folder
from tests.integration.sweeps.same_sweeps import problems_of, trials_of
from tests.integration.sweeps.sweeping import HERE, KINDS, paths_of


@pytest.fixture
def folder() -> Iterator[Path]:
    with memory_folder() as folder:
        yield folder


class Rounds:
    """Work on sweeps of one kind, kill at random moments and go on, as often as it takes.

    Args:
        server: forks the workers.
        folder: of all work_dirs.
        kind: of the sweeps.
        seed: of the moments.
    """

    def __init__(self, server: Forkserver, folder: Path, kind: str, seed: int) -> None:
        self.server, self.folder, self.kind = server, folder, kind
        self.chance = random.Random(f"{kind} {seed}")
        self.kills = self.sweeps = 0
        self.during: Counter[str] = Counter()
        server.load(HERE)
        begun = time.monotonic()
        assert self._wait(self._start("whole")) == 0, self.log()
        self.seconds = time.monotonic() - begun

    def __str__(self) -> str:
        places = ", ".join(f"{place} {count}" for place, count in sorted(self.during.items()))
        return f"sweep {self.kind}: {self.kills} kills of {self.sweeps} sweeps; during: {places}"

    def log(self) -> str:
        return (self.folder / "log").read_text()

    def one(self, most: int) -> None:
        """Bring one sweep to its end, killed so often at most, and once at least."""
        name = str(self.sweeps)
        self.sweeps += 1
        share = 1.0
        for _ in range(most):
            pid = self._start(name)
            time.sleep(self.chance.uniform(0.0, share) * self.seconds)
            os.kill(pid, signal.SIGKILL)
            if self._wait(pid) == 0:
                break
            self.kills += 1
            self.during[self._place(name)] += 1
            share = self.chance.uniform(0.1, 1.0)
        assert self._wait(self._start(name)) == 0, self.log()
        assert problems_of(self.folder / name, self.folder / "whole") == []

    def _place(self, name: str) -> str:
        if not paths_of(self.folder / name).record.exists():
            return "request"
        trials = trials_of(self.folder / name)
        running = [one for one in trials if one.state.name == "RUNNING"]
        if not running:
            return "between trials" if any(one.state.is_finished() for one in trials) else "start"
        return "training" if running[0].user_attrs.get(RUNS) else "asking"

    def _start(self, name: str) -> int:
        again = self.chance.random() < 0.5
        place = str(self.folder / name)
        return self.server.start(f"{HERE}:go_on", place, self.kind, again, log=self.folder / "log")

    def _wait(self, pid: int) -> int:
        return self.server.wait(pid)


def rounds(server: Forkserver, folder: Path, kind: str, seed: int, kills: int) -> Rounds:
    """Return the rounds after so many kills."""
    done = Rounds(server, folder, kind, seed)
    while done.kills < kills:
        done.one(kills - done.kills)
    return done


@pytest.mark.parametrize(
    ("kind", "kills"), [("grid", 3), ("tpe-median", 4), ("race", 3), ("packed", 3)]
)
def test_a_kill_at_a_random_moment_changes_no_trial(
    server: Forkserver, folder: Path, kind: str, kills: int, request: pytest.FixtureRequest
) -> None:
    done = rounds(server, folder, kind, seed=0, kills=kills)
    request.node.user_properties += [("faults", str(done)), ("kills", done.kills)]


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_100_kills_change_no_trial(
    server: Forkserver, folder: Path, kind: str, request: pytest.FixtureRequest
) -> None:
    done = rounds(server, folder, kind, seed=1, kills=12)
    request.node.user_properties += [("faults", str(done)), ("kills", done.kills)]
