"""Law 5: a process that lost its run changes nothing, at whatever moment it was held up.

It is stopped at a system call by which a checkpoint or a report is written, as between a check and
the act that follows. A successor takes the run over and trains on; the old process wakes while it
does, or when it is done.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from stride.runs.status import current_state
from tests.integration.deaths import Deaths
from tests.integration.forkserver import Forkserver
from tests.integration.memory_folder import memory_folder

SECTIONS: dict[str, Any] = {
    "training_config": {"max_epochs": 3},
    "checkpoint_config": {"every_steps": 3, "keep_last": 1, "keep_best": 1},
}
REPORTING = "MainThread|stride-periodic"
WAKING = (9, 0)
"""At which step of the successor the old process wakes: after two more checkpoints, or never."""


@pytest.fixture(scope="module")
def checkpoints(server: Forkserver) -> Iterator[Deaths]:
    with memory_folder() as folder:
        yield Deaths(server, folder, SECTIONS, checkpoint=2)


@pytest.fixture(scope="module")
def reports(server: Forkserver) -> Iterator[Deaths]:
    with memory_folder() as folder:
        yield Deaths(server, folder, SECTIONS, threads=REPORTING)


def freeze_at(deaths: Deaths, numbers: list[int]) -> None:
    for number in numbers:
        run, pid = deaths.freeze(f"call {number}", call=number)
        if pid is None:
            # Two threads write: how many rows one call takes is a matter of their timing.
            assert number > 0.9 * len(deaths.calls), f"call {number} was not reached"
            deaths.compare(run)
        elif current_state(run)[0] == "done":  # only the folder was not synced yet
            deaths.wake(pid)
            deaths.compare(run)
        else:
            deaths.succeed(run, pid, step=WAKING[number % len(WAKING)])


def of_training(calls: list[list[str]]) -> list[int]:
    """Return the calls from the first report on."""
    names = [path.rpartition("/")[2] for _, path in calls]
    return list(range(names.index("metrics.jsonl") + 1, len(calls) + 1))


def test_frozen_between_the_index_and_the_deletion_of_what_it_does_not_name(
    checkpoints: Deaths,
) -> None:
    """Where the new checkpoint takes its place, and where the folder is read that is tidied."""
    names = [name for name, _ in checkpoints.calls]
    indexed = len(names) - names[::-1].index("replace")
    freeze_at(checkpoints, [names.index("rename") + 1, indexed + 1])


def test_frozen_where_a_row_is_written(reports: Deaths) -> None:
    rows = [n for n in of_training(reports.calls) if reports.calls[n - 1][0] == "write"]
    freeze_at(reports, [rows[len(rows) // 2]])


@pytest.mark.slow
def test_frozen_at_any_call_of_a_checkpoint(checkpoints: Deaths) -> None:
    freeze_at(checkpoints, list(range(1, len(checkpoints.calls) + 1)))


@pytest.mark.slow
def test_frozen_at_any_call_of_a_report(reports: Deaths) -> None:
    freeze_at(reports, of_training(reports.calls))
