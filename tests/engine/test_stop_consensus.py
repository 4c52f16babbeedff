"""Ranks agree at steps that all of them know."""

from types import SimpleNamespace

import pytest

from stride.distributed import rank
from stride.engine import stop_consensus as module
from stride.engine.stop_consensus import PerRankState, StopConsensus
from stride.engine.stopping import StopRequest


class Numbered:
    """A part of the state that is a number of its own on each rank."""

    def __init__(self):
        self.number = rank()

    def state_dict(self):
        return {"number": self.number}

    def load_state_dict(self, state):
        self.number = state["number"]

    def load_others(self, states):
        self.number = [state["number"] for state in states]


def _due(seconds):
    """Return the steps that are due by clocks on which a step takes so long, one a rank."""
    now, due = [0.0], []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "time", SimpleNamespace(monotonic=lambda: now[0]))
        consensus = StopConsensus(StopRequest(), 50, 1000)
        for step in range(1, 8):
            now[0] += seconds[rank()]
            if consensus.is_due(step):
                due.append(step)
            consensus.sync(step)
    return due


def _asked():
    consensus, own = StopConsensus(StopRequest(), 50, 1000), PerRankState(Numbered())
    consensus.local_request.reason, consensus.local_request.status = (
        f"rank {rank()}",
        ("stopped", "done")[rank()],
    )
    consensus.local_request.signal = 15 * rank()
    consensus.local_request.spent = "5m" * rank()
    news = consensus.sync(1, news=rank() == 1)
    saved = own.state_dict()
    own.part.number = None
    own.load_state_dict(saved)
    return consensus.stop, news, own.part.number


@pytest.mark.ddp
def test_slow_steps_are_agreed_on_more_often_by_rank_0s_clock(ranks):
    """A launcher kills what does not leave soon after a signal, whatever a step takes."""
    for seconds, expected in (((0.001, 0.7), [1, 2]), ((0.7, 0.001), [1, 2, 3, 4, 5, 6, 7])):
        assert ranks(2, _due, seconds) == [expected] * 2


@pytest.mark.ddp
def test_the_first_request_and_signal_are_obeyed_and_rank_0s_news_are_told(ranks):
    stop = StopRequest("rank 0", "stopped", 15, "5m")
    assert ranks(2, _asked) == [(stop, False, 0), (stop, False, 1)]


def test_the_states_of_more_ranks_are_given_to_who_knows_what_to_do_with_them():
    own = PerRankState(Numbered())
    own.load_state_dict({"ranks": [{"number": 3}, {"number": 4}]})
    assert own.part.number == [3, 4]
