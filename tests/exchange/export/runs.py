"""Runs to be exported, with numbers that are easily lost on the way."""

import hashlib
import json
import math
import struct
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from stride.config.nonfinite import decode_number
from stride.config.resolve import resolve_layers
from stride.runs.layout import RunPaths, artifact_name
from stride.runs.writer import RunWriter

NUMBERS = [
    0.1,
    1 / 3,
    -0.0,
    5e-324,
    2.2250738585072014e-308,
    1.7976931348623157e308,
    16777217.0,  # of 32 bits it is 16777216
    math.nan,
    math.inf,
    -math.inf,
]
NAMES = ("train/epoch_loss", "validation/epoch_loss", "lr/größe")


def rows() -> list[dict[str, Any]]:
    """Return rows as a training writes them: not every name in each, two at one step."""
    found = []
    for at, number in enumerate(NUMBERS):
        row: dict[str, Any] = {"step": 10 * at, "epoch": at, "time": 1763690000.1 + at / 3}
        row |= {NAMES[0]: number, NAMES[2]: -number}
        found += [row, {**row, NAMES[1]: number * 0.7}] if at % 2 else [row]
    return found


def make(
    work_dir: Path,
    name: str | None = None,
    *,
    lines: Iterable[Mapping[str, Any]] = (),
    state: str = "done",
    **overrides: Any,
) -> RunPaths:
    """Write a run into a work_dir; of no lines those of `rows`."""
    config = resolve_layers(work_dir=work_dir, overrides=overrides).config.to_json()
    typed = [f"{key}={json.dumps(value)}" for key, value in overrides.items()]
    writer = RunWriter.start(work_dir, name, config=config, provenance={"overrides": typed})
    writer.status("running")
    writer.append(writer.paths.metrics, [*lines] or rows())
    best = {"step": 90, "epoch": 9, NAMES[1]: 0.25}
    results = {"format_version": 1, "best": best, "last": best, "test": {"test/loss": 1 / 7}}
    writer.commit(writer.paths.results, results)
    if state == "running":
        return writer.paths
    writer.close(state)
    return writer.paths


def bits(number: Any) -> bytes:
    """Return the 64 bits of a number; every NaN is one."""
    value = float(decode_number(number))
    return struct.pack("<d", math.nan if math.isnan(value) else value)


def content(folder: Path) -> dict[str, bytes]:
    """Return every file below a folder."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def artifact(run: RunPaths, name: str, kind: str, data: bytes, suffix: str) -> Path:
    """Put an artifact of step 4 into a run, and return its file."""
    file = run.artifacts / artifact_name(name, 4, data, suffix)
    row = {"step": 4, "epoch": 1, "time": 7.5, "name": name, "kind": kind, "file": file.name}
    row |= {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}
    run.artifacts.mkdir(exist_ok=True)
    file.write_bytes(data)
    with run.artifact_rows.open("a") as stream:
        stream.write(f"{json.dumps(row)}\n")
    return file
