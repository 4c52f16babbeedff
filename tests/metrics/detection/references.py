"""Measures of detection by their definitions, slow and without a thought for it; random cases."""

from itertools import pairwise
from typing import NamedTuple

import numpy as np


class Case(NamedTuple):
    """A series: scores, often tied, labels of both classes, alarms, and a window."""

    scores: np.ndarray
    labels: np.ndarray
    predicted: np.ndarray
    window: int


def random_case(seed: int) -> Case:
    """Return a short series; events of one point and at its edges are frequent."""
    draw = np.random.default_rng(seed)
    count = int(draw.integers(5, 60))
    labels = np.zeros(count, bool)
    for _ in range(draw.integers(1, 6)):
        start = draw.integers(count)
        labels[start : start + draw.choice([1, 1, 2, 3, 8])] = True
    labels[0] |= draw.random() < 0.3
    labels[-1] |= draw.random() < 0.3
    if labels.all():
        labels[draw.integers(count)] = False
    tied = draw.integers(0, 6, count).astype(float)
    scores = draw.random(count) if draw.random() < 0.4 else tied
    cut = np.quantile(scores, draw.random())
    return Case(scores, labels, scores >= cut, int(draw.integers(0, 25)))


def roc_auc(case: Case) -> float:
    """Return how often an anomaly scores higher than a normal point, ties counted half."""
    anomalous, normal = case.scores[case.labels], case.scores[~case.labels]
    higher = anomalous[:, None] > normal[None, :]
    equal = anomalous[:, None] == normal[None, :]
    return float((higher + equal / 2).mean())


def pr_auc(case: Case) -> float:
    """Return the sum over the scores, from the highest, of gained recall times precision."""
    total, before = 0.0, 0.0
    for cut in sorted(set(case.scores), reverse=True):
        alarms = case.scores >= cut
        recall = case.labels[alarms].sum() / case.labels.sum()
        total += (recall - before) * case.labels[alarms].mean()
        before = recall
    return float(total)


def ranges(flags: np.ndarray) -> list[range]:
    """Return the maximal runs of set points."""
    found: list[range] = []
    for place in np.flatnonzero(flags).tolist():
        if found and found[-1].stop == place:
            found[-1] = range(found[-1].start, place + 1)
        else:
            found.append(range(place, place + 1))
    return found


def range_reward(asked: np.ndarray, other: np.ndarray, existence: float) -> float:
    """Return the mean over the ranges asked about of existence and overlap reward."""
    rewards = []
    for one in ranges(asked):
        shared = [set(one) & set(two) for two in ranges(other)]
        pieces = [piece for piece in shared if piece]
        overlap = sum(len(piece) / len(one) for piece in pieces) / max(len(pieces), 1)
        rewards.append(existence * bool(pieces) + (1 - existence) * overlap)
    return float(np.mean(rewards)) if rewards else np.nan


CELL = 0.25
"""Between multiples of it each function that is integrated is linear: its middle is its mean."""


def affiliation(predicted: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
    """Return (precision, recall) by integrating chances over cells of time."""
    events, alarms = ranges(labels), ranges(predicted)
    middles = [(a.stop + b.start) / 2 for a, b in pairwise(events)]
    bounds = [0.0, *middles, float(len(labels))]
    pairs = []
    for event, begin, end in zip(events, bounds, bounds[1:], strict=False):
        cut = [(max(a.start, begin), min(a.stop, end)) for a in alarms]
        inside = [(low, high) for low, high in cut if low < high]
        zone = (begin, end)
        far = [_far_from_event(x, event, zone) for low, high in inside for x in _cells(low, high)]
        missed = [_far_from_alarms(y, inside, zone) for y in _cells(event.start, event.stop)]
        pairs.append((np.mean(far) if far else np.nan, np.mean(missed)))
    precisions, recalls = np.array(pairs).T
    known = precisions[~np.isnan(precisions)]
    return (float(known.mean()) if len(known) else np.nan), float(recalls.mean())


def _cells(low: float, high: float) -> np.ndarray:
    return np.arange(low + CELL / 2, high, CELL)


def _far_from_event(place: float, event: range, zone: tuple[float, float]) -> float:
    distance = max(event.start - place, place - event.stop, 0)
    if not distance:
        return 1.0
    return _outside(event.start - distance, event.stop + distance, zone)


def _far_from_alarms(
    place: float, alarms: list[tuple[float, float]], zone: tuple[float, float]
) -> float:
    if not alarms:
        return 0.0
    distance = min(max(low - place, place - high, 0) for low, high in alarms)
    return _outside(place - distance, place + distance, zone)


def _outside(low: float, high: float, zone: tuple[float, float]) -> float:
    """Return the share of a zone that is outside of an interval."""
    begin, end = zone
    return 1 - (min(high, end) - max(low, begin)) / (end - begin)


def point_adjusted_f1(predicted: np.ndarray, labels: np.ndarray) -> float:
    """Return the F1 after every event with an alarm was filled up."""
    filled = predicted.copy()
    for event in ranges(labels):
        filled[event] |= predicted[event].any()
    return float(2 * (filled & labels).sum() / (filled.sum() + labels.sum()))
