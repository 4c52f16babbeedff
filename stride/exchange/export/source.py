"""What is exported of a run, read line by line."""

import os
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from stride.config.metrics import RESERVED
from stride.config.secrets import mask_values
from stride.errors import BrokenRecord, RunError
from stride.exchange.export.artifacts import checked_artifacts
from stride.exchange.export.numbers import fault
from stride.runs.files.jsonl import scan
from stride.runs.layout import RunPaths
from stride.runs.listing.facts import with_all_metrics
from stride.runs.listing.rows.row import RunRow
from stride.runs.run import Run
from stride.runs.status import FINAL


class LeftOut(NamedTuple):
    """Name a run that is not exported, and say why."""

    path: Path
    reason: str


class Source:
    """Give what is exported of a run; its folder is only read.

    Its stream of metrics is read once to know its names and that each row can be exported. Later
    reads end where that one did, however far the run has gone on meanwhile.

    Args:
        row: of the run.
        label: what it is called among all that are exported: a path, with / between its parts.
        artifacts: whether they are exported, too.

    Attributes:
        row: with all of its metrics.
        names: of the metrics, in the order in which they appeared.
        count: of the rows of metrics.
        artifacts: the rows of those that are exported, each with the `path` of its file.

    Raises:
        RunError: a record is missing, broken, or holds a number that is not one of 64 bits.
    """

    def __init__(self, row: RunRow, label: str, *, artifacts: bool) -> None:
        self.row, self.label = with_all_metrics(row), label
        self.paths = RunPaths(row.path.absolute())
        self.config = mask_values(Run(row.path).raw_config)
        self.artifacts = checked_artifacts(self.paths) if artifacts else []
        names: dict[str, None] = {}
        number = 0
        for number, values in scan(self.paths.metrics):
            if what := fault(values):
                raise BrokenRecord(f"line {number}: {what}", where=str(self.paths.metrics))
            names |= dict.fromkeys(values)
        self.count, self.names = number, tuple(name for name in names if name not in RESERVED)

    def rows(self) -> Iterator[dict[str, Any]]:
        """Yield the rows of metrics as metrics.jsonl has them: step, epoch, time, and numbers."""
        return (row for _, row in islice(scan(self.paths.metrics), self.count))


def read_sources(
    rows: Iterable[RunRow], *, unfinished: bool, artifacts: bool
) -> tuple[list[Source], list[LeftOut]]:
    """Return what is exported of runs, each once, and which of them are left out.

    Args:
        rows: of the runs.
        unfinished: whether to take runs that have not ended, as far as they are.
        artifacts: whether they are exported, too.
    """
    sources, left_out = [], []
    found = [*{(_above(row.path), row.path.name): row for row in rows}.values()]
    for row, label in zip(found, _labels([row.path for row in found]), strict=True):
        try:
            _require_readable(row, unfinished=unfinished)
            sources.append(Source(row, label, artifacts=artifacts))
        except RunError as error:
            left_out.append(LeftOut(row.path, str(error)))
    return sources, left_out


def common_folder(folders: Sequence[Path]) -> Path:
    """Return the work_dir of runs, or the innermost folder that holds all of theirs."""
    return Path(os.path.commonpath(map(_above, folders))) if folders else Path()


def _labels(folders: Sequence[Path]) -> list[str]:
    """Return a name for each run: that of its folder, after its work_dir's where there are several.

    Args:
        folders: of the runs, each once.
    """
    above = common_folder(folders)
    return [(_above(one).relative_to(above) / one.name).as_posix() for one in folders]


def _above(folder: Path) -> Path:
    return Path(os.path.realpath(folder.parent))


def _require_readable(row: RunRow, *, unfinished: bool) -> None:
    if row.broken is not None:
        raise BrokenRecord(row.broken)
    if row.state not in FINAL and not unfinished:
        raise RunError(f"it has not ended: {row.state}")
