"""Checkpoints: everything comes back, damage is found, the newest good one is chosen."""

import errno
import json
import logging
import os
import shutil
from pathlib import Path

import pytest
import torch
from torch import nn

from stride.distributed import rank
from stride.engine.checkpoint.checkpoint import (
    newest_good,
    read_state,
    require_storable,
    snapshot,
    write_state,
)
from stride.engine.checkpoint.snapshot import Staging
from stride.engine.random import RandomState, seed_everything
from stride.engine.state import TrainState
from stride.errors import RunError, StrideError
from stride.models.model import Model
from stride.runs.layout import CheckpointPaths, RunPaths
from stride.runs.records.checkpoint import CheckpointRecord
from tests.sealed import change_record


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


def test_some_parts_are_read_without_the_files_of_the_others(tmp_path):
    state = made()
    train(state, 1)  # so that the optimizer has a state
    write_state(tmp_path, state)
    CheckpointPaths(tmp_path).part("optimizer").unlink()
    read = read_state(tmp_path, parts=["model", "modules"])
    assert [*read] == ["model"]
    for name, value in state.parts["model"].state_dict().items():
        assert torch.equal(read["model"][name], value), name
    with pytest.raises(RunError, match="optimizer"):
        read_state(tmp_path)


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
    with pytest.raises(RunError, match=r"model\.safetensors is (damaged|missing)"):
        read_state(tmp_path)


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


FORMAT_1 = Path(__file__).parents[2] / "runs" / "format_1" / "0"


class Numbers:
    """A part of the state with what is given."""

    def __init__(self, **values):
        self.values = values

    def state_dict(self):
        return self.values


def test_the_record_holds_the_facts(tmp_path):
    state = TrainState(part=Numbers(a=torch.ones(2)))
    state.step, state.epoch = 7, 2
    taken, threads = snapshot(state), torch.get_num_threads()
    torch.set_num_threads(threads + 1)  # whoever writes has other ones
    try:
        write_state(tmp_path, taken, value=float("nan"), streams={"metrics.jsonl": 99})
    finally:
        torch.set_num_threads(threads)
    record = CheckpointRecord.read(CheckpointPaths(tmp_path).record)
    assert (record.step, record.epoch, record.streams) == (7, 2, {"metrics.jsonl": 99})
    assert record.value != record.value
    assert (record.world_size, record.devices) == (1, ["cpu"])
    assert record.threads == threads


def test_a_snapshot_stays_as_it_was_while_training_goes_on(tmp_path):
    weight, rates = torch.zeros(3), [0.1]
    state = TrainState(part=Numbers(w=weight, rates=rates))
    taken = snapshot(state, Staging())
    state.step = 5
    weight.fill_(9.0)
    rates.append(0.2)
    write_state(tmp_path, taken)
    read = read_state(tmp_path)
    assert read["part"]["w"].tolist() == [0.0] * 3
    assert (read["part"]["rates"], read["counters"]["step"]) == ([0.1], 0)


def test_a_large_part_has_several_files(tmp_path, monkeypatch):
    monkeypatch.setattr("stride.engine.checkpoint.checkpoint.SHARD_BYTES", 100)
    values = {str(i): torch.full((10,), float(i)) for i in range(5)}
    record = write_state(tmp_path, TrainState(part=Numbers(**values), other=Numbers(a=values["1"])))
    assert set(record["files"]) == {
        "other.safetensors",
        "part.safetensors",
        "part-1.safetensors",
        "part-2.safetensors",
        "state.json",
    }
    read = read_state(tmp_path)["part"]
    assert {name: tensor[0].item() for name, tensor in read.items()} == {
        str(i): float(i) for i in range(5)
    }


def test_a_tensor_that_no_file_can_hold_is_refused_by_its_place():
    odd = torch.zeros(2, dtype=torch.complex128)
    with pytest.raises(TypeError, match=r"part/odd: a tensor of torch.complex128 cannot be stored"):
        require_storable(TrainState(part=Numbers(odd=odd)))


@pytest.mark.parametrize("damage", ["cut", "flip", "delete"])
def test_damaged_json_is_named(tmp_path, damage):
    write_state(tmp_path, made())
    file = CheckpointPaths(tmp_path).state
    content = file.read_bytes()
    file.unlink()
    if damage != "delete":
        file.write_bytes(content[:-3] if damage == "cut" else content.replace(b"0", b"1", 1))
    with pytest.raises(RunError, match=r"state\.json is (damaged|missing)"):
        read_state(tmp_path)


def test_a_record_that_forgets_a_file_is_refused(tmp_path):
    record = write_state(tmp_path, made())
    del record["files"]["model.safetensors"]
    change_record(CheckpointPaths(tmp_path).record, files=record["files"])
    with pytest.raises(RunError, match="no file has the tensor"):
        read_state(tmp_path)


