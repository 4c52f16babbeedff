"""A pack that is killed at any moment is so many interrupted runs, and no bit of any is lost."""

import os
import random
import signal
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.integration.forkserver import Forkserver
from tests.integration.memory_folder import memory_folder
from tests.integration.packs import MEMBERS, state_of
from tests.trainer.packs.trainings import Fleet, write_data

TRAIN = "tests.integration.packs:train"
PLACES = range(len(MEMBERS))


class Kills:
    """Kill packs at random moments, and go on with their runs, alone and together in turn."""

    def __init__(self, server: Forkserver, folder: Path, seed: int) -> None:
        self.server, self.folder, self.chance = server, folder, random.Random(seed)
        self.fleet = Fleet(folder, folder)
        self.states: Counter[str] = Counter()
        self.kills = 0
        write_data(folder)
        server.load("tests.integration.packs")
        begun = time.monotonic()
        self._finish("whole", together=False)
        self.seconds = time.monotonic() - begun

    def __str__(self) -> str:
        states = ", ".join(f"{count} {state or 'new'}" for state, count in self.states.items())
        return f"{self.kills} kills of packs, whose runs were then: {states}"

    def one(self) -> None:
        """Kill one pack at least, and bring its runs to their ends."""
        name = f"killed-{self.kills}"
        self.over: set[int] = set()
        while self._killed(name):
            if self.chance.random() < 0.6:
                break
        self._finish(name, together=self.kills % 2 == 0)
        problems = self.fleet.problems([*{*PLACES} - self.over], name, "whole")
        assert problems == {}
        # Of a run that was over, the folder through which it wrote its last word may be there.
        problems = self.fleet.problems(self.over, name, "whole")
        assert [one for wrong in problems.values() for one in wrong if not _is_folder(one)] == []

    def _killed(self, name: str) -> bool:
        """Train and kill; return False where the training had ended before."""
        pid = self._start(name, True)
        time.sleep(self.chance.uniform(0.4, 1.2) * self.seconds)
        os.kill(pid, signal.SIGKILL)
        code = self.server.wait(pid)
        if code == 0:
            return False
        assert code == -signal.SIGKILL, self.log()
        states = [state_of(self.fleet, place, name) for place in PLACES]
        assert {*states} <= {"interrupted", "done", ""}
        self.states.update(states)
        self.over = {place for place in PLACES if states[place] == "done"}
        self.kills += 1
        return True

    def _finish(self, name: str, *, together: bool) -> None:
        assert self.server.wait(self._start(name, together)) == 0, self.log()

    def _start(self, name: str, together: bool) -> int:
        return self.server.start(TRAIN, str(self.folder), name, together, log=self.folder / "log")

    def log(self) -> str:
        return (self.folder / "log").read_text()


def _is_folder(problem: str) -> bool:
    return problem.endswith("is left behind")


@pytest.mark.parametrize(
    ("seed", "kills"), [(0, 2), *(pytest.param(n, 25, marks=pytest.mark.slow) for n in (1, 2))]
)
def test_a_pack_that_is_killed_loses_no_bit(
    server: Forkserver, seed: int, kills: int, request: pytest.FixtureRequest
) -> None:
    with memory_folder() as folder:
        done = Kills(server, folder, seed)
        while done.kills < kills:
            done.one()
    request.node.user_properties += [("faults", str(done)), ("kills", done.kills)]
    assert done.states["interrupted"] > 0
