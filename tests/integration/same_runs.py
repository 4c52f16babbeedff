"""Compare what two trainings left in their folders, bit by bit, times aside."""

import csv
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from stride.engine.checkpoint.checkpoint import read_state
from stride.engine.checkpoint.fidelity import same
from stride.runs.files.jsonl import read_lines
from stride.runs.fingerprints import read_digests, read_fingerprints
from stride.runs.layout import TEMPORARY_PREFIX, RunPaths
from stride.runs.verify.run import verify_run

TIMES = ("wall_seconds", "train_seconds", "samples_per_second")


def problems_of(run: Path, whole: Path) -> list[str]:
    """Return what is wrong with a run that was killed and resumed to its end.

    Args:
        run: its folder.
        whole: that of the run which was never stopped.
    """
    report = verify_run(run)
    wrong = [f"{problem}" for problem in report.problems]
    wrong += [f"{path} is left behind" for path in run.rglob(f"{TEMPORARY_PREFIX}*")]
    return wrong + list(unlike(left(RunPaths(whole)), left(RunPaths(run))))


def left(paths: RunPaths) -> dict[str, Any]:
    """Return everything that a training leaves, times aside."""
    rows = [without(json.loads(line), "time") for line in paths.metrics.read_text().splitlines()]
    places = [(row["step"], row["epoch"], "active/round" in row) for row in rows]
    assert len(places) == len(set(places)), f"a step has two rows in {paths.path}"
    return {
        "weights": _bytes(paths.weights),
        "checkpoint": _state(paths),
        "rows": rows,
        "rounds": [without(row, "time", "seconds") for row in read_lines(paths.rounds)],
        "table": _table(paths.metrics_csv, "time"),
        "errors": _table(paths.errors_csv, "cpu_seconds", "wall_seconds"),
        "milestones": {path.name: _bytes(path) for path in paths.milestones.glob("*")},
        "examples": _bytes(paths.examples),
        "reconstruction": _bytes(paths.reconstruction),
        "fingerprints": list(read_fingerprints(paths.fingerprints)),
        "digests": list(read_digests(paths.fingerprints)),
        "results": without(json.loads(paths.results.read_text()), "timings"),
        "index": _index(paths),
        "normalization": _bytes(paths.normalization),
        "status": {k: json.loads(paths.status.read_text())[k] for k in ("state", "reason")},
    }


def without(values: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    """Return a mapping without some of its keys."""
    return {key: value for key, value in values.items() if key not in keys}


def _bytes(path: Path) -> bytes:
    return path.read_bytes() if path.is_file() else b""


def _state(paths: RunPaths) -> dict[str, Any]:
    if not paths.checkpoint_names():  # it ended before one was due
        return {}
    state = read_state(paths.checkpoint(paths.checkpoint_names()[-1]).path)
    # What a callback has seen is named, and not restored.
    state = without(state, "noticed", "seconds")
    return state | {"clock": without(state["clock"], *TIMES)}


def _table(path: Path, *times: str) -> list[dict[str, str]]:
    return [without(row, *times) for row in csv.DictReader(_bytes(path).decode().splitlines())]


def _index(paths: RunPaths) -> dict[str, Any]:
    index = json.loads(_bytes(paths.checkpoint_index) or '{"entries": []}')
    entries = {entry["name"]: without(entry, "time") for entry in index["entries"]}
    return without(index, "segment") | {"entries": entries}


def unlike(one: Any, other: Any, name: str = "") -> Iterator[str]:
    """Yield the names of the values that differ in any bit."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        for key in sorted({*one, *other}, key=str):
            if key in one and key in other:
                yield from unlike(one[key], other[key], f"{name}/{key}")
            else:
                yield f"{name}/{key} is there once"
    elif not same(one, other):
        yield name
