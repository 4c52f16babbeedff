"""Ranks agree at steps that all of them know."""

import time

import pytest

from stride.engine.agreement import Agreement
from stride.engine.loop import StopRequest


def _due(seconds):
    agreement, due = Agreement(StopRequest(), 50, 1000), []
    for step in range(1, 8):
        time.sleep(seconds)
        if agreement.is_due(step):
            due.append(step)
            agreement.agree(step)
    return due


@pytest.mark.ddp
def test_slow_steps_are_agreed_on_more_often(ranks):
    """A launcher kills what does not leave soon after a signal, whatever a step takes."""
    for seconds, expected in ((0.0, [1, 2]), (0.7, [1, 2, 3, 4, 5, 6, 7])):
        assert ranks(2, _due, seconds) == [expected] * 2