def test_a_checkpoint_of_format_1_is_read(tmp_path):
    run = shutil.copytree(FORMAT_1, tmp_path / "0")
    found = newest_good(RunPaths(run))
    assert found is not None
    assert (found.name, found.record["step"]) == ("mlp_digits_default_epoch_3", 12)
    assert "streams" not in found.record  # so that a reader knows that they are not known
    assert found.state["counters"] == {"step": 12, "epoch": 3, "position": 0}
    assert found.state["model"]["1.weight"].dtype == torch.float32
    assert found.state["random"]["torch"].dtype == torch.uint8


def run_with(tmp_path, *names):
    paths = RunPaths(tmp_path)
    for step, name in enumerate(names):
        state = TrainState(part=Numbers(a=torch.ones(2)))
        state.step = step
        paths.checkpoint(name).path.mkdir(parents=True)
        write_state(paths.checkpoint(name).path, state)
    return paths


def test_checkpoints_are_ordered_by_number(tmp_path):
    paths = run_with(tmp_path, "m_epoch_10", "m_epoch_9", "m_epoch_9_step_100", "m_epoch_9_step_99")
    (paths.checkpoints / ".tmp-ab-m_epoch_99").mkdir()
    (paths.checkpoints / "notes").mkdir()
    (paths.checkpoints / "m_epoch_98").write_text("no folder")
    expected = ["m_epoch_9", "m_epoch_9_step_99", "m_epoch_9_step_100", "m_epoch_10"]
    assert paths.checkpoint_names() == expected
    assert newest_good(paths).name == "m_epoch_10"


@pytest.mark.parametrize("damage", ["numbers", "json", "record", "empty"])
def test_a_damaged_checkpoint_is_passed_over_with_a_warning(tmp_path, caplog, damage):
    paths = run_with(tmp_path, "m_epoch_8", "m_epoch_9", "m_epoch_10")
    bad = paths.checkpoint("m_epoch_10")
    if damage == "empty":
        shutil.rmtree(bad.path)
        bad.path.mkdir()
    else:
        file = {"numbers": bad.part("part"), "json": bad.state, "record": bad.record}[damage]
        file.write_bytes(file.read_bytes()[:-4])
    with caplog.at_level(logging.WARNING, "stride"):
        found = newest_good(paths)
    assert (found.name, found.record["step"]) == ("m_epoch_9", 1)
    (warning,) = caplog.messages
    assert "m_epoch_10 is skipped" in warning


def unreadable(monkeypatch, path):
    """Let the disk fail at this file."""
    opened = os.open

    def fail(file, *arguments, **options):
        if os.fspath(file) == str(path):
            raise OSError(errno.EIO, "Input/output error")
        return opened(file, *arguments, **options)

    monkeypatch.setattr(os, "open", fail)


def test_a_checkpoint_that_the_disk_does_not_give_is_passed_over(tmp_path, monkeypatch, caplog):
    paths = run_with(tmp_path, "m_epoch_8", "m_epoch_9")
    unreadable(monkeypatch, paths.checkpoint("m_epoch_9").state)
    assert newest_good(paths).name == "m_epoch_8"
    assert "cannot read: Input/output error" in caplog.text


def _found(paths, only):
    if rank() == only:
        with pytest.MonkeyPatch.context() as patch:
            unreadable(patch, paths.checkpoint("m_epoch_9").state)
            return newest_good(paths).name
    return newest_good(paths).name


@pytest.mark.ddp
@pytest.mark.parametrize("only", [0, 1])
def test_all_ranks_take_the_same_checkpoint_though_one_cannot_read_the_newest(
    ranks, tmp_path, only
):
    paths = run_with(tmp_path, "m_epoch_8", "m_epoch_9")
    assert ranks(2, _found, paths, only) == ["m_epoch_8", "m_epoch_8"]


@pytest.mark.parametrize("key", ["step", "epoch", "position"])
def test_a_record_that_places_its_state_elsewhere_is_passed_over(tmp_path, caplog, key):
    paths = run_with(tmp_path, "m_epoch_8", "m_epoch_9")
    file = paths.checkpoint("m_epoch_9").record
    values = json.loads(file.read_text())
    change_record(file, **{key: values[key] + 1})
    assert newest_good(paths).name == "m_epoch_8"
    assert "state.json" in caplog.text and "the record says" in caplog.text


def test_the_newest_that_is_accepted_is_chosen(tmp_path, caplog):
    paths = run_with(tmp_path, "m_epoch_8", "m_epoch_9")
    assert newest_good(paths, accept=lambda record: record["step"] == 0).name == "m_epoch_8"
    assert newest_good(paths, accept=lambda record: False) is None
    assert not caplog.messages


def test_a_run_without_a_checkpoint_has_none(tmp_path):
    assert newest_good(RunPaths(tmp_path)) is None
