"""Several processes work on one sweep: none of its trials is lost, and none is trained twice."""

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from optuna.trial import FrozenTrial

from stride.runs.layout import RunPaths
from stride.runs.status import STALE_AFTER
from stride.sweeps.sweep import open_sweep
from stride.sweeps.trials.trial import ERROR, RUN, RUNS, WORKER, OpenTrial
from tests.integration.forkserver import Forkserver
from tests.integration.memory_folder import memory_folder
from tests.integration.sweeps.same_sweeps import problems_of, strays_of, trials_of
from tests.integration.sweeps.sweeping import HERE, paths_of

LR = "optimizer_kwargs.lr"
GRID = {LR: [0.01, 0.02, 0.03, 0.04, 0.05, 0.06]}


class Workers:
    """Start processes that work on one sweep.

    Args:
        server: forks them.
        folder: of the work_dir.
    """

    def __init__(self, server: Forkserver, folder: Path) -> None:
        self.server, self.folder, self.work_dir = server, folder, folder / "w"
        server.load(HERE)

    def start(self, function: str, *arguments: object, name: str = "w", **named: object) -> int:
        place, log = str(self.folder / name), self.folder / "log"
        return self.server.start(f"{HERE}:{function}", place, *arguments, log=log, **named)

    def wait(self, pid: int, code: int = 0) -> None:
        assert self.server.wait(pid) == code, (self.folder / "log").read_text()

    def kill(self, pid: int) -> None:
        os.kill(pid, signal.SIGKILL)
        self.wait(pid, -9)

    def until(self, so: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 60
        while not so():
            assert time.monotonic() < deadline, (self.folder / "log").read_text()
            time.sleep(0.005)

    def is_training(self) -> bool:
        """Tell whether a worker is in its first run, in which something is to be resumed."""
        return any(self.work_dir.glob("*/checkpoints/index.json"))

    def states(self) -> list[str]:
        return [one.state.name for one in trials_of(self.work_dir)]


@pytest.fixture
def workers(server: Forkserver) -> Iterator[Workers]:
    with memory_folder() as folder:
        yield Workers(server, folder)


def test_of_two_workers_one_is_killed_and_the_other_takes_its_trial(
    workers: Workers, request: pytest.FixtureRequest
) -> None:
    first = workers.start("sweep", "grid", grid=GRID)
    workers.until(workers.is_training)
    second = workers.start("resume")
    workers.until(lambda: len({one.user_attrs[WORKER]["pid"] for one in begun(workers)}) == 2)
    workers.kill(first)
    workers.wait(second)
    assert set(workers.states()) <= {"COMPLETE", "PRUNED"}
    assert list(strays_of(workers.work_dir)) == []
    request.node.user_properties.append(("faults", "1 of 2 workers of a sweep killed, none lost"))


def begun(workers: Workers) -> list[FrozenTrial]:
    return [one for one in trials_of(workers.work_dir) if WORKER in one.user_attrs]


def test_a_trial_of_another_host_is_taken_over_once_its_heartbeats_are_old(
    workers: Workers,
) -> None:
    two = {"grid": {LR: [0.01, 0.02]}, "pruner": "nop"}
    workers.wait(workers.start("sweep", "grid", name="whole", **two))
    pid = workers.start("sweep", "grid", **two)
    workers.until(workers.is_training)
    workers.kill(pid)
    run = of_another_host(workers.work_dir)
    mark = next(paths_of(workers.work_dir).workers.iterdir())
    beat(mark, run.heartbeat(0))
    workers.wait(workers.start("resume"))
    assert workers.states()[0] == "RUNNING" and workers.states()[1] != "WAITING"
    beat(mark, ago=STALE_AFTER + 1)  # the run's own may be younger by as much as one beat
    workers.wait(workers.start("resume"))
    assert workers.states()[0] == "RUNNING"
    beat(mark, run.heartbeat(0), ago=STALE_AFTER + 1)
    workers.wait(workers.start("resume"))
    assert problems_of(workers.work_dir, workers.folder / "whole") == []


def of_another_host(work_dir: Path) -> RunPaths:
    """Write into trial 0 and its run that their process is of another host; return the run."""
    sweep = open_sweep(paths_of(work_dir))
    noted = sweep.study.trials[0].user_attrs
    first = OpenTrial(sweep.study, sweep.storage, 0, {})
    first.note(WORKER, {**noted[WORKER], "host": "far"})
    run = RunPaths(work_dir / noted[RUNS][0][RUN])
    segment = json.loads(run.segment(0).read_text())
    run.segment(0).write_text(json.dumps({**segment, "host": "far"}))
    return run


def beat(*files: Path, ago: float = 0.0) -> None:
    for file in files:
        os.utime(file, (time.time() - ago,) * 2)


@pytest.mark.slow
def test_a_trial_whose_process_is_killed_again_and_again_is_a_failed_one(workers: Workers) -> None:
    grid = {"model_kwargs.model_name": [f"{HERE}:Net", f"{HERE}:Killing"]}
    workers.wait(workers.start("sweep_in_processes", 1, grid=grid))
    assert workers.states() == ["COMPLETE", "FAIL"]
    error = trials_of(workers.work_dir)[1].user_attrs[ERROR]
    assert "SIGKILL 3 times" in error
