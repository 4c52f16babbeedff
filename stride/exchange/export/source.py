"""What is exported of a run, read line by line."""

import math
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from stride.config.metrics import RESERVED
from stride.config.nonfinite import decode_number
from stride.config.secrets import mask_values
from stride.errors import BrokenRecord, RunError
from stride.runs.artifacts.read import kept_artifacts
from stride.runs.files.encoding import is_count
from stride.runs.files.jsonl import scan
from stride.runs.layout import RunPaths
from stride.runs.listing.facts import with_all_metrics
from stride.runs.listing.rows.row import RunRow
from stride.runs.run import Run
from stride.runs.status import FINAL

_COUNTS = ("step", "epoch")
_COUNT_LIMIT = 2**63  # what an integer of 64 bits holds


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

    Attributes:
        row: with all of its metrics.
        names: of the metrics, in the order in which they appeared.
        count: of the rows of metrics.
        artifacts: the rows of its artifacts that are there, each with the `path` of its file.

    Raises:
        RunError: a record is missing, broken, or holds a number that is not one of 64 bits.
    """

    def __init__(self, row: RunRow, label: str) -> None:
        self.row, self.label = with_all_metrics(row), label
        self.paths = RunPaths(row.path.absolute())
        self.config = mask_values(Run(row.path).raw_config)
        self.artifacts = kept_artifacts(self.paths)
        names: dict[str, None] = {}
        number = 0
        for number, values in scan(self.paths.metrics):
            if fault := _fault(values):
                raise BrokenRecord(f"line {number}: {fault}", where=str(self.paths.metrics))
            names |= dict.fromkeys(values)
        self.count, self.names = number, tuple(name for name in names if name not in RESERVED)

    def rows(self) -> Iterator[dict[str, Any]]:
        """Yield the rows of metrics as metrics.jsonl has them: step, epoch, time, and numbers."""
        return (row for _, row in islice(scan(self.paths.metrics), self.count))


def as_utf8(text: str) -> str:
    """Return a text that UTF-8 can hold: with an escape for what it cannot, as bytes of a path."""
    return text.encode("utf-8", "backslashreplace").decode()


def read_sources(
    rows: Iterable[RunRow], *, unfinished: bool = False
) -> tuple[list[Source], list[LeftOut]]:
    """Return what is exported of runs, and which of them are left out.

    Args:
        rows: of the runs.
        unfinished: whether to take runs that have not ended, as far as they are.
    """
    sources, left_out = [], []
    found = [*rows]
    for row, label in zip(found, labels([row.path for row in found]), strict=True):
        try:
            _require_readable(row, unfinished=unfinished)
            sources.append(Source(row, label))
        except RunError as error:
            left_out.append(LeftOut(row.path, str(error)))
    return sources, left_out


def labels(folders: Sequence[Path]) -> list[str]:
    """Return a name for each run: that of its folder, after its work_dir's where there are several.

    Args:
        folders: of the runs, each once.
    """
    above = common_folder(folders)
    return [(_above(one).relative_to(above) / one.name).as_posix() for one in folders]


def common_folder(folders: Sequence[Path]) -> Path:
    """Return the work_dir of runs, or the innermost folder that holds all of theirs."""
    return Path(os.path.commonpath(map(_above, folders))) if folders else Path()


def _above(folder: Path) -> Path:
    return Path(os.path.realpath(folder.parent))


def _require_readable(row: RunRow, *, unfinished: bool) -> None:
    if row.broken is not None:
        raise BrokenRecord(row.broken)
    if row.state not in FINAL and not unfinished:
        raise RunError(f"it has not ended: {row.state}")


def _fault(row: Mapping[str, Any]) -> str:
    """Return why a row cannot be exported bit for bit, the empty text where it can."""
    for name in _COUNTS:
        if not is_count(row.get(name)) or row[name] >= _COUNT_LIMIT:
            return f"its {name} is not a count"
    if not isinstance(row.get("time"), int | float) or not math.isfinite(row["time"]):
        return "its time is not a number of seconds"
    for name in row:
        if as_utf8(name) != name:
            return f"{name!r} is not a name in UTF-8"
    odd = (name for name, value in row.items() if not _is_exact(decode_number(value)))
    return "".join(f"{name} is not a number of 64 bits" for name in islice(odd, 1))


def _is_exact(value: Any) -> bool:
    """Tell whether a float of 64 bits holds a value exactly."""
    return type(value) is float or (type(value) is int and int(float(value)) == value)
