"""Precision and recall by affiliation: how near alarms and events are, beside chance."""

from typing import NamedTuple

import numpy as np

from stride.metrics.detection.events import Events
from stride.metrics.detection.labelled_scores import Flags, Floats


class _Zone(NamedTuple):
    """An event, as an interval of time, and the part of the series that is nearest to it."""

    begin: float
    start: float
    stop: float
    end: float

    @property
    def length(self) -> float:
        return self.end - self.begin


def affiliation_scores(predicted: Flags, labels: Flags) -> tuple[float, float]:
    """Return affiliation (precision, recall); precision is NaN where nothing is predicted.

    Each event has the part of the series that is nearer to it than to others. There precision is
    the mean, over what is predicted, of the chance that a random place is farther from the event,
    and recall, over the event, of the chance that a random place is farther than the nearest
    alarm. Both are means over the events; a zone without an alarm has recall 0 and no precision.
    A point i is the interval from i to i + 1, so that the integrals are exact.

    Source: Huet, Navarro and Rossi, Local Evaluation of Time Series Anomaly Detection Algorithms,
    KDD 2022.

    Args:
        predicted: (n,), which points are called anomalous.
        labels: (n,), at least one is set.
    """
    alarms, pairs = Events.of(predicted), []
    for zone in _zones(Events.of(labels), len(labels)):
        starts, stops = _within(alarms, zone)
        pairs.append((_precision(starts, stops, zone), _recall(starts, stops, zone)))
    precisions, recalls = np.array(pairs).T
    known = precisions[~np.isnan(precisions)]
    return float(known.mean()) if len(known) else np.nan, float(recalls.mean())


def _zones(events: Events, count: int) -> list[_Zone]:
    middles = (events.stops[:-1] + events.starts[1:]) / 2
    bounds = np.concatenate([[0.0], middles, [float(count)]])
    columns = (bounds[:-1], events.starts, events.stops, bounds[1:])
    return [_Zone(*map(float, row)) for row in zip(*columns, strict=True)]


def _within(alarms: Events, zone: _Zone) -> tuple[Floats, Floats]:
    """Return the bounds of what alarms have in a zone."""
    first = int(np.searchsorted(alarms.stops, zone.begin, side="right"))
    last = int(np.searchsorted(alarms.starts, zone.end, side="left"))
    starts, stops = alarms.starts[first:last], alarms.stops[first:last]
    return np.maximum(starts, zone.begin), np.minimum(stops, zone.end)


def _precision(starts: Floats, stops: Floats, zone: _Zone) -> float:
    """Return the mean chance over what is predicted in a zone; 1 inside of the event."""
    if not len(starts):
        return np.nan
    total = float((stops - starts).sum())
    before = zone.start - np.minimum(starts, zone.start), zone.start - np.minimum(stops, zone.start)
    after = np.maximum(stops, zone.stop) - zone.stop, np.maximum(starts, zone.stop) - zone.stop
    lost = [_nearer(far, zone) - _nearer(near, zone) for far, near in (before, after)]
    return 1 - float(np.sum(lost)) / zone.length / total


def _nearer(distance: Floats, zone: _Zone) -> Floats:
    """Return the integral, up to a distance, of how much of a zone is as near to its event."""
    sides = zone.start - zone.begin, zone.end - zone.stop
    areas = [np.where(distance <= s, distance**2 / 2, s * distance - s * s / 2) for s in sides]
    total: Floats = (zone.stop - zone.start) * distance + areas[0] + areas[1]
    return total


def _recall(starts: Floats, stops: Floats, zone: _Zone) -> float:
    """Return the mean chance over an event: the integral of a piecewise linear function."""
    if not len(starts):
        return 0.0
    single = [zone.start, zone.stop, (zone.begin + zone.end) / 2]
    single += [(zone.begin + starts[0]) / 2, (zone.end + stops[-1]) / 2]
    corners = np.concatenate([starts, stops, (stops[:-1] + starts[1:]) / 2, single])
    places = np.unique(np.clip(corners, zone.start, zone.stop))
    distance = _distances(places, starts, stops)
    # The part of the zone that is nearer to a place than its nearest alarm.
    nearer = np.minimum(distance, places - zone.begin) + np.minimum(distance, zone.end - places)
    lost = float(np.diff(places) @ (nearer[1:] + nearer[:-1])) / 2
    return 1 - lost / zone.length / (zone.stop - zone.start)


def _distances(places: Floats, starts: Floats, stops: Floats) -> Floats:
    """Return how far places are from the nearest interval; 0 inside of one."""
    after = np.searchsorted(starts, places, side="right")
    left = np.maximum(places - np.append(-np.inf, stops)[after], 0)
    right = np.append(starts, np.inf)[after] - places
    nearest: Floats = np.minimum(left, right)
    return nearest
