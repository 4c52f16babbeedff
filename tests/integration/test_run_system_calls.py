"""Law 2 around a training: SIGKILL at each system call of a claim, a resume and an end.

The run begins with weights of another one, which its config alone cannot give back.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from stride.runs.layout import TEMPORARY_PREFIX, RunPaths
from stride.runs.listing.query import list_runs
from stride.runs.status import current_state
from stride.runs.verify.run import verify_run
from tests.integration.deaths import Deaths
from tests.integration.forkserver import Forkserver
from tests.integration.memory_folder import memory_folder


@pytest.fixture(scope="module")
def deaths(server: Forkserver) -> Iterator[Deaths]:
    with memory_folder() as folder:
        log = folder / "log"
        assert server.call("train", str(folder / "first"), log=log) == 0, log.read_text()
        weights = RunPaths(folder / "first" / "0").weights
        sections = {
            "training_config": {"max_epochs": 2},
            "model_kwargs": {"init_from": str(weights)},
        }
        yield Deaths(server, folder, sections, threads="MainThread")


every = pytest.mark.parametrize("every", [3, pytest.param(1, marks=pytest.mark.slow)])


def calls_before_training(calls: list[list[str]]) -> int:
    """Count the calls up to the first that writes of steps; rows may be another thread's."""
    writes = (n for n, (_, path) in enumerate(calls) if "checkpoints" in path or _is_stream(path))
    return next(writes)


def _is_stream(path: str) -> bool:
    return Path(path).name in ("metrics.jsonl", "fingerprints.jsonl")


@every
def test_death_at_any_call_of_a_start_hides_no_run_and_changes_no_bit(
    deaths: Deaths, every: int, request: pytest.FixtureRequest
) -> None:
    refused = 0
    last = calls_before_training(deaths.calls)
    for number in range(1, last + 1, every):
        run = deaths.die(f"start {every} {number}", call=number)
        if run.segments.exists():
            assert verify_run(run.path).ok
        if run.status.exists():
            (row,) = list_runs(run.path.parent)
            assert row.state == "interrupted"
        refused += not resumed_or_refused(deaths, run)
    words = (
        f"{-(-last // every)} deaths at system calls of a start, {refused} had nothing to resume"
    )
    request.node.user_properties.append(("faults", words))


def resumed_or_refused(deaths: Deaths, run: RunPaths) -> bool:
    """Resume the run; where it is refused, train anew beside it. Compare either with the whole."""
    code = deaths.train(run.path.parent.name, "0")
    if code == 0:
        deaths.compare(run)
        return True
    assert code == 2, deaths.log()
    assert not run.initial_weights.exists()
    assert deaths.train(run.path.parent.name) == 0, deaths.log()
    newest = max(p for p in run.path.parent.iterdir() if p.name.isdigit())
    deaths.compare(RunPaths(newest))
    return False


@every
def test_death_at_any_call_of_a_resume_changes_no_bit(
    deaths: Deaths, every: int, request: pytest.FixtureRequest
) -> None:
    killed = len(deaths.calls) // 2
    deaths.die(f"resumed {every}", call=killed)
    last = calls_before_training(deaths.calls_of(f"resumed {every}", "0"))
    for number in range(1, last + 1, every):
        deaths.die(f"resume {every} {number}", call=killed)
        deaths.resume(deaths.die(f"resume {every} {number}", "0", call=number))
    words = f"{-(-last // every)} deaths at system calls of a resume, all bit-identical"
    request.node.user_properties.append(("faults", words))


@every
def test_death_at_any_call_of_an_end_changes_no_bit(
    deaths: Deaths, every: int, request: pytest.FixtureRequest
) -> None:
    number_of_calls = len(deaths.calls_of(f"ended {every}", place="end"))
    assert number_of_calls
    for number in range(1, number_of_calls + 1, every):
        run = deaths.die(f"end {every} {number}", call=number, place="end")
        if current_state(run)[0] == "done":  # only the folder was not synced yet
            for staging in run.path.glob(f"{TEMPORARY_PREFIX}*"):
                staging.rmdir()  # nothing is in it
            deaths.compare(run)
        else:
            deaths.resume(run)
    words = f"{-(-number_of_calls // every)} deaths at system calls of an end, all bit-identical"
    request.node.user_properties.append(("faults", words))
