"""How exactly a training was restored is told part by part, and by what surrounds it."""

import math

import numpy as np
import pytest
import torch

from stride.engine.checkpoint.fidelity import (
    parts_restored,
    present_versions,
    same,
    surroundings_changed,
)
from stride.engine.state import TrainState


class Part:
    def __init__(self, value):
        self.value = value

    def state_dict(self):
        return {"value": self.value}

    def load_state_dict(self, state):
        self.value = state["value"]


EQUAL = [
    (math.nan, math.nan),
    ([1, (2.0, "a")], [1, (2.0, "a")]),
    ((1, 2), [1, 2]),
    ({"a": torch.tensor([math.nan, -0.0])}, {"a": torch.tensor([math.nan, -0.0])}),
    (np.array([1, 2], np.uint32), np.array([1, 2], np.uint32)),
    (torch.tensor(3), torch.tensor(3)),
    (torch.ones(4)[::2], torch.ones(2)),
    (torch.tensor([True]), torch.tensor([True])),
    (torch.ones(2, dtype=torch.bfloat16), torch.ones(2, dtype=torch.bfloat16)),
    (torch.empty(0), torch.empty(0)),
    (np.zeros(3).nonzero()[0].copy(), np.zeros(0, np.int64)),  # which has a stride of 0
    (None, None),
]
UNEQUAL = [
    (0.0, -0.0),
    (0.1 + 0.2, 0.3),
    ([1, 2], [1, 2, 3]),
    ({"a": 1}, {"a": 1, "b": 2}),
    (torch.tensor([0.0]), torch.tensor([-0.0])),
    (torch.ones(2), torch.ones(2, dtype=torch.float64)),
    (torch.ones(2), torch.ones(2, 1)),
    (np.array([1.0]), np.array([1.0 + 1e-15])),
    (None, 0.0),
    ("a", "b"),
]


@pytest.mark.parametrize(("one", "other"), EQUAL)
def test_values_with_the_same_bits_are_the_same(one, other):
    assert same(one, other) and same(other, one)


@pytest.mark.parametrize(("one", "other"), UNEQUAL)
def test_one_other_bit_makes_another_value(one, other):
    assert not same(one, other) and not same(other, one)


def test_parts_are_told_by_name():
    saved = TrainState(a=Part(1.0), b=Part(2.0), gone=Part(3), clock=Part(4)).state_dict()
    state = TrainState(a=Part(1.0), b=Part(2.5), new=Part(0), clock=Part(5))
    exact, inexact = parts_restored(state, saved)
    assert exact == ["counters", "a", "clock"]
    assert inexact == {
        "new": "not in the checkpoint: it starts over",
        "gone": "in the checkpoint, and nothing here takes it",
        "b": "is not what was saved",
    }


def test_a_state_that_was_loaded_is_exact():
    saved = TrainState(a=Part(1.0), b=Part(2.0)).state_dict()
    state = TrainState(a=Part(0), b=Part(0))
    state.load_state_dict(saved)
    assert parts_restored(state, saved) == (["counters", "a", "b"], {})


NOW = {"world_size": 1, "devices": ["cpu"], "threads": 2}


def test_what_surrounds_the_training_is_compared_where_it_is_known():
    record = {**NOW, "versions": present_versions()}
    assert surroundings_changed(record, NOW) == {}
    assert surroundings_changed({}, NOW) == {}
    changed = surroundings_changed(
        {"world_size": 4, "devices": ["NVIDIA H200"] * 4, "threads": 2}, NOW
    )
    assert changed == {
        "world_size": "4 then, 1 now",
        "devices": "['NVIDIA H200', 'NVIDIA H200', 'NVIDIA H200', 'NVIDIA H200'] then, ['cpu'] now",
    }


def test_versions_are_compared():
    record = {**NOW, "versions": {**present_versions(), "torch": "2.0", "stride": "0"}}
    assert set(surroundings_changed(record, NOW)) == {"torch", "stride"}
    assert surroundings_changed(record, NOW)["torch"] == f"2.0 then, {torch.__version__} now"


def test_the_same_numbers_in_another_order_in_memory_are_not_what_was_saved():
    saved = TrainState(a=Part(torch.ones(2, 3).T)).state_dict()
    exact, inexact = parts_restored(TrainState(a=Part(torch.ones(3, 2))), saved)
    assert exact == ["counters"]
    assert inexact == {"a": "has the numbers that were saved, in another order in memory"}


class Named(Part):
    def __init__(self, value):
        super().__init__(value)
        self.unrestored = {}

    def state_dict(self):
        return self.value

    def load_state_dict(self, state):
        self.value = state


def test_a_part_that_tells_name_by_name_is_exact_where_it_has_all():
    saved = TrainState(a=Named(1), b=Named({}), c=Named(2)).state_dict()
    state = TrainState(a=Named(1), b=Named({}), c=Named(2))
    state.parts["c"].unrestored = {"network.x": "is gone"}
    exact, inexact = parts_restored(state, saved)
    assert "a" in exact and "c" not in exact and inexact == {"network.x": "is gone"}


def test_an_older_state_lacks_no_part_that_would_be_empty():
    class Empty(Part):
        def state_dict(self):
            return {}

    saved = TrainState(a=Part(1)).state_dict()
    assert parts_restored(TrainState(a=Part(1), new=Empty(0)), saved)[1] == {}
