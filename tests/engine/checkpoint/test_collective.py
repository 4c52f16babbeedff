"""All ranks write one checkpoint, or none of them does."""

from pathlib import Path

import pytest
import torch

from stride.distributed import rank
from stride.engine.checkpoint.checkpoint import read_state, snapshot
from stride.engine.checkpoint.collective import run_on_all_ranks, write_together
from stride.engine.state import TrainState
from stride.errors import StrideError
from stride.models.shards import cpu_mesh, from_local_shard, full_tensor
from stride.runs.files.atomic import atomic_folder
from stride.runs.writer_base import ReadOnlyWriter

pytestmark = pytest.mark.ddp


class Held:
    """Hold one tensor of five rows, two of them the first rank's, and one that is not divided."""

    def state_dict(self):
        own = torch.arange(10.0).view(5, 2)[rank() * 3 : rank() * 3 + 3]
        return {"divided": from_local_shard(own, (5, 2), cpu_mesh()), "plain": torch.ones(2)}


class Run:
    """Give folders; rank 0 alone makes them."""

    def commit_folder(self, path):
        return atomic_folder(path) if rank() == 0 else ReadOnlyWriter(path).commit_folder(path)

    def sync_streams(self):
        pass


def _written(folder):
    path = folder / "checkpoint"
    record = write_together(Run(), path, snapshot(TrainState(held=Held())), value=0.5, streams={})
    run_on_all_ranks(lambda: None)
    state, own = read_state(path)["held"], read_state(path, divided=True)["held"]
    assert torch.equal(state["divided"], torch.arange(10.0).view(5, 2))
    assert torch.equal(full_tensor(own["divided"]), state["divided"])
    assert torch.equal(own["plain"], torch.ones(2))
    return sorted(record["files"]), len(own["divided"].to_local())


def test_each_rank_writes_and_reads_its_rows(ranks, tmp_path):
    names = ["held.rank0.safetensors", "held.rank1.safetensors", "held.safetensors", "state.json"]
    assert ranks(2, _written, tmp_path) == [(names, 3), (names, 2)]


class Full(Run):
    """Have a file in the way of rank 1's."""

    def commit_folder(self, path):
        made = super().commit_folder(path)

        class Taken:
            def __enter__(self):
                folder = made.__enter__()
                (folder / "held.rank1.safetensors").touch()
                return folder

            def __exit__(self, *what):
                return made.__exit__(*what)

        return Taken()


def _refused(folder):
    with pytest.raises(StrideError) as error:
        write_together(Full(), folder / "c", snapshot(TrainState(held=Held())))
    return str(error.value), run_on_all_ranks(lambda: [one.name for one in Path(folder).iterdir()])


def test_where_one_rank_fails_nothing_is_left(ranks, tmp_path):
    (first, names), (second, _) = ranks(2, _refused, tmp_path)
    assert "rank 1 could not go on" in first and "held.rank1.safetensors" in first
    assert "cannot write" in second
    assert names[0] == []
