"""Rows of tensors: where they begin, and how a tensor is divided and put together."""

from itertools import pairwise

import pytest
import torch
from torch import nn

from stride.distributed import rank, world_size
from stride.models.shards import (
    cpu_mesh,
    from_local_shard,
    full_tensor,
    is_sharded,
    local_shard,
    require_rows,
    shard_bounds,
    sharded_like,
    state_like,
)


@pytest.mark.parametrize("parts", [1, 2, 3, 5])
@pytest.mark.parametrize("length", [0, 1, 4, 5, 12])
def test_rows_are_divided_as_torch_divides_them(length, parts):
    ends = shard_bounds(length, parts)
    pieces = torch.arange(length).chunk(parts) if length else []
    sizes = [stop - start for start, stop in pairwise(ends)]
    assert sizes == [len(piece) for piece in pieces] + [0] * (parts - len(pieces))


def test_what_is_whole_stays_as_it_is():
    tensor, layer = torch.ones(3), nn.Linear(2, 2)
    assert local_shard(tensor) is tensor and full_tensor(tensor) is tensor
    assert sharded_like(tensor, tensor) is tensor
    state = layer.state_dict()
    assert state_like(state, layer) is state
    assert not is_sharded(tensor) and not is_sharded(layer)
    require_rows(tensor)


def _divided(length):
    from torch.distributed.tensor import DTensor, Partial, Shard, distribute_tensor

    full = torch.arange(length * 2.0).view(length, 2)
    held = distribute_tensor(torch.zeros_like(full), cpu_mesh(), [Shard(0)])
    mine = sharded_like(full, held)
    again = sharded_like(from_local_shard(local_shard(mine), full.shape, cpu_mesh()), held)
    start, stop = shard_bounds(length, world_size())[rank() : rank() + 2]
    assert is_sharded(mine) and torch.equal(local_shard(mine), full[start:stop])
    assert torch.equal(local_shard(again), full[start:stop]) and again.shape == full.shape
    assert torch.equal(full_tensor(mine), full) and torch.equal(full_tensor(again), full)
    require_rows(mine)
    with pytest.raises(TypeError, match="cannot be stored"):
        require_rows(DTensor.from_local(full, cpu_mesh(), [Partial()]))
    return True


@pytest.mark.ddp
@pytest.mark.parametrize("length", [1, 2, 7])
def test_a_tensor_is_divided_and_comes_together(ranks, length):
    assert all(ranks(3, _divided, length))
