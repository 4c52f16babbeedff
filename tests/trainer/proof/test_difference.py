"""The first place where two states differ, in the words of the user's own names."""

import pytest
import torch

from stride.trainer.proof.difference import first_place, state_difference

OPTIMIZED = ["net.0.weight", "net.0.bias"]


def state(**changed):
    moments = {"step": torch.tensor(3.0), "exp_avg": torch.zeros(2)}
    parts = {
        "counters": {"step": 3, "epoch": 0, "position": 12},
        "model": {"net.0.weight": torch.ones(2, 2), "time": torch.ones(1)},
        "optimizer": {"state": {0: moments, 1: moments}, "param_groups": [{"lr": 0.1}]},
        "clock": {"wall_seconds": 1.0},
        "callback-Own": {"seen": [1, 2], "batch_seconds": 0.5},
    }
    return parts | changed


def found(**changed):
    return list(state_difference(state(), state(**changed), OPTIMIZED))


def moments(**changed):
    return {"step": torch.tensor(3.0), "exp_avg": torch.zeros(2)} | changed


@pytest.mark.parametrize(
    ("changed", "places"),
    [
        ({}, []),
        ({"clock": {"wall_seconds": 2.0}}, []),
        ({"callback-Own": {"seen": [1, 2], "batch_seconds": 9.0}}, []),
        ({"callback-Own": {"seen": [1, 3], "batch_seconds": 0.5}}, ["callback-Own / seen/1"]),
        ({"callback-Own": {"seen": [1], "batch_seconds": 0.5}}, ["callback-Own / seen/1"]),
        ({"more": {}}, ["more"]),
        ({"counters": {"step": 3, "epoch": 0}}, ["counters / position"]),
        (
            {"model": {"net.0.weight": torch.ones(2, 2), "time": torch.zeros(1)}},
            ["model / time"],
        ),
        (
            {
                "optimizer": {
                    "state": {0: moments(), 1: moments(exp_avg=-torch.zeros(2))},
                    "param_groups": [{"lr": 0.1}],
                }
            },
            ["optimizer / exp_avg of net.0.bias"],
        ),
        (
            {"optimizer": {"state": {0: moments()}, "param_groups": [{"lr": 0.1}]}},
            ["optimizer / state of net.0.bias"],
        ),
        (
            {
                "optimizer": {
                    "state": {0: moments(), 1: moments()},
                    "param_groups": [{"lr": 0.2}],
                }
            },
            ["optimizer / param_groups/0/lr"],
        ),
    ],
)
def test_the_first_place_of_each_part_is_named(changed, places):
    assert found(**changed) == places


def test_equal_values_have_no_place():
    assert first_place({"a": [1.0, float("nan")]}, {"a": [1.0, float("nan")]}) is None
    assert first_place(1, 2) == ()
