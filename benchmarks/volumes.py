"""What volumes under a surface cost beside their definition, one window and threshold at a time."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from benchmarks.parties import Unequal
from benchmarks.scale import Scale
from benchmarks.table import Row, ratio_row
from benchmarks.timing import take_turns, timed
from stride.metrics.detection.labelled_scores import LabelledScores
from stride.metrics.detection.volume import THRESHOLDS, volume
from stride.metrics.detection.window import Window

POINTS, WINDOW = 7_501, 183  # of the series KDD-TSAD_135
GOAL = 1 / 20
Numbers = NDArray[np.float64]


def volume_rows(scale: Scale) -> Iterator[Row]:
    """Yield the row of a series with one event of 12 points."""
    points, window = scale.of(POINTS, 500), scale.of(WINDOW, 9)
    scores = np.random.default_rng(0).random(points)
    labels = np.zeros(points, bool)
    labels[points // 2 : points // 2 + 12] = True
    found: dict[str, tuple[float, float]] = {}

    def ours() -> None:
        data = LabelledScores.of(scores, labels)
        found["ours"] = volume(data, Window(window, "given"))

    def plain() -> None:
        found["plain"] = plain_volume(scores, labels, window)

    seconds = take_turns({"ours": timed(ours), "plain": timed(plain)}, scale.of(5))
    if not np.allclose(found["ours"], found["plain"], rtol=0, atol=1e-9):
        raise Unequal(f"the volumes differ: {found}")
    what = f"VUS of {points:,} points, window {window} / window by window, threshold by threshold"
    yield ratio_row("volumes", what, seconds["ours"], seconds["plain"], GOAL)


def plain_volume(
    scores: Numbers, labels: NDArray[np.bool_], window: int, thresholds: int = THRESHOLDS
) -> tuple[float, float]:
    """Return VUS-ROC and VUS-PR by their definition: every window at every threshold.

    Args:
        scores: (n,).
        labels: (n,), of both classes.
        window: the largest.
        thresholds: ranks of the scores.
    """
    ranks = np.linspace(0, len(scores) - 1, thresholds).astype(int)
    alarms = [scores >= cut for cut in np.sort(scores)[::-1][ranks]]
    counts = [int(flags.sum()) for flags in alarms]
    areas = []
    for size in range(window + 1):
        extended, parts = _extended(labels, size)
        points = [
            _point(flags, count, labels, extended, parts)
            for flags, count in zip(alarms, counts, strict=True)
        ]
        recall, false, precision = np.array([(0, 0, 1), *points, (1, 1, 1)]).T
        roc = np.diff(false) @ (recall[1:] + recall[:-1]) / 2
        areas.append((roc, np.diff(recall[:-1]) @ precision[1:-1]))
    roc, pr = np.mean(areas, axis=0)
    return float(roc), float(pr)


def _extended(labels: NDArray[np.bool_], size: int) -> tuple[Numbers, list[slice]]:
    """Return labels that fall off beside events, and the parts of the series that this reaches."""
    bounds = np.flatnonzero(np.diff(np.concatenate([[0], labels, [0]]))).reshape(-1, 2)
    extended, reach = labels.astype(float), size // 2
    parts: list[slice] = []
    for start, stop in bounds:
        low, high = max(start - reach, 0), min(stop + reach, len(labels))
        for place in [*range(low, start), *range(stop, high)]:
            distance = start - place if place < start else place - stop + 1
            extended[place] += np.sqrt(1 - distance / size)
        if parts and low < parts[-1].stop:
            low = parts.pop().start
        parts.append(slice(low, high))
    return np.minimum(extended, 1), parts


def _point(
    flags: NDArray[np.bool_],
    count: int,
    labels: NDArray[np.bool_],
    extended: Numbers,
    parts: list[slice],
) -> tuple[float, float, float]:
    """Return recall, rate of false alarms and precision of one threshold."""
    true = sum(extended[part] @ flags[part] for part in parts)
    detected = sum(np.count_nonzero(labels[part] & flags[part]) for part in parts)
    anomalous = sum(np.count_nonzero(labels[part]) for part in parts)
    positives = anomalous + (true - detected) / 2
    found = sum(bool(flags[part].any()) for part in parts) / len(parts)
    recall = min(true / positives, 1) * found
    return recall, (count - true) / (len(labels) - positives), true / count
