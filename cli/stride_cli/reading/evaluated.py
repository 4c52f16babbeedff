"""Say what the checkpoints of a run were evaluated to beside its training."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from stride.tables.words import number

_POSITION = ("step", "epoch")
_OTHERS = ("time", "checkpoint", "overrides")


def evaluated(folder: Path) -> dict[str, Any]:
    """Return how many checkpoints were, the last one and the best; nothing without one.

    Raises:
        RunError: evaluations.jsonl is broken.
    """
    from stride.runs.evaluations.read import best_evaluation, evaluations
    from stride.runs.layout import RunPaths

    rows = evaluations(RunPaths(folder))
    if not rows:
        return {}
    told = {"last": rows[-1], "best": best_evaluation(RunPaths(folder))}
    short = {word: _without_place(row) for word, row in told.items()}
    return {"checkpoints": len({row["checkpoint"] for row in rows}), **short}


def _without_place(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in row if name not in _OTHERS}


def sentences(folder: Path) -> Iterator[str]:
    """Yield the same for a person.

    Raises:
        RunError: as `evaluated`.
    """
    if found := evaluated(folder):
        yield f"last of {found['checkpoints']}: {_sentence(found['last'])}"
        if found["best"]:
            yield f"best: {_sentence(found['best'])}"


def _sentence(row: Mapping[str, Any]) -> str:
    values = [f"{name} = {number(row[name])}" for name in sorted(row) if name not in _POSITION]
    return f"{', '.join(values)}  (epoch {row['epoch']}, step {row['step']})"
