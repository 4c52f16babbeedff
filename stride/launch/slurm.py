"""Call SLURM's own commands."""

import re
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from stride.errors import UserError
from stride.runs.records.job import SLURM_ID

_SECONDS = 120.0  # for one command: a controller that does not answer is asked again and again
_UNKNOWN = "Invalid job id"


class Submitted(NamedTuple):
    """A job that SLURM has accepted.

    Attributes:
        id: its number.
        cluster: where the site has several.
    """

    id: str
    cluster: str | None = None


class SlurmError(UserError):
    """Report in SLURM's own words why a command failed."""

    code = "slurm"


def require_sbatch() -> None:
    """Refuse a machine that cannot submit.

    Raises:
        Refused: sbatch is missing.
    """
    if shutil.which("sbatch") is None:
        raise _missing("sbatch")


def submit(script: Path) -> Submitted:
    """Submit a script with sbatch.

    Raises:
        Refused: sbatch is missing, gives no answer or none that is a job, or refuses.
    """
    answer = _call("sbatch", "--parsable", str(script)).strip()
    number, _, cluster = answer.partition(";")
    if not re.fullmatch(SLURM_ID, number):
        raise SlurmError(f"sbatch answered {answer!r}, which is not a job", where="SLURM")
    return Submitted(number, cluster or None)


def states(ids: Iterable[str]) -> dict[str, str]:
    """Return the state of each job that SLURM knows of, with its reason where it waits.

    Raises:
        Refused: squeue is missing or gives no answer.
    """
    found: dict[str, str] = {}
    for job in _listed(ids):
        words = f"{job.state} ({job.reason})" if job.state == "PENDING" else job.state
        found |= {job.number: words, job.name: words}
    return found


def cancel(job: str) -> None:
    """Ask SLURM to end a job; one that has ended is left alone.

    Raises:
        Refused: scancel is missing or refuses.
    """
    # The number of one element is that of the whole array, and would end all of it.
    names = {one.number: one.name for one in _listed([job]) if job == one.number}
    try:
        _call("scancel", "--", names.get(job, job))
    except SlurmError as error:
        if _UNKNOWN not in error.what:
            raise


class _Job(NamedTuple):
    """A line of squeue; an array element has a number, and a name such as 12_3."""

    number: str
    name: str
    state: str
    reason: str


def _listed(ids: Iterable[str]) -> list[_Job]:
    """Return what squeue says of jobs, and of the rest of their arrays."""
    wanted = sorted({*ids})
    if not wanted:
        return []
    try:
        lines = _call("squeue", "-h", "--array", f"--jobs={','.join(wanted)}", "-o", "%A|%i|%T|%r")
    except SlurmError as error:
        if _UNKNOWN in error.what:  # of a job that ended long ago
            return []
        raise
    return [_Job(*line.split("|", 3)) for line in lines.splitlines()]


def _call(command: str, *words: str) -> str:
    """Return what a command prints."""
    try:
        done = subprocess.run(
            [command, *words],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=_SECONDS,
        )
    except FileNotFoundError:
        raise _missing(command) from None
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SlurmError(f"{command} gives no answer: {error}", where="SLURM") from None
    if done.returncode:
        raise SlurmError(f"{command} refused: {_own_words(command, done.stderr)}", where="SLURM")
    return done.stdout


def _missing(command: str) -> SlurmError:
    hint = "type this on a machine that submits to SLURM"
    return SlurmError(f"{command} is not on the PATH", where="SLURM", hint=hint)


def _own_words(command: str, errors: str) -> str:
    lines = [
        line.removeprefix(f"{command}: ").removeprefix("error: ") for line in errors.splitlines()
    ]
    return "; ".join(line.strip() for line in lines if line.strip()) or "it gave no reason"
