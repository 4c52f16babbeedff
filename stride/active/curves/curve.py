"""Learning curves of runs: a metric over the number of labels.

Neither torch nor numpy is needed to read them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

from stride.errors import DataError, nearest
from stride.stats.moments import deviation, mean

Mode = Literal["min", "max"]


@dataclass(frozen=True)
class Curve:
    """The values of a metric in the rounds of one run.

    Attributes:
        labelled: the number of labels in each round, rising.
        values: the metric in each.

    Raises:
        DataError: there is no round, or the two do not fit.
    """

    labelled: tuple[int, ...]
    values: tuple[float, ...]

    def __post_init__(self) -> None:
        rising = all(one < other for one, other in pairwise(self.labelled))
        if not self.labelled or len(self.labelled) != len(self.values) or not rising:
            raise DataError(
                f"{len(self.values)} values at {list(self.labelled)} labels make no learning curve",
                where="Curve",
                hint="give one value for each number of labels, the fewest labels first",
            )

    def area(self) -> float:
        """Return the area under the curve over the labels between its ends: a mean of the metric.

        Between two rounds the metric is taken to change evenly (trapezoids). The one value of a
        curve of one round is its area.
        """
        points = pairwise(zip(self.labelled, self.values, strict=True))
        area = sum((right - left) * (low + high) / 2 for (left, low), (right, high) in points)
        span = self.labelled[-1] - self.labelled[0]
        return area / span if span else self.values[0]

    def labels_needed(self, target: float, mode: Mode = "max") -> int | None:
        """Return the labels of the first round that reached a target; None: no round did.

        Nothing is interpolated: what fewer labels would have given, nobody has tried.

        Args:
            target: the metric's value to reach.
            mode: "max" where larger values are better, "min" where smaller ones are.
        """
        sign = 1 if mode == "max" else -1
        reached = (
            labels
            for labels, value in zip(self.labelled, self.values, strict=True)
            if sign * value >= sign * target
        )
        return next(reached, None)

    def to_json(self) -> dict[str, Any]:
        """Return the curve as plain values."""
        return {"labelled": list(self.labelled), "values": list(self.values)}


def read_curve(rows: Iterable[Mapping[str, Any]], metric: str) -> Curve:
    """Return the learning curve of a run.

    Of several rounds with the same number of labels the last one counts; those that did not
    measure the metric are left out.

    Args:
        rows: of the rounds, each with `labelled` and `metrics`.
        metric: by its name in the metrics.

    Raises:
        DataError: no round measured it.
    """
    points: dict[int, float] = {}
    names: dict[str, None] = {}
    for row in rows:
        names |= dict.fromkeys(row["metrics"])
        if metric in row["metrics"]:
            points[int(row["labelled"])] = _value(row["metrics"][metric])
    if not points:
        known = ", ".join(names) or "nothing"
        raise DataError(
            f"no round has measured {metric!r}",
            where="rounds",
            hint=nearest(metric, names) or f"measured was: {known}",
        )
    labelled = tuple(sorted(points))
    return Curve(labelled, tuple(points[labels] for labels in labelled))


def _value(value: Any) -> float:
    """Return a metric as a number, also where "NaN" stands for it."""
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError) as cause:
        raise DataError(f"a metric is not a number: {cause}", where="rounds") from cause


@dataclass(frozen=True)
class MeanCurve:
    """The mean of the learning curves of several seeds.

    Attributes:
        labelled: the numbers of labels that all of the curves have.
        mean: the mean of the metric at each.
        deviation: its standard deviation between the seeds (n - 1 in the denominator), 0 for one.
        num_curves: how many curves.
    """

    labelled: tuple[int, ...]
    mean: tuple[float, ...]
    deviation: tuple[float, ...]
    num_curves: int

    def to_json(self) -> dict[str, Any]:
        """Return the curve as plain values."""
        return {
            "labelled": list(self.labelled),
            "mean": list(self.mean),
            "deviation": list(self.deviation),
            "num_curves": self.num_curves,
        }


def mean_curve(curves: Sequence[Curve]) -> MeanCurve:
    """Return the mean of curves, where all of them have a value.

    Were curves that end early counted where they are, the mean would jump where they end.

    Raises:
        DataError: there is no curve, or no number of labels that all have.
    """
    points = [dict(zip(curve.labelled, curve.values, strict=True)) for curve in curves]
    common = sorted(set.intersection(*map(set, points))) if points else []
    if not common:
        raise DataError(
            f"{len(points)} curves have no number of labels in common",
            where="curves",
            hint="give curves that begin with as many labels and query as many in a round",
        )
    values = [[one[labels] for one in points] for labels in common]
    means, deviations = tuple(map(mean, values)), tuple(map(deviation, values))
    return MeanCurve(tuple(common), means, deviations, len(points))


def summarize(
    curves: Sequence[Curve], *, target: float | None = None, mode: Mode = "max"
) -> dict[str, Any]:
    """Return what the curves of several seeds say, as plain values.

    Areas can be compared between curves over the same labels only; `labelled` tells them.

    Args:
        curves: one for each seed.
        target: a value of the metric; None: labels needed are not asked for.
        mode: "max" where larger values are better, "min" where smaller ones are.

    Returns:
        `curve`, the mean curve; `area` with `mean`, `deviation` and `each`; with a target,
        `labels_needed` with `target`, `each`, and `mean`, which is None unless all reached it.

    Raises:
        DataError: as `mean_curve`.
    """
    curve, areas = mean_curve(curves), [curve.area() for curve in curves]
    told: dict[str, Any] = {
        "curve": curve.to_json(),
        "area": {"mean": mean(areas), "deviation": deviation(areas), "each": areas},
    }
    if target is not None:
        needed = [curve.labels_needed(target, mode) for curve in curves]
        reached = [labels for labels in needed if labels is not None]
        average = mean(reached) if len(reached) == len(needed) else None
        told["labels_needed"] = {"target": target, "mean": average, "each": needed}
    return told
