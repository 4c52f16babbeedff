"""Know this process's place among its peers: the only module that asks for the rank."""

import os
from typing import NamedTuple

from stride.distributed.launcher_env import variable


class Shard(NamedTuple):
    """One process's contiguous part of what all of them do together.

    Parts differ by at most one in size, and those of all ranks end to end are the whole.
    """

    rank: int = 0
    world: int = 1

    def bounds(self, start: int, stop: int) -> tuple[int, int]:
        """Return where this process's part of the numbers from start to stop lies."""
        size = stop - start
        return (
            start + size * self.rank // self.world,
            start + size * (self.rank + 1) // self.world,
        )

    def of(self, total: int) -> int:
        """Return the size of this process's part of so many."""
        start, stop = self.bounds(0, total)
        return stop - start


def rank() -> int:
    """Return this process's number among all, 0 without a launcher."""
    return variable("RANK", 0)


def local_rank() -> int:
    """Return this process's number on its host, 0 without a launcher."""
    return variable("LOCAL_RANK", 0)


def world_size() -> int:
    """Return the number of processes that train together, 1 without a launcher."""
    return variable("WORLD_SIZE", 1)


def is_main() -> bool:
    """Tell whether this is the process that writes the run."""
    return rank() == 0


def shard() -> Shard:
    """Return this process's part in what all do together."""
    return Shard(rank(), world_size())


def job_id() -> str:
    """Return the id of the SLURM or torchrun job, "-" without one."""
    names = ("SLURM_JOB_ID", "TORCHELASTIC_RUN_ID")
    return next((os.environ[name] for name in names if os.environ.get(name)), "-")
