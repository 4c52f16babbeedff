"""A run that waits for labels, made without training anything."""

from pathlib import Path
from typing import Any

from stride.config import resolve_layers
from stride.runs.labels.labels_jsonl import query_text
from stride.runs.layout import RunPaths
from stride.runs.writer import RunWriter


def pets(folder: Path) -> dict[str, Any]:
    """Write a table of 20 animals in three classes, and return the section that names it."""
    kinds = ("cat", "cow", "dog")
    rows = [f"{row},{kinds[row % 3]},{row / 4}" for row in range(20)]
    (folder / "pets.csv").write_text("\n".join(["age,kind,body weight", *rows]) + "\n")
    return {"dataset_name": "table", "path": str(folder / "pets.csv"), "target": "kind"}


def waiting(
    work_dir: Path,
    dataset: dict[str, Any],
    ids: tuple[int, ...] = (7, 3, 5),
    state: str = "waiting",
) -> RunPaths:
    """Make a run that asks for the labels of these samples, the first one first."""
    resolved = resolve_layers(work_dir=str(work_dir), overrides={"dataset_kwargs": dataset})
    provenance = {"command": [], "overrides": [], "origins": {}}
    writer = RunWriter.start(work_dir, config=resolved.config.to_json(), provenance=provenance)
    scores = [1 / (place + 1) for place in range(len(ids))]
    writer.commit(writer.paths.queries, query_text(2, ids, scores))
    writer.close(state, f"{len(ids)} labels wanted")
    return writer.paths
