"""Law 5: a process that lost its run changes nothing, at whatever moment it was held up.

It is stopped at a system call by which a checkpoint or a report is written, as between a check and
the act that follows. A successor takes the run over and trains on; the old process wakes while it
does, or when it is done.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.deaths import Deaths
from tests.integration.forkserver import Forkserver
from tests.integration.memory_folder import memory_folder

SECTIONS: dict[str, Any] = {
    "training_config": {"max_epochs": 3, "callbacks": []},
    "checkpoint_config": {"every_steps": 3, "keep_last": 1, "keep_best": 1},
}
REPORTING = "MainThread|stride-metrics"
WAKING = (9, 0)
"""At which step of the successor the old process wakes: after two more checkpoints, or never."""


@pytest.fixture(scope="module")
def checkpoints() -> Iterator[Deaths]:
    with memory_folder() as folder, Forkserver() as server:
        yield Deaths(server, folder, SECTIONS, checkpoint=2)


@pytest.fixture(scope="module")
def reports() -> Iterator[Deaths]:
    with memory_folder() as folder, Forkserver() as server:
        yield Deaths(server, folder, SECTIONS, threads=REPORTING)


def freeze_at(deaths: Deaths, numbers: list[int]) -> None:
    for number in numbers:
        run, pid = deaths.freeze(f"call {number}", call=number)
        deaths.succeed(run, pid, step=WAKING[number % len(WAKING)])


def kinds(calls: list[list[str]]) -> list[int]:
    """Return the last call of each kind."""
    return sorted({name: number for number, (name, _) in enumerate(calls, 1)}.values())


def of_training(calls: list[list[str]]) -> list[int]:
    """Return the calls from the first report on."""
    names = [path.rpartition("/")[2] for _, path in calls]
    return list(range(names.index("metrics.jsonl") + 1, len(calls) + 1))


def test_frozen_in_a_checkpoint(checkpoints: Deaths) -> None:
    renames = [n for n, (name, _) in enumerate(checkpoints.calls, 1) if name == "rename"]
    freeze_at(checkpoints, [*renames, len(checkpoints.calls)])


@pytest.mark.slow
def test_frozen_at_any_call_of_a_checkpoint(checkpoints: Deaths) -> None:
    freeze_at(checkpoints, list(range(1, len(checkpoints.calls) + 1)))


@pytest.mark.slow
def test_frozen_at_any_call_of_a_report(reports: Deaths) -> None:
    freeze_at(reports, of_training(reports.calls))
