"""The first labelled samples follow from the seed, evenly over the classes where that is asked."""

import torch

from stride.active.initial_set import start_ids

TARGETS = torch.tensor([0] * 20 + [1] * 6 + [2] * 4)


def chosen(start, size, seed=0):
    return start_ids(start, size, len(TARGETS), lambda: TARGETS, seed).tolist()


def test_the_seed_decides():
    assert chosen("random", 5) == chosen("random", 5) != chosen("random", 5, seed=1)
    assert chosen("random", 5) == chosen("random", 9)[:5]
    # A change here changes the start of earlier runs that are done again.
    assert chosen("random", 5) == [23, 15, 27, 13, 4]


def test_no_class_has_a_second_sample_before_each_has_one():
    for seed in range(5):
        order = TARGETS[chosen("stratified", 18, seed)]
        assert order[:3].unique().tolist() == order[3:6].unique().tolist() == [0, 1, 2]
        assert order.bincount().tolist() == [8, 6, 4]
    assert chosen("stratified", 6) != chosen("stratified", 6, seed=1)
