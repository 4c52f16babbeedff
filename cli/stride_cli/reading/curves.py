"""Turn learning curves, as `curves.json` holds them, into the cells of a table."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from math import floor, isfinite, log10
from typing import Any

from stride.stats.moments import deviation, mean

SHOWN = 4  # numbers of labels for which a table has a column
NONE = "-"
PLACES = 6  # at most, behind the point

CurveData = Mapping[str, Any]
Column = tuple[str, list[str]]
Write = Callable[..., str]


def table(told: CurveData) -> tuple[list[str], list[list[str]]]:
    """Return titles and rows: a row for each group, with the metric at some numbers of labels."""
    groups, write = told["groups"], _writer(told["groups"])
    columns: list[Column] = [
        ("strategy", [group["name"] for group in groups]),
        ("runs", [str(len(group["runs"])) for group in groups]),
        *_values(groups, write),
        ("area", [write(one["area"], _several(one, one["area_deviation"])) for one in groups]),
        *_differences(told, write),
        *_needed(told),
    ]
    rows = zip(*(cells for _, cells in columns), strict=True)
    return [title for title, _ in columns], [list(row) for row in rows]


def explain(told: CurveData) -> Iterator[str]:
    """Yield in words what the numbers of a table are."""
    spans = {(group["labelled"][0], group["labelled"][-1]) for group in told["groups"]}
    yield f"{told['metric']}: mean ± standard deviation over the seeds; the best area comes first"
    if "baseline" in told:
        yield (
            f"vs {told['baseline']}: mean difference of the areas, seed by seed, ± its standard "
            "error; unclear where chance alone gives as much in more than 5 of 100 cases"
        )
    if len(spans) > 1:
        yield "the areas are over different numbers of labels"


def _writer(groups: Sequence[CurveData]) -> Write:
    """Return what writes a mean and its deviation, in as many places as the areas are worth."""
    sizes = [one for group in groups if isfinite(one := group["area_deviation"]) and one > 0]
    places = min(PLACES, max(0, 1 - floor(log10(max(sizes))))) if sizes else None
    form = ".4g" if places is None else f".{places}f"

    def write(mean: float | None, deviation: float | None = None, sign: str = "") -> str:
        if mean is None or mean != mean:
            return NONE
        spread = "" if deviation is None else f" ± {deviation:{form}}"
        return f"{mean:{sign}{form}}{spread}"

    return write


def _several(group: CurveData, deviation: float) -> float | None:
    """Return the deviation of several runs, None of a single one: it has none."""
    return deviation if len(group["runs"]) > 1 else None


def _values(groups: Sequence[CurveData], write: Write) -> list[Column]:
    """Return the metric at some numbers of labels, of those that all groups have if there are."""
    points = [_points(group) for group in groups]
    labelled = set.intersection(*map(set, points)) or set.union(*map(set, points))
    return [
        (
            f"{labels} labels",
            [write(*one.get(labels, (None,))) for one in points],
        )
        for labels in _some(sorted(labelled))
    ]


def _points(group: CurveData) -> dict[int, tuple[float, float | None]]:
    """Return mean and deviation by number of labels."""
    numbers = zip(group["labelled"], group["mean"], group["deviation"], strict=True)
    return {labels: (mean, _several(group, deviation)) for labels, mean, deviation in numbers}


def _some(labelled: Sequence[int]) -> list[int]:
    """Return a few of many numbers, evenly, the first and the last among them."""
    last = len(labelled) - 1
    places = [round(last * part / (SHOWN - 1)) for part in range(SHOWN)]
    return [labelled[place] for place in dict.fromkeys(places)]


def _differences(told: CurveData, write: Write) -> list[Column]:
    """Return how much more area there is than by random choice, and whether that is sure."""
    if "baseline" not in told:
        return []
    found = [(one.get("difference"), one.get("difference_error")) for one in told["groups"]]
    cells = [write(mean, error, sign="+") for mean, error in found]
    verdicts = [group.get("verdict", NONE) for group in told["groups"]]
    return [(f"vs {told['baseline']}", cells), ("verdict", verdicts)]


def _needed(told: CurveData) -> list[Column]:
    """Return the labels that a target needs, or how many of the runs reached it."""
    if "target" not in told:
        return []
    cells = [_labels(group["labels_needed"]) for group in told["groups"]]
    return [(f"labels to {told['target']:g}", cells)]


def _labels(needed: Sequence[int | None]) -> str:
    reached = [labels for labels in needed if labels is not None]
    if len(reached) < len(needed):
        return f"{len(reached)} of {len(needed)} runs" if reached else NONE
    return f"{mean(reached):.0f}" + (f" ± {deviation(reached):.0f}" if len(reached) > 1 else "")


def csv_columns(told: CurveData) -> tuple[list[str], list[list[Any]]]:
    """Return titles and rows of numbers, with the metric at every number of labels."""
    plain = ["area", "area_deviation", "difference", "difference_error", "verdict"]
    labelled = sorted({labels for group in told["groups"] for labels in group["labelled"]})
    header = ["name", "strategy", "runs", *plain, "labels_needed"]
    header += [name for labels in labelled for name in (f"{labels}", f"{labels}_deviation")]
    return header, [_line(group, plain, labelled) for group in told["groups"]]


def _line(group: CurveData, plain: Sequence[str], labelled: Sequence[int]) -> list[Any]:
    points = _points(group)
    needed = [NONE if one is None else str(one) for one in group.get("labels_needed", ())]
    line = [group["name"], group["strategy"], len(group["runs"])]
    line += [group.get(name) for name in plain] + [" ".join(needed)]
    return line + [one for labels in labelled for one in points.get(labels, (None, None))]
