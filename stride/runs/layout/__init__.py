"""Name every file of a run folder and of a work_dir, here and nowhere else."""

from stride.runs.layout.checkpoint import (
    CheckpointPaths,
    checkpoint_name,
    checkpoint_order,
    checkpoint_position,
    is_of_part,
    rank_of_rows,
)
from stride.runs.layout.names import (
    RESERVED_NAMES,
    SELECTORS,
    TEMPORARY_PREFIX,
    artifact_name,
    is_file_name,
    is_number,
)
from stride.runs.layout.overview import OverviewPaths
from stride.runs.layout.run import RunPaths, home_of, segment_number, staging_number
from stride.runs.layout.sweep import SweepPaths
from stride.runs.layout.work_dir import WorkDirPaths, replaced_name, trashed_run
from stride.version import FORMAT_VERSION

__all__ = [
    "FORMAT_VERSION",
    "RESERVED_NAMES",
    "SELECTORS",
    "TEMPORARY_PREFIX",
    "CheckpointPaths",
    "OverviewPaths",
    "RunPaths",
    "SweepPaths",
    "WorkDirPaths",
    "artifact_name",
    "checkpoint_name",
    "checkpoint_order",
    "checkpoint_position",
    "home_of",
    "is_file_name",
    "is_number",
    "is_of_part",
    "rank_of_rows",
    "replaced_name",
    "segment_number",
    "staging_number",
    "trashed_run",
]
