"""`stride logs`."""

import os
import sys
import time
from collections.abc import Callable, Iterator
from io import TextIOWrapper
from pathlib import Path
from typing import TextIO

from stride_cli.address import find
from stride_cli.output import print_text, tell
from stride_cli.streams import is_lost
from stride_cli.under_way import goes_on

PIECE = 2**16  # characters printed at once
PAUSE = 0.5  # seconds between two looks at a log that is being followed


def run(text: str, rank: int, *, job: bool, follow: bool) -> None:
    """Print the log of one rank or the output of the job, and what is added until the run ends."""
    from stride.runs.layout import RunPaths

    folder = find(text)
    paths = RunPaths(folder)

    def log() -> Path:
        return _job_output(paths.job_output) if job else paths.log(rank)

    if follow and not os.path.exists(log()) and goes_on(folder):
        tell(f"{text} has no log yet: waiting for it")
    pieces = follow_log(log, lambda: goes_on(folder)) if follow else _whole(log())
    for piece in pieces:
        print_text(piece)
        if is_lost(sys.stdout):
            return
    if follow:
        tell(_ending(folder, text))


def follow_log(log: Callable[[], Path], goes_on: Callable[[], bool]) -> Iterator[str]:
    """Yield a log's text from its beginning and as it grows, until its run has ended.

    Args:
        log: gives the log, which need not be there yet.
        goes_on: tells whether more may come.
    """
    while not os.path.exists(log()) and goes_on():
        time.sleep(PAUSE)
    with open_log(log()) as stream:
        going = True
        while going:
            going = goes_on()  # asked before reading, so that the last words are read too
            yield from iter(lambda: stream.read(PIECE), "")
            if going:
                time.sleep(PAUSE)


def _whole(log: Path) -> Iterator[str]:
    with open_log(log) as stream:
        yield from iter(lambda: stream.read(PIECE), "")


def _job_output(pattern: Path) -> Path:
    """Return the output of the newest job, or how it would be called."""
    found = pattern.parent.glob(pattern.name.replace("%j", "*"))
    return max(found, key=lambda path: path.stat().st_mtime, default=pattern)


def _ending(folder: Path, text: str) -> str:
    """Return how the run that was followed ended, and what to type."""
    from stride.runs.listing.rows.read import read_row
    from stride.runs.status import next_command

    row = read_row(folder)
    told = f"{text}: {row.state}" + (f": {row.reason}" if row.reason else "")
    command = next_command(row.state, text)
    return f"{told}; to go on, type: {command}" if command else told


def open_log(log: Path) -> TextIO:
    """Open a log.

    Raises:
        RunError: there is none, or it cannot be read.
    """
    from stride.errors import RunError
    from stride.runs.files.durable import os_errors_as
    from stride.runs.files.safe_open import reading

    try:
        with os_errors_as("cannot read", log, RunError, passing=FileNotFoundError):
            return TextIOWrapper(reading(log), encoding="utf-8", errors="replace", newline="")
    except FileNotFoundError:
        there = sorted(path.name for path in log.parent.glob("*"))
        hint = f"there are {', '.join(there)}" if there else ""
        raise RunError(f"no log {log.name}", where=str(log.parent), hint=hint) from None
