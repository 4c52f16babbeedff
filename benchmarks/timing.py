"""Take CPU time: of this process, of others, and of parties that take turns."""

import gc
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

Party = Callable[[], float]

# One thread: the CPU time of several is mostly that of waiting for each other.
ONE_THREAD = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


def take_turns(parties: Mapping[str, Party], repeats: int) -> dict[str, list[float]]:
    """Return the seconds of each party in each turn, after one turn that does not count.

    In every turn another party begins, so that none profits from its place.

    Args:
        parties: each does its work once and returns the CPU seconds that it took.
        repeats: turns that count; if it is one, there is no other.
    """
    names = list(parties)
    seconds: dict[str, list[float]] = {name: [] for name in names}
    for turn in range(-1 if repeats > 1 else 0, repeats):
        shift = turn % len(names)
        for name in names[shift:] + names[:shift]:
            gc.collect()
            taken = parties[name]()
            if turn >= 0:
                seconds[name].append(taken)
    return seconds


def timed(work: Callable[[], None]) -> Party:
    """Return a party that gives the seconds of CPU that some work takes."""

    def party() -> float:
        start = time.process_time()
        work()
        return time.process_time() - start

    return party


def cpu_seconds(
    command: Sequence[str], *, folder: Path, path: Path | None = None
) -> tuple[float, bytes]:
    """Run a command to its end; return its CPU time, with that of its children, and its stdout.

    Args:
        command: a program and its arguments.
        folder: where it runs, with a `cache` in it for the user's cache folder.
        path: where Python looks for modules first.

    Raises:
        RuntimeError: it did not succeed; with what it said.
    """
    environment = {**os.environ, **ONE_THREAD, "XDG_CACHE_HOME": str(folder / "cache")}
    environment |= {} if path is None else {"PYTHONPATH": str(path)}
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=errors
        )
        assert process.stdout is not None
        with process.stdout:
            output = process.stdout.read()
        # wait4 tells the times of this very child; resource.getrusage, of all there ever were.
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            errors.seek(0)
            raise RuntimeError(f"{command} failed: {errors.read().decode(errors='replace')}")
    return usage.ru_utime + usage.ru_stime, output


def tell(text: str) -> None:
    """Say on stderr what is being measured."""
    print(text, file=sys.stderr, flush=True)
