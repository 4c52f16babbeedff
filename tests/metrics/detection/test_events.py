"""Ranges of set points, and what they share."""

import numpy as np

from stride.metrics.detection.events import Events

FLAGS = np.array([1, 0, 1, 1, 0, 0, 1], bool)


def test_events_are_maximal_ranges() -> None:
    events = Events.of(FLAGS)
    assert events.starts.tolist() == [0, 2, 6] and events.stops.tolist() == [1, 4, 7]
    assert len(events) == 3 and events.lengths.tolist() == [1, 2, 1]
    assert len(Events.of(np.zeros(3, bool))) == 0
    assert Events.of(np.ones(3, bool)).lengths.tolist() == [3]


def test_events_share_points() -> None:
    events, others = Events.of(FLAGS), Events.of(np.array([0, 1, 1, 0, 1, 1, 0], bool))
    assert events.counts(np.array([1, 1, 1, 0, 0, 0, 1], bool)).tolist() == [1, 1, 1]
    assert events.overlapping(others).tolist() == [0, 1, 0]
    assert others.overlapping(events).tolist() == [1, 0]
