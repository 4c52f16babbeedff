"""Cut the streams of a run back to where a checkpoint stands, and keep what is cut off."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from stride.runs.files.atomic import atomic_write
from stride.runs.files.durable import told
from stride.runs.layout import RunPaths


@dataclass(frozen=True)
class StreamPosition:
    """Say where a training stood when its state was saved.

    Attributes:
        step: Optimiser updates done.
        sizes: Bytes that each stream had, by file name; one that is missing had none.
        known: Whether sizes were recorded; without them the rows' steps decide.
    """

    step: int = 0
    sizes: Mapping[str, int] = field(default_factory=dict)
    known: bool = True


def streams(paths: RunPaths) -> tuple[Path, ...]:
    """Return the paths of all streams of rows."""
    return paths.metrics, paths.fingerprints, paths.rounds


def stream_sizes(paths: RunPaths) -> dict[str, int]:
    """Return the bytes that each stream has now, by file name."""
    return {path.name: path.stat().st_size if path.exists() else 0 for path in streams(paths)}


def cut_streams(paths: RunPaths, segment: int, position: StreamPosition) -> None:
    """Cut off what each stream has beyond a position, and keep it for that segment.

    What is cut off is safe before it is cut off: a kill between the two has it twice, never lost.

    Raises:
        StrideError: A stream cannot be read or written, naming it.
    """
    for stream in streams(paths):
        if stream.exists():
            _cut(stream, paths.cut(segment, stream), _end(stream, position))


def missing_bytes(paths: RunPaths, position: StreamPosition) -> dict[str, int]:
    """Return how many bytes each stream has lost since the position was recorded, if any."""
    sizes = stream_sizes(paths)
    return {
        name: size - sizes[name]
        for name, size in position.sizes.items()
        if sizes.get(name, size) < size
    }


def _cut(stream: Path, kept: Path, end: int) -> None:
    with told("cannot read", stream):
        content = stream.read_bytes()
    if len(content) <= end:
        return
    atomic_write(kept, content[end:])
    with told("cannot write", stream), stream.open("rb+") as file:
        file.truncate(end)
        os.fsync(file.fileno())


def _end(stream: Path, position: StreamPosition) -> int:
    if position.known:
        return position.sizes.get(stream.name, 0)
    end = 0
    with stream.open("rb") as file:
        for line in file:
            if not _is_row_up_to(line, position.step):
                break
            end += len(line)
    return end


def _is_row_up_to(line: bytes, step: int) -> bool:
    try:
        row = json.loads(line)
    except ValueError:
        return False
    return isinstance(row, dict) and isinstance(row.get("step"), int) and row["step"] <= step
