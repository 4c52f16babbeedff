"""Rank and world of a launcher, and what processes tell each other."""

import pytest
import torch

from stride.distributed import (
    Shard,
    all_sum,
    any_rank,
    broadcast,
    copy_from_main,
    gather,
    is_main,
    job_id,
    kv_store,
    local_rank,
    process_group,
    rank,
    shard,
    sum_tensor,
    world_size,
)
from stride.errors import RunFailed, UserError


def test_without_a_launcher_there_is_one_process(monkeypatch):
    for name in ("RANK", "LOCAL_RANK", "WORLD_SIZE", "SLURM_JOB_ID", "TORCHELASTIC_RUN_ID"):
        monkeypatch.delenv(name, raising=False)
    assert (rank(), local_rank(), world_size(), job_id()) == (0, 0, 1, "-")
    assert is_main() and shard() == Shard(0, 1)


def test_a_launchers_variables_are_read(monkeypatch):
    for name, value in {"RANK": "3", "LOCAL_RANK": "1", "WORLD_SIZE": "4"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("SLURM_JOB_ID", "77")
    assert (rank(), local_rank(), world_size(), job_id()) == (3, 1, 4, "77")
    assert not is_main() and shard() == Shard(3, 4)


def test_one_process_gets_back_what_it_gave_and_joins_nothing():
    tensor = torch.ones(2)
    with process_group():
        sum_tensor(tensor)
        copy_from_main(tensor)
        assert (broadcast("a"), gather("a"), all_sum([0.1, 2]), any_rank(True)) == (
            "a", ["a"], [0.1, 2], True,
        )  # fmt: skip
        assert not torch.distributed.is_initialized()
    assert torch.equal(tensor, torch.ones(2))


@pytest.mark.parametrize("world", [1, 2, 3, 4, 7])
@pytest.mark.parametrize("total", [0, 1, 3, 8, 20])
def test_shares_are_as_even_as_can_be_and_make_the_whole(world, total):
    shares = [Shard(one, world) for one in range(world)]
    bounds = [one.bounds(5, 5 + total) for one in shares]
    assert [start for start, _ in bounds] + [5 + total] == [5] + [stop for _, stop in bounds]
    sizes = [one.of(total) for one in shares]
    assert sum(sizes) == total and max(sizes) - min(sizes) <= 1


def _talk():
    own = torch.tensor([0.1 * (rank() + 1), 1.0])
    sum_tensor(own)
    copied = torch.full((2,), float(rank()))
    copy_from_main(copied)
    third = 1 / 3 if rank() else 1e16
    return {
        "broadcast": broadcast({"from": rank()}),
        "gather": gather(rank() ** 2),
        "tensors": [
            [str(part.dtype), part.tolist()]
            for one in gather({"a": [torch.full((2, rank()), 7, dtype=torch.uint32)]})
            for part in one["a"]
        ],
        "long": [len(one) for one in gather("x" * (400 * rank()))],
        "totals": all_sum([third, rank()]),
        "any": (any_rank(rank() == 1), any_rank(False)),
        "sum": own.tolist(),
        "copied": copied.tolist(),
    }


@pytest.mark.ddp
@pytest.mark.parametrize("world", [2, 3, 4])
def test_ranks_tell_each_other(ranks, world):
    first, *others = ranks(world, _talk)
    assert all(other == first for other in others)  # to the bit
    assert first["broadcast"] == {"from": 0}
    assert first["gather"] == [one**2 for one in range(world)]
    assert first["tensors"] == [["torch.uint32", [[7] * n] * 2] for n in range(world)]
    assert first["long"] == [400 * one for one in range(world)]
    assert first["totals"] == [sum([1e16, *[1 / 3] * (world - 1)]), sum(range(world))]
    assert first["any"] == (True, False)
    assert first["copied"] == [0.0, 0.0]
    assert first["sum"][1] == world


def _twice():
    for _ in range(2):
        with process_group(timeout=30):
            known = gather(rank())
        assert not torch.distributed.is_initialized()
    return known


@pytest.mark.ddp
def test_a_process_can_join_its_peers_again(ranks):
    assert ranks(2, _twice, group=False) == [[0, 1], [0, 1]]


def test_several_processes_must_know_where_they_meet(monkeypatch):
    monkeypatch.setattr(kv_store, "_stores", [])
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("RANK", "1")
    monkeypatch.delenv("MASTER_ADDR", raising=False)
    monkeypatch.delenv("MASTER_PORT", raising=False)
    with (
        pytest.raises(UserError, match="nobody says where they meet"),
        process_group(),
    ):
        pass
    monkeypatch.setenv("MASTER_ADDR", "127.0.0.1")
    monkeypatch.setenv("MASTER_PORT", "1")
    with pytest.raises(RunFailed, match="the 2 processes did not meet"), process_group(timeout=1):
        pass
