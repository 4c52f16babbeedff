"""Export runs: choose the tool, read the runs, write them."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from stride.errors import RunError, UserError, nearest
from stride.exchange.export.csv_files import CsvTarget
from stride.exchange.export.destination import Destination
from stride.exchange.export.parquet_files import ParquetTarget
from stride.exchange.export.source import LeftOut, Source, common_folder, read_sources
from stride.exchange.export.target import Begin, Target
from stride.exchange.export.tensorboard_folder import TensorBoardTarget
from stride.exchange.export.wandb_folder import WandbTarget
from stride.runs.listing.rows.row import RunRow

TARGETS: dict[str, type[Target]] = {
    target.name: target for target in (TensorBoardTarget, WandbTarget, CsvTarget, ParquetTarget)
}
"""The tools by the names that are typed after --to."""


class Exported(NamedTuple):
    """Say what an export has written.

    Attributes:
        folder: where it is.
        sources: the runs that are in it.
        left_out: the runs that are not.
        replaced: whether an earlier export was there.
        look: what to type to look at it.
    """

    folder: Path
    sources: Sequence[Source]
    left_out: Sequence[LeftOut]
    replaced: bool
    look: str


def _ignore(source: Source) -> None:
    """Report nothing."""


def export_runs(
    rows: Iterable[RunRow],
    to: str,
    folder: Path | None = None,
    *,
    unfinished: bool = False,
    begin: Begin = _ignore,
) -> Exported:
    """Write runs as another tool reads them, every number bit for bit.

    The folder appears when all is written. One of an earlier export to the same tool is replaced;
    one with anything else in it is left alone.

    Args:
        rows: of the runs, as `open_runs(W).rows` has them.
        to: the tool: tensorboard, wandb, csv or parquet.
        folder: where to; beside where the call is made, named by the work_dir and the tool if None.
        unfinished: whether to take runs that have not ended, as far as they are.
        begin: is told each run before it is written.

    Raises:
        UserError: there is no such tool, the folder is not one of an earlier export, or no run is
            left to be exported.
        MissingExtra: the tool's package is not installed.
        StrideError: the folder cannot be written.
    """
    target, found = _target(to), [*rows]
    place = folder or default_folder(found, to)
    destination = Destination(place, target)
    sources, left_out = read_sources(found, unfinished=unfinished, artifacts=target.artifacts)
    if not sources:
        raise _nothing(left_out)
    with destination.filled() as aside:
        target.write(sources, aside, begin)
    return Exported(place, sources, left_out, destination.replaces, target.look(place))


def default_folder(rows: Sequence[RunRow], to: str) -> Path:
    """Return where runs go if nothing is said: demo-csv for those of a work_dir called demo."""
    if len(rows) == 1:
        folder = rows[0].path.resolve()
        return Path(f"{folder.parent.name}-{folder.name}-{to}")
    shared = common_folder([row.path for row in rows])
    return Path(f"{shared.name or 'runs'}-{to}")


def _target(to: str) -> Target:
    if to not in TARGETS:
        hint = nearest(to, TARGETS) or f"there are {', '.join(TARGETS)}"
        raise UserError(f"runs cannot be exported to {to!r}", where="--to", hint=hint)
    target = TARGETS[to]()
    target.require()
    return target


def _nothing(left_out: Sequence[LeftOut]) -> RunError:
    if not left_out:
        return RunError("there are no runs to export")
    first = left_out[0]
    hint = "--all takes runs that have not ended, too"
    return RunError(f"no run is left to export: {first.reason}", where=str(first.path), hint=hint)
