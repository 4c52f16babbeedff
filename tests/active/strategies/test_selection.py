"""The largest scores: ties by the seed, limits by class, nothing that is not finite."""

import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st

from stride.active.strategies.selection import class_weights, require_finite, top_k, top_k_by_class
from stride.errors import ConfigError, NonFiniteError


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def by_class(scores, count, predicted, weights, seed=0):
    return top_k_by_class(
        torch.tensor(scores),
        count,
        seeded(seed),
        predicted=torch.tensor(predicted),
        weights=weights,
    ).tolist()


def test_the_largest_come_first() -> None:
    scores = torch.tensor([0.3, 0.9, 0.1, 0.7], dtype=torch.float64)
    assert top_k(scores, 3, seeded()).tolist() == [1, 3, 0]


def test_of_fewer_than_are_asked_for_all_are_chosen() -> None:
    assert top_k(torch.tensor([0.3, 0.9]), 5, seeded()).tolist() == [1, 0]
    assert top_k(torch.zeros(0), 5, seeded()).tolist() == []


def test_ties_are_broken_by_the_seed_and_by_nothing_else() -> None:
    scores = torch.tensor([1.0, 0.5, 0.5, 0.5, 0.5, 0.0])
    found = [top_k(scores, 3, seeded(seed)).tolist() for seed in range(40)]
    assert found[7] == top_k(scores, 3, seeded(7)).tolist()
    assert {one[0] for one in found} == {0}
    assert {position for one in found for position in one[1:]} == {1, 2, 3, 4}


@given(st.lists(st.integers(0, 5), max_size=30), st.integers(1, 10), st.integers(0, 99))
@example([1, 5, 1, 5, 1, 1], 3, 0)  # the last one chosen ties with others
@example([2, 2], 3, 0)
@example([], 1, 0)
def test_nobody_left_out_has_more_than_somebody_chosen(
    numbers: list[int], count: int, seed: int
) -> None:
    chosen = top_k(torch.tensor(numbers, dtype=torch.float64), count, seeded(seed)).tolist()
    values = [numbers[position] for position in chosen]
    assert len(set(chosen)) == len(chosen) == min(count, len(numbers))
    assert values == sorted(numbers, reverse=True)[:count]


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), float("-inf")])
def test_scores_that_are_not_finite_are_refused_with_their_place(bad: float) -> None:
    with pytest.raises(NonFiniteError, match=r"scores of 1 of 3 samples .* position 2 of the pool"):
        top_k(torch.tensor([0.1, 0.2, bad]), 1, seeded())


def test_rows_that_are_not_finite_are_counted_once() -> None:
    rows = torch.tensor([[0.0, 1.0], [torch.nan, torch.inf]])
    with pytest.raises(NonFiniteError, match=r"features of 1 of 2 samples"):
        require_finite(rows, "features")


def test_a_class_has_at_most_its_share() -> None:
    scores = [0.9, 0.8, 0.7, 0.6, 0.5, 0.4]
    assert by_class(scores, 4, [0, 0, 0, 1, 1, 1], {0: 0.5, 1: 0.5}) == [0, 1, 3, 4]
    assert by_class(scores, 4, [0, 0, 0, 1, 1, 1], {0: 0.25}) == [0, 3, 4, 5]


def test_a_share_is_rounded_up_and_not_beyond_by_the_arithmetic() -> None:
    scores = [1.0 - i / 400 for i in range(200)]
    predicted = [0] * 100 + [1] * 100
    found = by_class(scores, 100, predicted, {0: 0.07})  # as floats, 0.07 * 100 > 7
    assert sum(position < 100 for position in found) == 7
    assert by_class(scores, 3, predicted, {0: 0.5})[:2] == [0, 1]


def test_the_next_best_fill_what_the_shares_leave_open() -> None:
    scores = [0.9, 0.8, 0.7, 0.6]
    assert by_class(scores, 4, [0, 0, 0, 1], {0: 0.25, 1: 0.25}) == [0, 3, 1, 2]
    assert by_class(scores, 9, [0, 0, 0, 1], {0: 0.0}) == [3, 0, 1, 2]


def test_ties_within_a_class_are_broken_by_the_seed() -> None:
    found = {tuple(by_class([0.5] * 4, 2, [0, 0, 1, 1], {0: 0.5}, seed)) for seed in range(40)}
    assert len(found) > 3
    assert all(sum(position < 2 for position in one) <= 1 for one in found)


def test_weights_are_a_table_or_a_list_by_class() -> None:
    assert class_weights([0.5, 0.25]) == {0: 0.5, 1: 0.25} == class_weights({0: 0.5, 1: 0.25})


def test_classes_may_be_written_as_json_writes_keys_and_are_numbers() -> None:
    assert class_weights({"2": 0.5}) == {2: 0.5}
    with pytest.raises(ConfigError, match=r"class_weights: .*'cat'"):
        class_weights({"cat": 0.5})


@pytest.mark.parametrize("bad", [-0.1, float("nan"), float("inf")])
def test_a_weight_that_is_no_share_is_refused(bad: float) -> None:
    with pytest.raises(ConfigError, match=r"class_weights: the weight of class 1 is"):
        class_weights([0.5, bad])
