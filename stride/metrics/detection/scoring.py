"""Score anomalies: the one call that measures a score beside what it has to beat."""

from collections.abc import Iterable
from typing import Any, get_args

import numpy as np

from stride.errors import DataError, nearest
from stride.metrics.detection.baselines import Unit, baselines
from stride.metrics.detection.bootstrap import Bootstrap
from stride.metrics.detection.events import Events
from stride.metrics.detection.labelled_scores import LabelledScores
from stride.metrics.detection.measurement import Yardstick
from stride.metrics.detection.report import DetectionScores, ScoreRow
from stride.metrics.detection.thresholds import BestF1, Threshold, ThresholdRule
from stride.metrics.detection.window import Window, choose_window

SCORE = "score"
_BEST_F1 = BestF1()


def detection_scores(
    scores: Any,
    labels: Any = None,
    *,
    inputs: Any = None,
    unit: Unit = "point",
    validation: LabelledScores | None = None,
    rule: ThresholdRule = _BEST_F1,
    window: int | None = None,
    resamples: int = 1000,
    block: int | None = None,
    seed: int = 0,
) -> DetectionScores:
    """Measure how well scores find anomalies, beside a random score and the mean |x|.

    Where all labels are of one class, or there are none, each measure is NaN with the reason.

    Args:
        scores: (n,), one number a point of a series, or a snippet; larger is more anomalous.
        labels: (n,) of 0 (normal) and 1 (anomalous); None where there are none.
        inputs: (n,), (channels, n) or (1, channels, n) of a series, (n, ...) of snippets.
        unit: "point" of one series in its order; "snippet" where the order means nothing.
        validation: another set, by which thresholds are chosen; without it what depends on
            thresholds is NaN: one chosen on the same labels would flatter.
        rule: how: `BestF1()` or `FalsePositiveRate(rate)`.
        window: the largest of the volumes, in points; the period of the inputs if not given.
        resamples: of the bootstrap; 0 gives no intervals.
        block: length of its blocks; if not given, 1 of snippets, of a series the window or the
            longest event, whichever is longer.
        seed: of the random score, of random alarms and of the bootstrap.

    Raises:
        DataError: shapes that do not fit, numbers that are not finite, labels that are not 0 and
            1, or an argument out of its range.
    """
    _require_unit(unit)
    _require_numbers(resamples, block, seed)
    data, ordered = LabelledScores.of(scores, labels, inputs), unit == "point"
    sets = {SCORE: data, **baselines(data, unit, (seed, 0))}
    used = choose_window(window, data.inputs) if ordered else Window(0, "snippets have no order")
    events = Events.of(data.labels & ordered)
    longest = max([1, used.size, *events.lengths.tolist()])
    bootstrap = Bootstrap(resamples, block or min(longest, len(data.scores)), seed)
    yardstick = Yardstick(ordered, used, bootstrap, seed)
    thresholds = _thresholds(sets, validation, rule, unit, seed)
    rows = {
        name: ScoreRow(thresholds[name], yardstick.measure(one, thresholds[name]))
        for name, one in sets.items()
    }
    anomalous = int(data.labels.sum())
    return DetectionScores(
        unit, len(data.scores), anomalous, len(events), str(rule), yardstick, rows
    )


def _thresholds(
    names: Iterable[str],
    validation: LabelledScores | None,
    rule: ThresholdRule,
    unit: Unit,
    seed: int,
) -> dict[str, Threshold]:
    """Return the threshold of each score, chosen on what it gives on the validation set."""
    if validation is None:
        missing = Threshold(np.nan, "there is no validation set to choose a threshold on")
        return dict.fromkeys(names, missing)
    sets = {SCORE: validation, **baselines(validation, unit, (seed, 1))}
    missing = Threshold(np.nan, "the validation set has no inputs")
    return {name: rule.choose(sets[name]) if name in sets else missing for name in names}


def _require_numbers(resamples: int, block: int | None, seed: int) -> None:
    if resamples < 0 or seed < 0 or (block is not None and block < 1):
        raise DataError(
            f"resamples={resamples}, block={block} and seed={seed} are not from 0, 1 and 0 on",
            where="detection_scores",
            hint="type resamples=1000 and leave the others out, or resamples=0 for no intervals",
        )


def _require_unit(unit: str) -> None:
    if unit not in get_args(Unit):
        raise DataError(
            f"unit={unit!r} is neither 'point' nor 'snippet'",
            where="unit",
            hint=nearest(unit, get_args(Unit)) or "a series has a score a point",
        )
