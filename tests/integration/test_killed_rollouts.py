"""Killed in rollouts and between updates, a training in environments ends with the same bits."""

from pathlib import Path

import pytest

from tests.integration.forkserver import Forkserver
from tests.integration.test_kills import folder, rounds

TRAININGS = "tests.trainers.rl.trainings"

__all__ = ["folder"]


@pytest.mark.slow
@pytest.mark.parametrize("function", ["train_ppo", "train_dqn", "train_sac", "train_dqn_in_files"])
def test_20_kills_change_no_bit_of_weights_buffer_environments_and_rows(
    server: Forkserver, folder: Path, function: str, request: pytest.FixtureRequest
) -> None:
    server.load(TRAININGS)
    done = rounds(server, folder, seed=1, kills=20, function=f"{TRAININGS}:{function}")
    request.node.user_properties += [("faults", f"{function}: {done}"), ("kills", done.kills)]
