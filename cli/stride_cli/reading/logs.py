"""`stride logs`."""

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from stride_cli.address import find
from stride_cli.streams import is_lost

PAUSE = 0.5  # seconds between two looks at a log that is being followed
ALIVE = frozenset({"queued", "created", "running", "waiting"})


def run(text: str, rank: int, *, follow: bool) -> None:
    """Print the log of one rank, and what is added to it until the run has ended."""
    from stride.runs.layout import RunPaths

    folder = find(text)
    log = RunPaths(folder).log(rank)
    pieces = followed(log, lambda: _alive(folder)) if follow else _whole(log)
    for piece in pieces:
        sys.stdout.write(piece)
        sys.stdout.flush()
        if is_lost(sys.stdout):
            return


def followed(log: Path, alive: Callable[[], bool]) -> Iterator[str]:
    """Yield a log's text as it grows, until its run is no longer alive."""
    while not log.exists() and alive():
        time.sleep(PAUSE)
    _require(log)
    with log.open(encoding="utf-8", errors="replace", newline="") as stream:
        living = True
        while living:
            living = alive()  # asked before reading, so that the last words are read too
            yield stream.read()
            if living:
                time.sleep(PAUSE)


def _whole(log: Path) -> Iterator[str]:
    _require(log)
    yield log.read_text(encoding="utf-8", errors="replace")


def _alive(folder: Path) -> bool:
    from stride.runs.layout import RunPaths
    from stride.runs.status import current_state

    return current_state(RunPaths(folder))[0] in ALIVE


def _require(log: Path) -> None:
    from stride.errors import RunError

    if not log.exists():
        there = sorted(path.stem.removeprefix("rank") for path in log.parent.glob("rank*.log"))
        hint = f"there are logs of ranks: {', '.join(there)}" if there else ""
        raise RunError(f"no log {log.name}", where=str(log.parent), hint=hint)
