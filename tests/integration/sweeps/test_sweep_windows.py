"""Death at each write of a sweep, in the journal and elsewhere, loses and doubles nothing."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.forkserver import Forkserver
from tests.integration.memory_folder import memory_folder
from tests.integration.sweeps.same_sweeps import problems_of
from tests.integration.sweeps.sweeping import HERE

SHORT: dict[str, dict[str, Any]] = {
    "random": {"trials": 2, "seeds": 1},
    "race": {"trials": 2, "seeds": 2},
    "grid": {"grid": {"optimizer_kwargs.lr": [0.03, 0.003]}},
    "list": {},
    "failing": {},
}
"""Sweeps that are as short as can be and have all windows between them."""


class Windows:
    """Die at a write, go on, and compare.

    Args:
        server: forks the workers.
        folder: of all work_dirs.
        kind: of the sweeps.
    """

    def __init__(self, server: Forkserver, folder: Path, kind: str) -> None:
        self.server, self.folder, self.kind = server, folder, kind
        self.done = 0
        server.load(HERE)

    def call(self, function: str, name: str, *arguments: Any) -> int:
        place, log = str(self.folder / name), self.folder / "log"
        asked = SHORT[self.kind]
        return self.server.call(
            f"{HERE}:{function}", place, self.kind, *arguments, log=log, **asked
        )

    def log(self) -> str:
        return (self.folder / "log").read_text()

    def die(self, function: str, *arguments: Any) -> None:
        """Die there, go on in both ways by turns, and compare."""
        name = str(self.done)
        assert self.call(function, name, *arguments) == -9, self.log()
        self.done += 1
        assert self.call("go_on", name, self.done % 2 == 0) == 0, self.log()
        wrong = problems_of(self.folder / name, self.folder / "whole")
        assert wrong == [], (function, arguments)


@pytest.fixture
def windows(server: Forkserver, request: pytest.FixtureRequest) -> Iterator[Windows]:
    with memory_folder() as folder:
        yield Windows(server, folder, request.param)


def of_each_kind(every: int, quick: int) -> pytest.MarkDecorator:
    """Let a test run with all kinds and every so-many-th death; quickly with one kind."""
    slow = [pytest.param(kind, every, marks=pytest.mark.slow) for kind in SHORT]
    return pytest.mark.parametrize(
        ("windows", "every"), [("random", quick), *slow], indirect=["windows"]
    )


@of_each_kind(every=1, quick=8)
def test_death_in_any_line_of_the_journal_changes_no_trial(
    windows: Windows, every: int, request: pytest.FixtureRequest
) -> None:
    assert windows.call("sweep_torn", "whole", 0, 0.0) == 0, windows.log()
    appends = int((windows.folder / "whole" / "appends").read_text())
    for number in range(1, appends + 1, every):
        for share in (0.0, 0.5, 1.0) if every == 1 else ((0.0, 0.5, 1.0)[number % 3],):
            windows.die("sweep_torn", number, share)
    words = f"{windows.done} deaths in lines of a {windows.kind} sweep's journal"
    request.node.user_properties.append(("faults", words))


@of_each_kind(every=5, quick=100)
def test_death_at_any_system_call_changes_no_trial(
    windows: Windows, every: int, request: pytest.FixtureRequest
) -> None:
    calls = windows.folder / "calls.json"
    where = {"threads": "MainThread"}
    assert windows.call("sweep_dying", "whole", where | {"calls": str(calls)}) == 0, windows.log()
    count = calls.read_text().count("[") - 1
    for number in range(1, count + 1, every):
        windows.die("sweep_dying", where | {"call": number})
    words = f"{windows.done} deaths at system calls of a {windows.kind} sweep"
    request.node.user_properties.append(("faults", words))
