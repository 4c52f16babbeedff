"""Advantages against sums made by hand, and against their definition."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from stride.rl.advantages import estimate_advantages, explained_variance

GAMMA, LAM = 0.9, 0.5


def column(*numbers):
    return torch.tensor([[float(number)] for number in numbers])


def flags(*given):
    return torch.tensor([[bool(one)] for one in given])


def estimated(rewards, values, next_values, terminated, truncated, is_transition=None):
    return estimate_advantages(
        rewards,
        values,
        next_values,
        terminated=terminated,
        ended=terminated | truncated,
        is_transition=torch.ones_like(terminated) if is_transition is None else is_transition,
        gamma=GAMMA,
        lam=LAM,
    )


def test_an_episode_that_goes_on_is_worth_what_comes_next():
    found = estimated(column(1, 2), column(3, 4), column(4, 5), flags(0, 0), flags(0, 0))
    last = 2 + 0.9 * 5 - 4  # 2.5
    first = 1 + 0.9 * 4 - 3  # 1.6
    torch.testing.assert_close(found, column(first + 0.45 * last, last))


def test_after_a_termination_nothing_is_worth_anything():
    found = estimated(column(1, 2), column(3, 4), column(7, 5), flags(1, 0), flags(0, 0))
    torch.testing.assert_close(found, column(1 - 3, 2.5))


def test_after_a_truncation_its_last_observation_is_worth_its_value():
    found = estimated(column(1, 2), column(3, 4), column(7, 5), flags(0, 0), flags(1, 0))
    torch.testing.assert_close(found, column(1 + 0.9 * 7 - 3, 2.5))


def test_a_step_that_terminates_and_is_cut_off_is_terminated():
    found = estimated(column(1), column(3), column(7), flags(1), flags(1))
    torch.testing.assert_close(found, column(-2))


def test_what_is_not_a_transition_has_no_advantage_and_gives_none():
    found = estimated(
        column(1, 9, 2), column(3, 8, 4), column(7, 4, 5), flags(0, 0, 0), flags(1, 0, 0),
        flags(1, 0, 1),
    )  # fmt: skip
    torch.testing.assert_close(found, column(4.3, 0, 2.5))


@st.composite
def episodes(draw):
    """Draw what became of each step of one environment: "", "terminated", "truncated", "reset"."""
    kinds = st.sampled_from(["", "", "", "terminated", "truncated", "reset"])
    return draw(st.lists(kinds, min_size=1, max_size=12))


@settings(max_examples=60, deadline=None)
@given(episodes(), st.integers(0, 1000))
def test_it_is_the_discounted_sum_of_errors_up_to_the_end(kinds, seed):
    draw = torch.Generator().manual_seed(seed)
    steps = len(kinds)
    rewards, values, next_values = torch.randn(3, steps, 1, generator=draw)
    errors = [
        float(rewards[t] + (0 if kinds[t] == "terminated" else GAMMA * next_values[t]) - values[t])
        for t in range(steps)
    ]
    expected = []
    for t in range(steps):
        total = 0.0
        for k in range(t, steps):
            if kinds[k] == "reset":
                break
            total += (GAMMA * LAM) ** (k - t) * errors[k]
            if kinds[k]:
                break
        expected.append(total)
    found = estimated(
        rewards,
        values,
        next_values,
        flags(*(kind == "terminated" for kind in kinds)),
        flags(*(kind == "truncated" for kind in kinds)),
        flags(*(kind != "reset" for kind in kinds)),
    )
    torch.testing.assert_close(found, column(*expected))


@pytest.mark.parametrize(
    ("returns", "values", "expected"),
    [
        ([1.0, 3.0], [1.0, 3.0], 1.0),
        ([1.0, 3.0], [11.0, 13.0], 1.0),  # errors that do not vary
        ([1.0, 3.0], [2.0, 2.0], 0.0),
        ([1.0, 3.0], [3.0, 1.0], -3.0),
        ([2.0, 2.0], [1.0, 3.0], 0.0),
    ],
)
def test_explained_variance(returns, values, expected):
    found = explained_variance(torch.tensor(returns), torch.tensor(values))
    assert found.item() == pytest.approx(expected)
