"""Know which of how many processes this is, meet the others and speak with them.

torchrun and SLURM say by environment variables how many processes train together. Without one
there is one: then every function here gives back what it was given, and nothing of
torch.distributed is imported.
"""

from stride.distributed.collectives import (
    all_sum,
    any_rank,
    barrier,
    broadcast,
    copy_from_main,
    gather,
    gather_numbers,
    on_main,
    sum_tensor,
)
from stride.distributed.failure_report import propagate_failures
from stride.distributed.group import process_group, require_alike
from stride.distributed.ranks import Shard, is_main, job_id, local_rank, rank, shard, world_size

__all__ = [
    "Shard",
    "all_sum",
    "any_rank",
    "barrier",
    "broadcast",
    "copy_from_main",
    "gather",
    "gather_numbers",
    "is_main",
    "job_id",
    "local_rank",
    "on_main",
    "process_group",
    "propagate_failures",
    "rank",
    "require_alike",
    "shard",
    "sum_tensor",
    "world_size",
]
