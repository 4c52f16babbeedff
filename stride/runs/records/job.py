"""The job that was submitted for a run."""

from typing import Annotated, ClassVar

from pydantic import Field

from stride.runs.records.record import Seconds, Versioned

SLURM_ID = "^[0-9]+([_+][0-9]+)?$"  # anything else could be an option of SLURM's commands


class JobRecord(Versioned):
    """Hold the job that was submitted for a run (job.json)."""

    schema_name: ClassVar[str] = "job"

    id: Annotated[
        str, Field(pattern=SLURM_ID, description="As SLURM calls it: 12, or 12_3 in an array")
    ]
    cluster: str | None = Field(None, description="Where sbatch named one")
    submitted: Seconds
