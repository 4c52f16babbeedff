"""Law 2: a run killed at any moment, and resumed, leaves the same bits as one never stopped."""

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from stride.runs.files.jsonl import read_lines
from stride.runs.layout import TEMPORARY_PREFIX, RunPaths
from stride.runs.status import current_state
from tests.integration.forkserver import Forkserver
from tests.integration.memory_folder import memory_folder
from tests.integration.same_runs import problems_of


@pytest.fixture
def folder() -> Iterator[Path]:
    with memory_folder() as folder:
        yield folder


class Rounds:
    """Train, kill at a random moment and resume, as often as it takes.

    Args:
        server: forks the trainings.
        folder: of all work_dirs.
        seed: of the moments.
        function: of `everything`, which trains.
    """

    def __init__(
        self, server: Forkserver, folder: Path, seed: int, function: str = "train"
    ) -> None:
        self.server, self.folder, self.function = server, folder, function
        self.chance = random.Random(seed)
        self.whole = folder / "whole" / "0"
        self.kills = self.runs = self.resumed = self.anew = self.identical = 0
        self.during: Counter[str] = Counter()
        begun = time.monotonic()
        assert self._train("whole") == 0, self.log()
        self.seconds = time.monotonic() - begun

    def __str__(self) -> str:
        places = ", ".join(f"{place} {count}" for place, count in sorted(self.during.items()))
        return (
            f"{self.kills} kills of {self.runs} runs, {self.resumed} resumed, {self.anew} had not "
            f"begun, {self.identical} runs bit-identical; during: {places}"
        )

    def log(self) -> str:
        return (self.folder / "log").read_text()

    def one(self) -> None:
        """Train one run to its end, killed before it once at least."""
        name = str(self.runs)
        self.runs += 1
        before, resume, is_over = self.kills, None, False
        while self.kills == before or self.chance.random() < 0.3:
            if self._killed(name, resume):
                run = RunPaths(self.folder / name / "0")
                is_over = run.results.exists() and current_state(run)[0] == "done"
                if is_over:
                    break  # killed between its last word and the process's end
                resume = self._resumable(name)
            elif resume is not None:
                break  # it came to its end
            else:
                name += "x"
        else:
            assert self._train(name, resume) == 0, self.log()
        run = max((self.folder / name).iterdir())  # a new one where the first had not begun
        wrong = problems_of(run, self.whole)
        if is_over:  # the folder through which it wrote its last word is still there
            wrong = [one for one in wrong if not one.endswith("is left behind")]
        assert wrong == []
        self.identical += 1

    def _killed(self, name: str, resume: str | None) -> bool:
        """Train and kill; return False where the training had ended before."""
        pid = self._start(name, resume)
        time.sleep(self.chance.uniform(0.0, 1.0) * self.seconds)
        os.kill(pid, signal.SIGKILL)
        code = self.server.wait(pid)
        if code == -signal.SIGKILL:
            self.kills += 1
            self.during[self._place(name)] += 1
        else:
            assert code == 0, self.log()
        return code != 0

    def _resumable(self, name: str) -> str | None:
        """Return the run's name when it had begun, after a look at what the kill left."""
        run = RunPaths(self.folder / name / "0")
        if not (run.config.exists() and run.provenance.exists()):
            self.anew += 1
            return None
        assert current_state(run)[0] == "interrupted" or self.server.where() == "end"
        self.resumed += 1
        return "0"

    def _place(self, name: str) -> str:
        checkpoints = RunPaths(self.folder / name / "0").checkpoints
        if self.function == "train_active":
            return f"round {len(read_lines(RunPaths(checkpoints.parent).rounds))}"
        inside = any(checkpoints.glob(f"{TEMPORARY_PREFIX}*"))
        return "checkpoint" if inside else self.server.where()

    def _start(self, name: str, resume: str | None) -> int:
        log = self.folder / "log"
        return self.server.start(self.function, str(self.folder / name), resume, log=log)

    def _train(self, name: str, resume: str | None = None) -> int:
        return self.server.wait(self._start(name, resume))


def rounds(
    server: Forkserver, folder: Path, seed: int, kills: int, function: str = "train"
) -> Rounds:
    """Return the rounds after at least so many kills; more where by chance all hit one place."""
    done = Rounds(server, folder, seed, function)
    while done.kills < kills or (len(done.during) < 2 and done.kills < 5 * kills):
        done.one()
    return done


def test_a_kill_at_a_random_moment_changes_no_bit(
    server: Forkserver, folder: Path, request: pytest.FixtureRequest
) -> None:
    done = rounds(server, folder, seed=0, kills=8)
    request.node.user_properties += [("faults", str(done)), ("kills", done.kills)]
    assert len(done.during) >= 2


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1, 11))
def test_200_kills_change_no_bit(
    server: Forkserver, folder: Path, seed: int, request: pytest.FixtureRequest
) -> None:
    done = rounds(server, folder, seed, kills=20)
    request.node.user_properties += [("faults", str(done)), ("kills", done.kills)]


@pytest.mark.parametrize(
    ("seed", "kills"), [(0, 4), *(pytest.param(n, 20, marks=pytest.mark.slow) for n in range(1, 4))]
)
def test_a_kill_in_any_round_of_active_learning_changes_no_query_and_no_bit(
    server: Forkserver, folder: Path, seed: int, kills: int, request: pytest.FixtureRequest
) -> None:
    done = rounds(server, folder, seed, kills, function="train_active")
    words = f"active learning: {done}"
    request.node.user_properties += [("faults", words), ("kills", done.kills)]
    assert len(read_lines(RunPaths(done.whole).rounds)) == 4 and len(done.during) >= 2
