"""Compare groups of learning curves, and say which differences the seeds bear out."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from stride.active.curves.curve import Curve, Mode, mean_curve, summarize
from stride.active.curves.groups import Group, GroupedCurves
from stride.stats.paired import Paired

BASELINE = "UniformSampling"


def compare_curves(grouped: GroupedCurves, target: float | None = None) -> dict[str, Any]:
    """Return what the groups' curves say, the best area first, as plain values of `curves.json`.

    An area is over the labels that all curves of its group have. A difference to random choice is
    the mean over the seeds that both groups have, each over the labels that both curves have.

    Args:
        grouped: as `group_curves` gives them.
        target: a value of the metric for which labels are counted; None: none are.

    Raises:
        DataError: the curves of a group have no number of labels in common.
    """
    sign = -1 if grouped.mode == "min" else 1
    told = [_report(group, grouped, target) for group in grouped.groups]
    told.sort(key=lambda one: (math.isnan(one["area"]), -sign * one["area"], one["name"]))
    compared = any("difference" in one for one in told)
    return {
        "metric": grouped.metric,
        "mode": grouped.mode,
        **({"baseline": BASELINE} if compared else {}),
        **({} if target is None else {"target": target}),
        "groups": told,
    }


def _report(group: Group, grouped: GroupedCurves, target: float | None) -> dict[str, Any]:
    curves = list(group.curves.values())
    labelled = mean_curve(curves).labelled
    summary = summarize([_cut(curve, labelled) for curve in curves])
    curve, area = summary["curve"], summary["area"]
    baseline = _baseline(group, grouped.groups)
    needed = [] if target is None else [one.labels_needed(target, grouped.mode) for one in curves]
    return {
        "name": group.name,
        "strategy": group.strategy,
        "runs": list(group.runs.values()),
        "seeds": list(group.runs),
        **{key: curve[key] for key in ("labelled", "mean", "deviation")},
        "areas": area["each"],
        "area": area["mean"],
        "area_deviation": area["deviation"],
        **({} if baseline is None else _difference(group, baseline, grouped.mode)),
        **({} if target is None else {"labels_needed": needed}),
    }


def _baseline(group: Group, groups: Sequence[Group]) -> Group | None:
    """Return the group of random choice with all else the same."""
    if group.strategy == BASELINE:
        return None
    around = group.surroundings()
    same = (one for one in groups if one.strategy == BASELINE and one.surroundings() == around)
    return next(same, None)


def _difference(group: Group, baseline: Group, mode: Mode) -> dict[str, Any]:
    """Return the mean difference of the areas, seed by seed, and how sure it is."""
    found = paired_differences(group.curves, baseline.curves)
    if not found:
        return {}
    paired = Paired.of(found)
    told = {"difference": paired.mean, "verdict": paired.verdict(mode)}
    if paired.error is None or not math.isfinite(paired.error):
        return told
    return {**told, "difference_error": paired.error}


def paired_differences(curves: Mapping[int, Curve], others: Mapping[int, Curve]) -> list[float]:
    """Return for each seed that both have the difference of the areas, over common labels.

    Args:
        curves: by seed.
        others: what is subtracted, by seed.
    """
    found = []
    for seed in curves.keys() & others.keys():
        one, other = curves[seed], others[seed]
        if common := set(one.labelled) & set(other.labelled):
            found.append(_cut(one, common).area() - _cut(other, common).area())
    return found


def _cut(curve: Curve, labelled: Iterable[int]) -> Curve:
    """Return the part of a curve at these numbers of labels."""
    kept = set(labelled)
    pairs = zip(curve.labelled, curve.values, strict=True)
    points = [(labels, value) for labels, value in pairs if labels in kept]
    return Curve(*zip(*points, strict=True))
