"""Collect where a run comes from: command, values, versions, machine, code."""

import os
import platform
import re
import sys
import threading
from collections.abc import Mapping, Sequence
from fnmatch import translate
from typing import Any, NamedTuple, Self

from stride.config.secrets import MASK, is_secret, mask, mask_command
from stride.runs.provenance.git import git_state
from stride.runs.provenance.versions import installed_versions
from stride.version import FORMAT_VERSION, __version__

# What changes results or says where a job ran; never all of it, for it holds secrets.
_ENVIRONMENT = (
    "CUDA_VISIBLE_DEVICES",
    "CUDA_DEVICE_ORDER",
    "CUDA_LAUNCH_BLOCKING",
    "HIP_VISIBLE_DEVICES",
    "CUBLAS_WORKSPACE_CONFIG",
    "NVIDIA_TF32_OVERRIDE",
    "PYTORCH_*ALLOC_CONF",
    "*_NUM_THREADS",
    "OMP_*",
    "MKL_*",
    "KMP_*",
    "ATEN_CPU_CAPABILITY",
    "ONEDNN_*",
    "PYTHONHASHSEED",
    "NCCL_*",
    "GLOO_*",
    "RANK",
    "*_RANK",
    "*WORLD_SIZE",
    "MASTER_ADDR",
    "MASTER_PORT",
    "TORCHELASTIC_R*",
    "SLURM_JOB_*",
    "SLURM_ARRAY_*_ID",
    "SLURM_RESTART_COUNT",
    "SLURM_N*",
    "SLURM_PROCID",
    "SLURM_LOCALID",
    "SLURM_*_PER_TASK",
    "SLURM_GPUS*",
)
_IS_RECORDED = re.compile("|".join(map(translate, _ENVIRONMENT))).match


class Surroundings(NamedTuple):
    """Hold what is slow to find out: the installed versions, the git state and its patch."""

    versions: dict[str, str]
    git: dict[str, Any]
    patch: bytes


class Survey:
    """Find out the surroundings in a thread, while the run is being built.

    As a context it waits for the thread at its end, so that none of its files is left behind.
    """

    def __init__(
        self, folder: str = ".", *, exclude: Sequence[str] = (), timeout: float = 5.0
    ) -> None:
        self._found: Surroundings | None = None
        self._thread = threading.Thread(
            target=self._look, args=(os.path.abspath(folder), exclude, timeout), daemon=True
        )
        self._thread.start()

    def _look(self, folder: str, exclude: Sequence[str], timeout: float) -> None:
        try:
            git, patch = git_state(folder, timeout=timeout, exclude=exclude)
        except Exception as error:  # files that come and go meanwhile: no reason not to train
            git, patch = {"reason": f"{type(error).__name__}: {error}"}, b""
        self._found = Surroundings(installed_versions(), git, patch)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.join()

    def result(self) -> Surroundings:
        """Wait for the surroundings and return them."""
        self._thread.join()
        if self._found is None:
            raise RuntimeError("the survey of versions and git ended by an exception")
        return self._found


def collect(
    surroundings: Surroundings,
    *,
    overrides: Sequence[str] = (),
    origins: Mapping[str, str],
    seeds: Mapping[str, int],
    devices: Sequence[str],
    threads: Mapping[str, int] | None = None,
    data_fingerprint: str = "",
    samples: Mapping[str, int] | None = None,
    permutation: str = "",
    evaluation_draws: str = "",
    command: Sequence[str] | None = None,
    parent: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the content of provenance.json as plain JSON values, those of secret keys masked.

    Args:
        surroundings: what a `Survey` found.
        overrides: `key=value` texts as they were typed.
        origins: dotted key -> where its value came from.
        seeds: name -> seed, for each generator that has one.
        devices: names of the devices, as "NVIDIA H200" or "cpu".
        threads: name -> number, as torch was told (they change the bits of a sum on the CPU).
        data_fingerprint: digest of the data.
        samples: split -> how many it has, as far as it is known.
        permutation: the method by which its samples are divided and ordered; empty: the user's own.
        evaluation_draws: from what evaluations draw: `own` streams, or empty.
        command: argument list that started the process (that of this process when not given).
        parent: the run that this one comes from, as in `records.Parent`.
    """
    return {
        "format_version": FORMAT_VERSION,
        "command": mask_command(sys.orig_argv if command is None else command),
        "folder": os.getcwd(),
        "overrides": [mask(text) for text in overrides],
        "origins": dict(origins),
        "seeds": dict(seeds),
        "devices": list(devices),
        "threads": dict(threads or {}),
        "data_fingerprint": data_fingerprint,
        "samples": dict(samples or {}),
        "permutation": permutation,
        "evaluation_draws": evaluation_draws,
        **machine(),
        "environment": environment(),
        "stride": __version__,
        "versions": dict(surroundings.versions),
        "git": dict(surroundings.git),
        **({} if parent is None else {"parent": dict(parent)}),
    }


def machine() -> dict[str, Any]:
    """Return Python, platform, host name and number of CPUs."""
    return {
        "python": platform.python_version(),
        "python_build": sys.version,
        "executable": sys.executable,
        "platform": platform.platform(),
        "hostname": platform.node(),
        "cpu_count": os.cpu_count(),
        "cpus_allowed": _cpus_allowed(),
    }


def _cpus_allowed() -> int | None:
    # Not every system can tell; a SLURM job is often allowed fewer than the machine has.
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


def environment() -> dict[str, str]:
    """Return the environment variables that change results or say where a job runs."""
    return {
        name: MASK if is_secret(name, value) else value
        for name, value in sorted(os.environ.items())
        if _IS_RECORDED(name)
    }
