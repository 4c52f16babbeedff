"""Take a run back to where a checkpoint stands: cut its streams, and keep what is cut off."""

import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from stride.errors import RunError
from stride.runs.artifacts.set_aside import set_aside
from stride.runs.files.atomic import pieces
from stride.runs.files.durable import os_errors_as
from stride.runs.files.jsonl import as_row, lines
from stride.runs.files.safe_open import reading
from stride.runs.layout import RunPaths
from stride.runs.writer_base import Writer


@dataclass(frozen=True)
class StreamPosition:
    """Say where a training stood when its state was saved.

    Attributes:
        step: optimiser updates done.
        sizes: bytes that each stream had, by file name; one that is missing had none.
        known: whether sizes were recorded; without them the rows' steps decide.
    """

    step: int = 0
    sizes: Mapping[str, int] = field(default_factory=dict)
    known: bool = True


def streams(paths: RunPaths) -> tuple[Path, ...]:
    """Return the paths of all streams of rows."""
    return paths.metrics, paths.fingerprints, paths.rounds, paths.artifact_rows


def stream_sizes(paths: RunPaths) -> dict[str, int]:
    """Return the bytes that each stream has now, by file name."""
    return {path.name: path.stat().st_size if path.exists() else 0 for path in streams(paths)}


def go_back(
    writer: Writer,
    position: StreamPosition | None,
    checkpoint: str | None,
    seen: Collection[str],
) -> None:
    """Go back to where a run is resumed; later checkpoints are deleted.

    Args:
        writer: the run's, in whose newest segment it happens.
        position: where the streams are to end; None leaves all rows.
        checkpoint: the one that is restored, if any.
        seen: the checkpoints that were there when it was read.

    Raises:
        RunError: what is there is not what was read: the process that wrote the run wrote on
            until just now.
        StrideError: something cannot be read or written, naming it.
    """
    names = writer.paths.checkpoint_names()
    found = position is None or ({*names} <= {*seen} and checkpoint in (None, *names))
    if not found or not writer.paths.config.is_file():
        what = "the process that wrote this run was writing until just now"
        raise RunError(what, where=str(writer.paths.path), hint="type it again")
    later = [] if checkpoint not in names else names[names.index(checkpoint) + 1 :]
    for name in later:
        writer.remove_folder(writer.paths.checkpoint(name).path)
    cut_streams(writer, position)
    set_aside(writer)


def cut_streams(writer: Writer, position: StreamPosition | None) -> None:
    """Put a copy in the place of each stream, and keep apart what it has beyond a position.

    Whoever has the old file open, as a process that lost the run, reaches the new one by no way.
    What is cut off is safe before it is cut off: a kill between the two has it twice, never lost.

    Args:
        writer: the run's, in whose newest segment it happens.
        position: where the streams are to end; None leaves all rows.

    Raises:
        StrideError: a stream cannot be read or written, naming it.
    """
    for stream in streams(writer.paths):
        if os.path.lexists(stream):
            with os_errors_as("cannot read", stream), reading(stream) as file:
                size = os.fstat(file.fileno()).st_size
                end = size if position is None else min(size, _end(stream, position))
                if size > end:
                    file.seek(end)
                    writer.commit(writer.paths.cut(writer.segment, stream), pieces(file))
                file.seek(0)
                writer.commit(stream, pieces(file, end))


def missing_bytes(paths: RunPaths, position: StreamPosition) -> dict[str, int]:
    """Return how many bytes each stream has lost since the position was recorded, if any."""
    sizes = stream_sizes(paths)
    return {
        name: size - sizes[name]
        for name, size in position.sizes.items()
        if sizes.get(name, size) < size
    }


def _end(stream: Path, position: StreamPosition) -> int:
    if position.known:
        return position.sizes.get(stream.name, 0)
    end = 0
    for line in lines(stream):
        if not _is_row_up_to(line, position.step):
            break
        end += len(line)
    return end


def _is_row_up_to(line: bytes, step: int) -> bool:
    at = (as_row(line) or {}).get("step")
    return isinstance(at, int) and at <= step
