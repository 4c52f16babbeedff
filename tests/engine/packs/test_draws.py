"""Masks have the bits of `Tensor.bernoulli_`, and take as many draws."""

import pytest
import torch

from stride.engine.packs.draws import fastest_draw


@pytest.mark.parametrize("chance", [0.1, 0.5, 0.7, 1 - 2**-30])
@pytest.mark.parametrize("shape", [(1,), (3, 5), (64, 33)])
def test_a_mask_is_that_of_torch(chance, shape):
    draw, (ours, theirs) = fastest_draw(), (torch.Generator().manual_seed(5) for _ in range(2))
    for _ in range(3):
        mask = torch.empty(shape)
        draw(mask, chance, ours)
        assert torch.equal(mask, torch.empty(shape).bernoulli_(chance, generator=theirs))
        assert torch.equal(ours.get_state(), theirs.get_state())
