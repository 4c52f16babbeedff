"""Read from a launcher's variables which of how many processes this is, and where they meet.

torchrun sets RANK, LOCAL_RANK, WORLD_SIZE, MASTER_ADDR and MASTER_PORT; what is set counts. The
tasks of `srun` have SLURM's own variables, from which the same is found.
"""

import os
import re
from collections.abc import Mapping

from stride.errors import UserError

_STEPS = 2**32 - 16  # numbers from here on are SLURM's for a batch script, or a person's shell
_PORTS = range(20000, 30000)  # below those that systems give to clients
_OF_PROCESS = {"RANK", "LOCAL_RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT", "SLURM_STEP_ID"}
_UNSET = "let torchrun or srun set it, or type, to train alone: unset RANK WORLD_SIZE"
_FIRST = re.compile(r"(?:[^,\[]|\[[^\]]*\])*")
_RANGE = re.compile(r"\[([^\],-]*)[^\]]*\]")


def place(environment: Mapping[str, str] = os.environ) -> Mapping[str, str]:
    """Return variables as torchrun sets them; without a launcher they say nothing of ranks.

    A script that `sbatch` runs, and a shell of `salloc`, are no tasks of their job.
    """
    if "RANK" in environment or "WORLD_SIZE" in environment:
        return environment
    step = environment.get("SLURM_STEP_ID", "")
    if not step.isdigit() or int(step) >= _STEPS:
        return environment
    return _of_task(environment)


def without_launcher(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables of a process that is none of those which a launcher has started."""
    return {
        name: value
        for name, value in environment.items()
        if name not in _OF_PROCESS and not name.startswith("TORCHELASTIC_")
    }


def variable(name: str, default: int) -> int:
    """Return a number that the launcher of this process says, or the default without one.

    Raises:
        UserError: it is none.
    """
    return _number(name, place().get(name, default))


def _number(name: str, said: str | int) -> int:
    try:
        return int(said)
    except ValueError:
        raise UserError(f"{said!r} is not a number", where=name, hint=_UNSET) from None


def require_place(environment: Mapping[str, str] = os.environ) -> None:
    """Refuse variables that name no place among the processes.

    Raises:
        UserError: one of them is missing, no number, or out of range.
    """
    said = place(environment)
    if "RANK" not in said and said.get("WORLD_SIZE", "1") == "1":
        return
    for name, other in (("RANK", "WORLD_SIZE"), ("WORLD_SIZE", "RANK")):
        if name not in said:
            raise UserError(f"{other} is set, and {name} is not", where=name, hint=_UNSET)
    rank, world = (_number(name, said[name]) for name in ("RANK", "WORLD_SIZE"))
    if not 0 <= rank < world:
        what = f"rank {rank} is none of {world} processes: they count from 0"
        raise UserError(what, where="RANK and WORLD_SIZE", hint=_UNSET)


def _of_task(environment: Mapping[str, str]) -> Mapping[str, str]:
    """Return what `srun` says, in torchrun's words."""
    tasks = environment.get("SLURM_STEP_NUM_TASKS") or environment.get("SLURM_NTASKS", "1")
    return {
        "RANK": environment.get("SLURM_PROCID", "0"),
        "LOCAL_RANK": environment.get("SLURM_LOCALID", "0"),
        "WORLD_SIZE": tasks,
    }


def meeting_point(environment: Mapping[str, str] = os.environ) -> tuple[str, str]:
    """Return address and port of the first process, empty where the launcher gives none.

    Raises:
        UserError: the port is not a number.
    """
    hosts = environment.get("SLURM_STEP_NODELIST") or environment.get("SLURM_JOB_NODELIST", "")
    of_task = place(environment) is not environment
    address = environment.get("MASTER_ADDR") or (first_host(hosts) if of_task else "")
    port = environment.get("MASTER_PORT") or (_port(environment) if of_task else "")
    if port:
        _number("MASTER_PORT", port)
    return address, port


def _port(environment: Mapping[str, str]) -> str:
    """Return the same port in all tasks of a step; other steps most likely have another."""
    job, step = int(environment.get("SLURM_JOB_ID", "0")), int(environment["SLURM_STEP_ID"])
    return str(_PORTS[(job * 31 + step) % len(_PORTS)])


def first_host(hosts: str) -> str:
    """Return the first of SLURM's list of hosts, as `n01` of `n[01-03,7]`, or `a1` of `a1,b2`."""
    first = _FIRST.match(hosts)
    return _RANGE.sub(r"\1", first[0]) if first else ""
