"""Say what the checkpoints of a run were evaluated to beside its training."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from stride.tables.words import number

if TYPE_CHECKING:
    from stride.runs.listing.rows.row import RunRow

FEW = 8
"""Metrics of each table that `stride show` tells."""

_POSITION = ("step", "epoch")
_OTHERS = ("time", "checkpoint", "overrides")


def evaluated(row: "RunRow") -> dict[str, Any]:
    """Return how many checkpoints were, the last one and the best; nothing without one.

    Of many metrics there are the first ones, and the one by which the best was chosen.

    Raises:
        RunError: evaluations.jsonl is broken.
    """
    from stride.runs.evaluations.read import best_evaluation, evaluations
    from stride.runs.layout import RunPaths
    from stride.runs.listing.measured import first_metrics

    paths = RunPaths(row.path)
    rows = evaluations(paths)
    if not rows:
        return {}
    told: dict[str, Any] = {"checkpoints": len({one["checkpoint"] for one in rows})}
    for word, one in (("last", rows[-1]), ("best", best_evaluation(paths))):
        plain = {name: one[name] for name in one if name not in _OTHERS}
        told[word] = first_metrics(plain, row.monitor, FEW)
    return told


def sentences(row: "RunRow") -> Iterator[str]:
    """Yield the same for a person, a value each.

    Raises:
        RunError: as `evaluated`.
    """
    if found := evaluated(row):
        yield from _sentences(f"last of {found['checkpoints']}", found["last"])
        if found["best"]:
            yield from _sentences("best", found["best"])


def _sentences(which: str, one: Mapping[str, Any]) -> Iterator[str]:
    where = f"  (epoch {one['epoch']}, step {one['step']})"
    values = [f"{name} = {number(one[name])}" for name in sorted(one) if name not in _POSITION]
    first, *others = values or [""]
    yield f"{which}: {first}{where}"
    yield from others
