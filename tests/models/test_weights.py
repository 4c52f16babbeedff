"""Weights in a file: tied ones once, what is no file told in one line."""

import json

import pytest
import torch
from safetensors.torch import load, save_file
from torch import nn

from stride.errors import RunError
from stride.models.weights import clone_state, read_weights, weights_bytes


def test_tied_weights_are_stored_once_and_come_back_under_both_names(tmp_path):
    first, second = nn.Linear(3, 3), nn.Linear(3, 3)
    second.weight = first.weight
    network = nn.Sequential(first, second)
    content = weights_bytes(network.state_dict())
    assert set(load(content)) == {"0.weight", "0.bias", "1.bias"}
    path = tmp_path / "w.safetensors"
    path.write_bytes(content)
    back = read_weights(path)
    assert set(back) == set(network.state_dict())
    assert all(torch.equal(back[name], value) for name, value in network.state_dict().items())


def test_views_and_empty_tensors_are_stored_whole(tmp_path):
    base = torch.arange(12.0).view(3, 4)
    state = {"column": base[:, 1], "empty": torch.zeros(0), "other": torch.zeros(0)}
    path = tmp_path / "w.safetensors"
    path.write_bytes(weights_bytes(state))
    back = read_weights(path)
    assert back["column"].tolist() == [1.0, 5.0, 9.0]
    assert set(back) == set(state)


def test_the_same_weights_give_the_same_bytes():
    network = nn.Linear(2, 2)
    assert weights_bytes(network.state_dict()) == weights_bytes(clone_state(network.state_dict()))


@pytest.mark.parametrize("content", [None, b"", b"no weights at all, but some bytes"])
def test_what_is_no_weights_file_is_told_in_one_line(tmp_path, content):
    path = tmp_path / "w.safetensors"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(RunError) as caught:
        read_weights(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("tied", ['{"b": "gone"}', '{"b": []}', "[1]", "{", '{"b": {}}'])
def test_a_tie_to_no_tensor_of_the_file_is_told(tmp_path, tied):
    path = tmp_path / "w.safetensors"
    save_file({"a": torch.ones(1)}, path, {"tied": tied})
    with pytest.raises(RunError, match="its 'tied' tensors are none that it has"):
        read_weights(path)


def test_weights_that_lie_one_on_another_are_told_by_their_name(tmp_path):
    place = {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}
    text = json.dumps({"a": place, "b": place}).encode()
    (tmp_path / "w").write_bytes(len(text).to_bytes(8, "little") + text + b"1234")
    with pytest.raises(RunError, match="'b' does not begin where the one before it ends"):
        read_weights(tmp_path / "w")


def test_a_clone_is_not_changed_by_training():
    network = nn.Linear(2, 2)
    before = clone_state(network.state_dict())
    with torch.no_grad():
        network.weight.add_(1)
    assert not torch.equal(before["weight"], network.weight)


def test_a_copy_of_a_state_keeps_ties_and_what_is_no_tensor():
    tied = torch.ones(3)
    state = clone_state({"a": tied, "b": tied, "extra": {"v": [1]}})
    tied.zero_()
    assert state["a"] is state["b"]
    assert state["a"].tolist() == [1.0, 1.0, 1.0]
    assert state["extra"] == {"v": [1]}


def test_weights_that_overlap_are_written_apart(tmp_path):
    whole = torch.arange(4.0)
    (tmp_path / "w").write_bytes(weights_bytes({"whole": whole, "part": whole[:2]}))
    assert read_weights(tmp_path / "w")["part"].tolist() == [0.0, 1.0]
