"""Law 5 with whole trainings: many at once share no run, and none of them is lost."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from stride.runs.layout import RunPaths
from stride.runs.listing.query import list_runs
from stride.runs.verify.run import verify_run
from stride.runs.work_dir import WorkDir
from tests.integration.forkserver import ROOT, Forkserver
from tests.integration.memory_folder import memory_folder
from tests.integration.same_runs import problems_of

TINY = (
    "training_config.max_epochs=1",
    "dataset_kwargs.subsample_rate=0.1",
    "logging_config.terminal_display=off",
    'training_config.callbacks=["tests.integration.everything:Gathered"]',
)


@pytest.fixture
def folder() -> Iterator[Path]:
    with memory_folder() as folder:
        yield folder


@pytest.mark.fault("8 full starts at once: 8 runs")
def test_8_starts_at_once_are_8_runs(server: Forkserver, folder: Path) -> None:
    words = ["-m", "stride", "--config", "work_dir=w"]
    words += [word for override in TINY for word in ("--config", override)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    environment |= {"GATHERED": str(folder / "gathered"), "GATHERED_NUMBER": "8"}
    streams = [[os.devnull, str(folder / f"out{n}"), str(folder / f"err{n}")] for n in range(8)]
    command = ("tests.warm:fork", words, str(folder), environment)
    starts = [server.start(*command, three, log=folder / "log") for three in streams]
    ended = [server.wait(start) for start in starts]
    said = [[Path(path).read_text() for path in three[1:]] for three in streams]
    assert ended == [0] * 8, said
    assert {Path(out.splitlines()[-1]).name for out, _ in said} == {str(n) for n in range(8)}
    rows = list_runs(folder / "w")
    assert [row.state for row in rows] == ["done"] * 8
    assert len({row.uuid for row in rows}) == 8
    assert len({RunPaths(row.path).weights.read_bytes() for row in rows}) == 1
    assert [verify_run(row.path).problems for row in rows] == [[]] * 8


@pytest.mark.slow
def test_of_two_resumes_at_the_same_moment_one_wins(
    server: Forkserver, folder: Path, request: pytest.FixtureRequest
) -> None:
    with Forkserver() as other:
        whole = folder / "whole"
        assert server.call("train", str(whole), log=folder / "log") == 0
        for number in range(10):
            work_dir = folder / str(number)
            killed = {"checkpoint": 3, "call": 1 + 7 * number % 40}
            assert server.call("train_dying", str(work_dir), killed, log=folder / "log") == -9
            ended = resume_both(server, other, work_dir)
            assert sorted(ended) == [0, 2]
            said = (folder / f"log{ended.index(2)}").read_text().splitlines()[-1]
            assert said.startswith("stride: error: ")
            assert "a process is writing this run" in said or "has taken this run just" in said
            assert problems_of(work_dir / "0", whole / "0") == []
            assert WorkDir(work_dir).names() == ["0"]
            assert len(list((work_dir / "0" / "segments").glob("?.json"))) == 2
    words = "10 times two resumes of a run at the same moment: one won, all bit-identical"
    request.node.user_properties.append(("faults", words))


def resume_both(one: Forkserver, other: Forkserver, work_dir: Path) -> list[int]:
    """Resume a run in two processes that wait for each other; return their exit codes."""
    gate = work_dir / "gate"
    children = [
        server.start(
            "resume_together", str(work_dir), str(gate), n, log=work_dir.parent / f"log{n}"
        )
        for n, server in enumerate((one, other))
    ]
    return [server.wait(pid) for server, pid in zip((one, other), children, strict=True)]
