"""Weights in a file of whole tensors, whether they are divided or not."""

import hashlib
from pathlib import Path

import pytest
import torch
from torch import nn

from stride.distributed import is_main
from stride.engine.checkpoint.gathered_weights import commit_weights
from stride.engine.parallel.fsdp import divide
from stride.models.model import Model
from stride.models.weights import read_weights, weights_bytes
from stride.runs.files.atomic import atomic_write
from stride.runs.files.safetensors_header import check_tensors
from stride.runs.layout import RunPaths
from stride.runs.writer_base import ReadOnlyWriter


class Writer(ReadOnlyWriter):
    """Write files on rank 0, and nothing else."""

    def commit(self, name, content):
        if is_main():
            atomic_write(Path(name), content)


def network():
    torch.manual_seed(0)
    made = nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3), nn.Linear(3, 3), nn.Linear(3, 1))
    made[2].weight = made[0].weight
    return made


def _committed(folder, *, divided):
    model = Model(network(), nn.MSELoss())
    if divided:
        divide(model, torch.device("cpu"))
    path = folder / "w.safetensors"
    return commit_weights(Writer(RunPaths(folder)), path, model.network.state_dict())


def test_whole_weights_are_written_as_they_are(tmp_path):
    digest = _committed(tmp_path, divided=False)
    content = (tmp_path / "w.safetensors").read_bytes()
    assert content == weights_bytes(network().state_dict())
    assert hashlib.sha256(content).hexdigest() == digest


@pytest.mark.ddp
@pytest.mark.parametrize("world", [2, 3, 4])
def test_divided_weights_come_together_in_the_file(ranks, tmp_path, world):
    digests = ranks(world, _committed, tmp_path, divided=True)
    path = tmp_path / "w.safetensors"
    assert digests == [hashlib.sha256(path.read_bytes()).hexdigest()] * world
    check_tensors(path)
    found, expected = read_weights(path), network().state_dict()
    assert found.keys() == expected.keys()
    assert all(torch.equal(found[name], value) for name, value in expected.items())
