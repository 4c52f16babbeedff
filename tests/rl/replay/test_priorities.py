"""Batches that prefer what was wrong: shares and weights by hand."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from stride.errors import ComponentError
from stride.rl.replay.buffer import ReplayBuffer
from stride.rl.replay.priorities import Priorities, Prioritized
from stride.rl.replay.sum_tree import SumTree
from tests.rl.replay.scripts import CPU, SPACES, Script


def sampler(errors, rows=10, **options):
    """Return a sampler of as many numbers as there are errors."""
    one = Prioritized(Priorities(epsilon=1e-9, **options), rows, CPU)
    one.move(0, len(errors))
    one.update(torch.arange(len(errors)), torch.tensor(errors))
    return one


def counts(one, batches, size=100):
    generator = torch.Generator().manual_seed(0)
    numbers = torch.cat([one.draw(size, generator)[0] for _ in range(batches)])
    return torch.bincount(numbers, minlength=one._end) / len(numbers)


def test_shares_are_those_of_the_priorities():
    """Errors 1, -3, 0 and 4 with alpha 1: an eighth, three, none, a half."""
    assert counts(sampler([1.0, -3.0, 0.0, 4.0], alpha=1.0), 100).tolist() == pytest.approx(
        [0.125, 0.375, 0, 0.5], abs=0.003
    )
    root = counts(sampler([1.0, 4.0, 9.0], alpha=0.5), 300)
    assert root.tolist() == pytest.approx([1 / 6, 2 / 6, 3 / 6], abs=0.003)


def test_weights_by_hand():
    """Shares 1/4 and 3/4 of two: (2/4)^-1 = 2 and (6/4)^-1 = 2/3; by the largest, 1 and 1/3."""
    one = sampler([1.0, 3.0], alpha=1.0, beta=1.0)
    numbers, weights = one.draw(8, torch.Generator().manual_seed(0))
    assert numbers.tolist() == [0, 0, 1, 1, 1, 1, 1, 1]  # one from each eighth
    assert weights.tolist() == pytest.approx([1, 1] + [1 / 3] * 6)
    half = sampler([1.0, 3.0], alpha=1.0, beta=0.5)
    _, weights = half.draw(8, torch.Generator().manual_seed(0))
    assert weights[-1].item() == pytest.approx(3**-0.5)


def test_beta_rises_to_one_with_the_batches():
    one = sampler([1.0, 3.0], alpha=1.0, beta=0.0, anneal_batches=2)
    last = [one.draw(8, torch.Generator().manual_seed(0))[1][-1].item() for _ in range(4)]
    assert last == pytest.approx([1, 3**-0.5, 1 / 3, 1 / 3])


def test_what_is_new_has_the_largest_priority_that_there_was():
    one = sampler([1.0, 4.0], alpha=1.0)
    one.update(torch.tensor([1]), torch.tensor([1.0]))
    one.move(0, 3)
    assert counts(one, 100).tolist() == pytest.approx([1 / 6, 1 / 6, 4 / 6], abs=0.003)


def test_what_is_gone_is_not_drawn_and_its_errors_hit_no_other():
    one = sampler([1.0] * 10, alpha=1.0)
    one.move(3, 13)
    one.update(torch.tensor([2, 12, 3]), torch.tensor([50.0, 1.0, 1.0]))
    shares = counts(one, 100)
    assert shares[:3].tolist() == [0, 0, 0]
    assert shares[3:].tolist() == pytest.approx([0.1] * 10, abs=0.003)


def test_of_two_errors_for_one_transition_the_largest_counts_and_none_that_is_not_a_number():
    one = sampler([1.0, 1.0], alpha=1.0)
    one.update(torch.tensor([0, 0, 0]), torch.tensor([2.0, 3.0, 1.0]))
    assert counts(one, 100).tolist() == pytest.approx([0.75, 0.25], abs=0.003)
    one.update(torch.tensor([1]), torch.tensor([float("nan")]))
    assert counts(one, 100).tolist() == pytest.approx([0.5, 0.5], abs=0.003)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 1099), st.sampled_from([0.0, 1e-12, 0.3, 1.0, 1e9]))),
    st.integers(0, 2**32),
)
def test_a_tree_finds_what_cumulative_sums_find(changes, seed):
    tree, weights = SumTree(1100, CPU), torch.zeros(1100, dtype=torch.float64)
    for leaf, weight in [(7, 1.0), *changes]:
        weights[leaf] = tree.levels[0][leaf] = weight
        tree.add_up(torch.tensor([leaf]))
    assert tree.total.item() == pytest.approx(weights.sum().item())
    points = torch.rand(50, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    found, of = tree.find(points * tree.total)
    assert (of > 0).all() and torch.equal(of, weights[found])
    ends = weights.cumsum(0)
    slack = 1e-9 * ends[-1]
    assert (ends[found] >= points * ends[-1] - slack).all()
    assert (ends[found] - weights[found] <= points * ends[-1] + slack).all()
    last, _ = tree.find(tree.total[None])
    assert weights[last].item() > 0


def test_a_saved_buffer_goes_on_with_the_same_draws_and_priorities():
    steps = Script([["", "terminated", "", "", ""] * 5, ["", "", "truncated"] * 8 + [""]]).steps

    def build():
        return ReplayBuffer(12, 2, SPACES, CPU, prioritized=Priorities(anneal_batches=9))

    def go_on(buffer, part, generator):
        found = []
        for step in part:
            buffer.add(step)
            batch = buffer.sample(4, generator)
            buffer.update_priorities(batch["indices"], batch["rewards"] - 2.5)
            found += [batch["indices"].tolist(), batch["weights"].tolist()]
        return found

    whole, first, second = build(), build(), build()
    generators = [torch.Generator().manual_seed(1) for _ in range(2)]
    expected = go_on(whole, steps, generators[0])
    found = go_on(first, steps[:10], generators[1])
    second.load_state_dict(first.state_dict())
    assert found + go_on(second, steps[10:], generators[1]) == expected


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("prioritized", [None, Priorities()])
def test_a_buffer_on_a_gpu_gives_what_one_on_the_cpu_does_and_waits_for_nothing(prioritized):
    steps = Script([["", "terminated", "", "", ""] * 5, ["", "", "truncated"] * 8 + [""]]).steps
    found = []
    for device in (CPU, torch.device("cuda")):
        options = {"n_step": 2, "gamma": 0.5, "prioritized": prioritized}
        buffer = ReplayBuffer(12, 2, SPACES, device, **options)
        for step in steps:
            buffer.add(step)
        errors = torch.linspace(0.5, 1.0, 40, device=device)
        generator = torch.Generator().manual_seed(0)
        torch.cuda.set_sync_debug_mode("error")
        try:
            first = buffer.sample(40, generator)
            buffer.update_priorities(first["indices"], errors)
            second = buffer.sample(40, generator)
        finally:
            torch.cuda.set_sync_debug_mode("default")
        found.append([batch[name].cpu() for batch in (first, second) for name in sorted(batch)])
    torch.testing.assert_close(*found)


@pytest.mark.parametrize("wrong", [{"alpha": -1.0}, {"beta": 1.5}, {"epsilon": 0.0}])
def test_numbers_out_of_their_range_are_refused(wrong):
    with pytest.raises(ComponentError, match="alpha >= 0, beta from 0 to 1"):
        Priorities(**wrong)
