"""Runs with rows of one's own, made without training anything."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

from stride.runs.files.encoding import json_bytes
from stride.runs.layout import RunPaths

Rows = Iterable[Mapping[str, Any]]


@pytest.fixture
def streamed(tmp_path: Path) -> Callable[..., RunPaths]:
    """Return a function that writes rows as the stream of a run."""

    def write(rows: Rows, segments: Iterable[float] = (), name: str = "0") -> RunPaths:
        paths = RunPaths(tmp_path / name)
        paths.segments.mkdir(parents=True, exist_ok=True)
        for n, started in enumerate(segments):
            paths.segment(n).write_bytes(json_bytes({"format_version": 3, "started": started}))
        paths.metrics.write_bytes(b"".join(map(json_bytes, rows)))
        return paths

    return write
