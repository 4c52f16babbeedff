"""Know this process's place among its peers: the only file that asks for the rank.

One process trains here; a launcher that starts several is refused by name, so that two of them
can never train apart from each other unnoticed.
"""

import os

from stride.errors import UserError


def rank() -> int:
    """Return this process's number among all, 0 without a launcher."""
    return int(os.environ.get("RANK", "0"))


def local_rank() -> int:
    """Return this process's number on its host, 0 without a launcher."""
    return int(os.environ.get("LOCAL_RANK", "0"))


def world_size() -> int:
    """Return the number of processes that train together, 1 without a launcher."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def job_id() -> str:
    """Return the id of the SLURM or torchrun job, "-" without one."""
    names = ("SLURM_JOB_ID", "TORCHELASTIC_RUN_ID")
    return next((os.environ[name] for name in names if os.environ.get(name)), "-")


def require_single_process() -> None:
    """Refuse a launcher's second process.

    Raises:
        UserError: WORLD_SIZE is larger than 1.
    """
    if world_size() > 1:
        raise UserError(
            f"this version trains in one process, and {world_size()} were started",
            where="WORLD_SIZE",
            hint="start one process: python -m stride --config work_dir=W",
        )
