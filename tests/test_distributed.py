"""Rank and world of a launcher; several processes are refused until they can train together."""

import pytest

from stride.distributed import job_id, local_rank, rank, require_single_process, world_size
from stride.errors import UserError


def test_without_a_launcher_there_is_one_process(monkeypatch):
    for name in ("RANK", "LOCAL_RANK", "WORLD_SIZE", "SLURM_JOB_ID", "TORCHELASTIC_RUN_ID"):
        monkeypatch.delenv(name, raising=False)
    assert (rank(), local_rank(), world_size(), job_id()) == (0, 0, 1, "-")
    require_single_process()


def test_a_launchers_variables_are_read_and_several_processes_refused(monkeypatch):
    for name, value in {"RANK": "3", "LOCAL_RANK": "1", "WORLD_SIZE": "4"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("SLURM_JOB_ID", "77")
    assert (rank(), local_rank(), world_size(), job_id()) == (3, 1, 4, "77")
    with pytest.raises(UserError, match="4 were started"):
        require_single_process()
