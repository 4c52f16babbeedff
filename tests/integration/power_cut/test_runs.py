"""Law 2 beyond SIGKILL: what a run has told of is there after a power cut, and it ends alike.

The operations of real trainings on their folder are recorded; the folder is rebuilt as a file
system could leave it that had come to any one of them, read, and gone on with.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.forkserver import Forkserver
from tests.integration.memory_folder import memory_folder
from tests.integration.power_cut.cuts import Cuts
from tests.integration.power_cut.disk import WAYS, read

SHORT: dict[str, Any] = {"training_config": {"max_epochs": 2}}
ROUNDS: dict[str, Any] = {
    "active_config": {"num_rounds": 2},
    "training_config": {"max_epochs": 3, "patience": 2},
}


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with memory_folder() as folder:
        yield folder


@pytest.fixture(scope="module")
def fresh(server: Forkserver, folder: Path) -> Cuts:
    return Cuts(server, folder / "fresh", **SHORT)


def test_no_operation_goes_unseen(fresh: Cuts) -> None:
    rebuilt, real = fresh.tree(fresh.all()[-1], "all", "all"), read(fresh.root)
    assert {*rebuilt} == {*real}
    assert [path for path in real if rebuilt[path] != real[path]] == []


def cut_all(cuts: Cuts, number: int, words: str, request: pytest.FixtureRequest) -> None:
    """Cut the power at about so many of the operations, each time in the next one of the ways."""
    places = cuts.all()
    for turn, at in enumerate(places[:: max(1, len(places) // number)]):
        cuts.cut(at, *WAYS[turn % len(WAYS)])
    request.node.user_properties.append(("faults", f"{words}: {cuts}"))


def test_what_was_told_is_there_after_a_power_cut(
    fresh: Cuts, request: pytest.FixtureRequest
) -> None:
    for at in fresh.told():
        fresh.cut(at, "synced", "synced")
        fresh.cut(at, "all", "synced")
    request.node.user_properties.append(("faults", f"where something was told: {fresh}"))


@pytest.mark.slow
def test_a_power_cut_at_any_operation_changes_no_bit(
    server: Forkserver, folder: Path, request: pytest.FixtureRequest
) -> None:
    cuts = Cuts(server, folder / "any", **SHORT)
    cut_all(cuts, 200, "a run", request)


@pytest.mark.slow
def test_a_power_cut_at_any_operation_of_a_resume_changes_no_bit(
    server: Forkserver, folder: Path, fresh: Cuts, request: pytest.FixtureRequest
) -> None:
    """It goes on from the second checkpoint, after which rows had been written."""
    killed = fresh.told()[3] + 5
    begun, start = fresh.tree(killed, "all", "all"), {"resume": "0"}
    cuts = Cuts(server, folder / "resumed", begun=begun, whole=fresh.whole, start=start, **SHORT)
    cut_all(cuts, 50, "a resume", request)


@pytest.mark.slow
def test_a_power_cut_at_any_operation_of_a_fork_changes_no_bit(
    server: Forkserver, folder: Path, fresh: Cuts, request: pytest.FixtureRequest
) -> None:
    start = {"run": "0", "at": "last", "overrides": {"training_config.max_epochs": 3}}
    cuts = Cuts(server, folder / "fork", begun=read(fresh.root), start=start, name="1", **SHORT)
    cut_all(cuts, 50, "a fork", request)


@pytest.mark.slow
def test_a_power_cut_in_active_learning_changes_no_query_and_no_bit(
    server: Forkserver, folder: Path, request: pytest.FixtureRequest
) -> None:
    cuts = Cuts(server, folder / "active", "active_trainer", **ROUNDS)
    cut_all(cuts, 50, "active learning", request)
