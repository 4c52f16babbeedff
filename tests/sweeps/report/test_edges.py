"""When the best is at an end of what was tried, and what to type to go on there."""

import pytest

from stride.config.sweep.space import parse_dimension
from stride.config.sweep.spec import SweepSpec
from stride.sweeps.report.edges import at_edges, next_number, widened

LR = "optimizer_kwargs.lr"


def edges_of(asked, best):
    return at_edges(SweepSpec.from_json(asked), best)


@pytest.mark.parametrize(
    ("dimension", "value", "end"),
    [
        ("float(1e-5,1e-1,log)", 7e-2, "high"),
        ("float(1e-5,1e-1,log)", 4e-3, None),  # 0.04 of the width, were it not logarithmic
        ("float(1e-5,1e-1,log)", 1.2e-5, "low"),
        ("float(0,1)", 0.97, "high"),
        ("int(1,6)", 6, "high"),
        ("int(1,6)", 2, None),
        ("int(1,64,log)", 2, None),
        ("choice(0.1,0.2)", 0.2, None),
    ],
)
def test_nearness_is_that_of_the_scale(dimension, value, end):
    found = edges_of({"search": {LR: dimension}}, {LR: value})
    assert [one.end for one in found] == ([end] if end else [])


@pytest.mark.parametrize(
    ("dimension", "end", "wider"),
    [
        ("float(1e-5,1e-1,log)", "high", "float(1e-05,1,log)"),
        ("float(1e-5,1e-1,log)", "low", "float(1e-06,0.1,log)"),
        ("float(0.9,1.1)", "high", "float(0.9,1.15)"),
        ("float(0.9,1.1)", "low", "float(0.85,1.1)"),
        ("float(-1,1)", "low", "float(-1.5,1)"),
        ("float(0,1)", "low", None),
        ("float(0.1,1)", "low", "float(0,1)"),
        ("float(0,0.5,step=0.1)", "high", "float(0,0.7,step=0.1)"),
        ("int(1,6)", "high", "int(1,8)"),
        ("int(1,6)", "low", None),
        ("int(4,6)", "low", "int(3,6)"),
        ("int(8,64,step=8)", "high", "int(8,80,step=8)"),
        ("int(8,512,log)", "high", "int(8,1400,log)"),
        ("int(8,512,log)", "low", "int(2,512,log)"),
        ("int(1,64,log)", "low", None),
        ("float(1,1.7e308,log)", "high", None),
        ("float(1e16,10000000000000002)", "high", None),
        ("float(0,1) if a.b=1", "high", "float(0,1.2) if a.b=1"),
    ],
)
def test_a_range_is_widened_in_its_own_scale_and_keeps_its_sign(dimension, end, wider):
    found = widened(parse_dimension(dimension), end)
    assert (None if found is None else str(found)) == wider


@pytest.mark.parametrize(
    ("numbers", "after"),
    [
        ([1e-3, 1e-2], 0.1),
        ([1e-2, 1e-3], 1e-4),
        ([16, 32, 64], 128),
        ([64, 32, 16], 8),
        ([4, 2, 1], None),
        ([0.0, 0.1, 0.2], 0.4),
        ([0.2, 0.1, 0.0], None),
        ([1, 2, 3, 4], 5),
        ([-1.0, -2.0], -4.0),
        ([10, 11], 12),
        ([1.0, 1e300], None),
    ],
)
def test_a_list_goes_on_by_its_last_ratio_or_difference(numbers, after):
    assert next_number(numbers) == after


def test_the_warning_says_what_to_type():
    (found,) = edges_of({"search": {LR: "float(1e-5,1e-1,log)"}}, {LR: 0.09831953347034378})
    assert found.sentence == (
        "lr=0.09832 is at the upper end of what was tried, float(1e-05,0.1,log); "
        "to try values beyond: --search 'lr=float(1e-05,1,log)'"
    )
    (found,) = edges_of({"search": {"model_kwargs.depth": "int(1,6)"}}, {"model_kwargs.depth": 1})
    assert found.sentence == "depth=1 is at the lower end of what was tried, int(1,6)"


def test_a_grid_of_numbers_has_ends_and_no_other_has():
    grid = {
        LR: [1e-3, 1e-2, 1e-1],
        "model_kwargs.depth": [3],
        "model_kwargs.hidden": [[64], [128]],
        "model_kwargs.bias": [True, False],
        "seed": [0, 1, 2],
    }
    best = {
        LR: 1e-3,
        "model_kwargs.depth": 3,
        "model_kwargs.hidden": [64],
        "model_kwargs.bias": True,
        "seed": 0,
    }
    (found,) = edges_of({"grid": grid}, best)
    assert (found.key, found.end, found.tried) == (LR, "low", "0.001,0.01,0.1")
    assert found.wider == "--grid lr=0.001,0.01,0.1,0.0001"
    assert edges_of({"grid": grid}, best | {LR: 1e-2}) == []


def test_a_dimension_that_was_not_active_has_no_end():
    search = {LR: "float(0,1)", "optimizer_kwargs.momentum": f"float(0,1) if {LR}=0.5"}
    assert edges_of({"search": search}, {LR: 0.4}) == []
