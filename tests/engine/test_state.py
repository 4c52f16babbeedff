"""The training state is whatever has a state, gathered by name."""

import pytest

from stride.engine.state import TrainState


class Part:
    def __init__(self, value=0):
        self.value = value

    def state_dict(self):
        return {"value": self.value}

    def load_state_dict(self, state):
        self.value = state["value"]


def test_counters_and_parts_come_back():
    state = TrainState(a=Part(1), b=Part(2))
    state.step, state.epoch, state.position = 7, 2, 30
    other = TrainState(a=Part(), b=Part())
    other.load_state_dict(state.state_dict())
    assert other.state_dict() == state.state_dict()
    assert other.parts["b"].value == 2


def test_a_missing_part_is_an_error():
    with pytest.raises(KeyError, match="b"):
        TrainState(a=Part(), b=Part()).load_state_dict(TrainState(a=Part()).state_dict())
