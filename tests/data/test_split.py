"""The division into splits is disjoint, exhaustive and stable."""

import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st

from stride.data.split import split_indices, subsample_indices
from stride.errors import DataError


@given(st.integers(10, 3000), st.floats(0.1, 0.4), st.floats(0.1, 0.4), st.integers(0, 2**62))
@example(10, 0.25, 0.15, 0)  # halves are rounded
@example(11, 0.4, 0.4, 2**62)
def test_splits_are_disjoint_and_together_all(num, val, test, seed):
    parts = split_indices(num, val, test, seed)
    assert torch.equal(torch.cat(list(parts.values())).sort().values, torch.arange(num))
    assert len(parts["val"]) == round(num * val)
    assert len(parts["test"]) == round(num * test)


def test_the_split_depends_on_its_arguments_alone():
    first = split_indices(100, 0.2, 0.1, 7)
    torch.rand(5)
    split_indices(50, 0.2, 0.1, 3)
    again = split_indices(100, 0.2, 0.1, 7)
    assert all(torch.equal(first[key], again[key]) for key in first)
    assert not torch.equal(first["val"], split_indices(100, 0.2, 0.1, 8)["val"])


def test_the_split_of_a_seed_is_pinned():
    # A change here changes the data of every existing run.
    assert split_indices(20, 0.15, 0.15, 0)["val"].tolist() == [4, 8, 12]


def test_a_fraction_of_zero_makes_an_empty_split():
    parts = split_indices(10, 0.0, 0.0, 0)
    assert [len(part) for part in parts.values()] == [10, 0, 0]


@pytest.mark.parametrize(
    ("num", "val", "test", "message"),
    [
        (3, 0.1, 0.1, "val_fraction=0.1 of 3 samples is none"),
        (10, 0.1, 0.01, "test_fraction=0.01 of 10 samples is none"),
        (10, 0.5, 0.5, "leave none to train on"),
        (10, -0.5, 0.1, "val_fraction=-0.5 is not a fraction"),
        (10, 1.5, 0.1, "val_fraction=1.5 is not a fraction"),
    ],
)
def test_impossible_fractions_are_refused(num, val, test, message):
    with pytest.raises(DataError, match=message):
        split_indices(num, val, test, 0)


def test_a_smaller_subsample_is_part_of_a_larger_one():
    small, large = (set(subsample_indices(100, rate, 4).tolist()) for rate in (0.1, 0.5))
    assert len(small) == 10 and len(large) == 50 and small < large
    assert small != set(subsample_indices(100, 0.1, 5).tolist())
    assert len(subsample_indices(100, 0.001, 0)) == 1


def test_the_subsample_of_a_seed_is_pinned_and_is_not_that_of_the_split():
    kept = subsample_indices(20, 0.25, 0)
    assert kept.tolist() == [3, 7, 9, 14, 18]
    assert not torch.equal(kept, split_indices(20, 0.0, 0.75, 0)["train"])


@pytest.mark.parametrize(("rate", "counts"), [(2.0, {2: 20}), (3.25, {3: 15, 4: 5})])
def test_a_rate_above_one_repeats_all_and_some_once_more(rate, counts):
    kept = subsample_indices(20, rate, 0)
    times = torch.bincount(kept, minlength=20)
    assert {int(n): int((times == n).sum()) for n in times.unique()} == counts
    assert kept.tolist() == sorted(kept.tolist())
    more = (times > times.min()).nonzero().flatten()
    assert not len(more) or torch.equal(more, subsample_indices(20, rate % 1, 0))


@pytest.mark.parametrize("rate", [0.0, -1.0, float("inf"), float("nan")])
def test_an_impossible_rate_is_refused(rate):
    with pytest.raises(DataError, match="subsample_rate"):
        subsample_indices(10, rate, 0)
