"""`stride logs`."""

import os
import sys
import time
from collections.abc import Callable, Iterator
from io import TextIOWrapper
from pathlib import Path
from typing import TextIO

from stride_cli.address import find
from stride_cli.output import print_text
from stride_cli.streams import is_lost

PIECE = 2**16  # characters printed at once
PAUSE = 0.5  # seconds between two looks at a log that is being followed


def run(text: str, rank: int, *, follow: bool) -> None:
    """Print the log of one rank, and what is added to it until the run has ended."""
    from stride.runs.layout import RunPaths

    folder = find(text)
    log = RunPaths(folder).log(rank)
    pieces = follow_log(log, lambda: _alive(folder)) if follow else _whole(log)
    for piece in pieces:
        print_text(piece)
        if is_lost(sys.stdout):
            return


def follow_log(log: Path, alive: Callable[[], bool]) -> Iterator[str]:
    """Yield a log's text as it grows, until its run has ended."""
    while not os.path.exists(log) and alive():
        time.sleep(PAUSE)
    with open_log(log) as stream:
        living = True
        while living:
            living = alive()  # asked before reading, so that the last words are read too
            yield from iter(lambda: stream.read(PIECE), "")
            if living:
                time.sleep(PAUSE)


def _whole(log: Path) -> Iterator[str]:
    with open_log(log) as stream:
        yield from iter(lambda: stream.read(PIECE), "")


def _alive(folder: Path) -> bool:
    from stride.runs.layout import RunPaths
    from stride.runs.status import FINAL, current_state

    return current_state(RunPaths(folder))[0] not in FINAL


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
        there = sorted(path.stem.removeprefix("rank") for path in log.parent.glob("rank*.log"))
        hint = f"there are logs of ranks: {', '.join(there)}" if there else ""
        raise RunError(f"no log {log.name}", where=str(log.parent), hint=hint) from None
