"""Set aside the artifacts that no row of a run names any more."""

from pathlib import Path

from stride.runs.artifacts.read import artifact_rows
from stride.runs.files.atomic import pieces
from stride.runs.files.durable import os_errors_as
from stride.runs.files.safe_open import reading
from stride.runs.layout import TEMPORARY_PREFIX
from stride.runs.writer_base import Writer


def set_aside(writer: Writer) -> None:
    """Move what the rows do not name, as those of steps that are done again, beside cut rows.

    That is also what a process had written just before it was killed, without its row. A file is
    safe in its new place before it leaves the old one.

    Args:
        writer: the run's, in whose newest segment it happens.

    Raises:
        StrideError: a file cannot be read or written, naming it.
    """
    paths = writer.paths
    if not paths.artifacts.is_dir():
        return
    named = {row["file"] for row in artifact_rows(paths)}
    for file in sorted(paths.artifacts.iterdir()):
        if file.is_file() and file.name not in named and not file.name.startswith(TEMPORARY_PREFIX):
            _move(writer, file, paths.cut_artifacts(writer.segment) / file.name)


def _move(writer: Writer, file: Path, to: Path) -> None:
    with os_errors_as("cannot read", file), reading(file) as content:
        writer.commit(to, pieces(content))
    writer.remove_file(file)
