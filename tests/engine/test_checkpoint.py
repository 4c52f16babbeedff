"""Checkpoints: everything comes back, damage is found, nothing is a pickle."""

import pytest
import torch
from torch import nn

from stride.engine.checkpoint import read_state, write_state
from stride.engine.random import RandomState, seed_everything
from stride.engine.state import TrainState
from stride.errors import RunError, StrideError
from stride.models.model import Model
from stride.runs.layout import CheckpointPaths
from stride.runs.records import CheckpointRecord


class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(3, 3, bias=False)
        self.second = nn.Linear(3, 3, bias=False)
        self.second.weight = self.first.weight
        self.norm = nn.BatchNorm1d(3)

    def forward(self, x):
        return self.norm(self.second(self.first(x)))


def made():
    torch.manual_seed(0)
    model = Model(Tied(), nn.MSELoss())
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.1)
    return TrainState(model=model, optimizer=optimizer, random=RandomState())


def train(state, steps):
    model, optimizer = state.parts["model"], state.parts["optimizer"]
    for _ in range(steps):
        x = torch.randn(5, 3)  # the random state is part of the training
        optimizer.zero_grad()
        model.training_step((x, x)).loss.backward()
        optimizer.step()
        state.step += 1


def test_a_state_read_back_goes_on_with_the_same_bits(tmp_path):
    state = made()
    seed_everything(3)
    train(state, 3)
    state.epoch, state.position = 1, 40
    write_state(tmp_path, state)
    train(state, 3)

    other = made()
    other.load_state_dict(read_state(tmp_path))
    assert (other.step, other.epoch, other.position) == (3, 1, 40)
    train(other, 3)
    expected, got = state.state_dict(), other.state_dict()
    for name, value in expected["model"].items():
        assert torch.equal(got["model"][name], value), name
    assert torch.equal(got["random"]["torch"], expected["random"]["torch"])


def test_its_record_is_what_the_schema_says_and_names_every_file(tmp_path):
    record = write_state(tmp_path, made())
    paths = CheckpointPaths(tmp_path)
    assert CheckpointRecord.read(paths.record).to_json()["files"] == record["files"]
    others = {path.name for path in tmp_path.iterdir()} - {paths.record.name}
    assert set(record["files"]) == others


@pytest.mark.parametrize("damage", ["flip", "cut", "delete"])
def test_a_damaged_file_is_named(tmp_path, damage):
    write_state(tmp_path, made())
    file = CheckpointPaths(tmp_path).part("model")
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.unlink()
    if damage != "delete":
        file.write_bytes(content if damage == "flip" else content[:-1])
    with pytest.raises(RunError, match=r"model\.safetensors is damaged"):
        read_state(tmp_path)


def test_no_file_holds_a_pickle(tmp_path):
    # Law 6: a pickle of protocol 2 or newer begins with these bytes; torch.save writes a zip.
    write_state(tmp_path, made())
    for path in tmp_path.iterdir():
        content = path.read_bytes()
        assert not content.startswith((b"\x80", b"PK"))
        assert path.suffix in (".json", ".safetensors")


def test_tensors_that_overlap_are_written_apart(tmp_path):
    class Views(nn.Module):
        def __init__(self):
            super().__init__()
            self.register_buffer("whole", torch.arange(4.0))
            self.register_buffer("part", self.whole[1:3])

    write_state(tmp_path, TrainState(model=Views()))
    model = read_state(tmp_path)["model"]
    assert model["whole"].tolist() == [0.0, 1.0, 2.0, 3.0]
    assert model["part"].tolist() == [1.0, 2.0]


def test_a_file_that_cannot_be_written_is_named(tmp_path):
    with pytest.raises(StrideError, match=r"cannot write: .*part\.safetensors"):
        write_state(tmp_path / "gone", TrainState(part=nn.Linear(1, 1)))
