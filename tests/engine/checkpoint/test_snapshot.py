"""Staging: copies that training does not change, in memory that is used again."""

import weakref

import pytest
import torch

from stride.engine.checkpoint.snapshot import Staging


def test_a_copy_is_not_changed_with_its_original():
    weight = torch.arange(6.0).reshape(2, 3).T
    copied = Staging().copy({"model": {"w": weight}})["model"]["w"]
    weight.zero_()
    assert copied.T.flatten().tolist() == [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]
    assert copied.is_contiguous()


def test_memory_is_used_again_by_shape_and_type():
    staging = Staging()
    one = {"m": {"a": torch.ones(3), "b": torch.ones(3), "c": torch.ones(3, dtype=torch.int32)}}
    first = staging.copy(one)["m"]
    places = {tensor.data_ptr() for tensor in first.values()}
    assert len(places) == 3
    second = staging.copy({"m": {"b": torch.zeros(3), "a": torch.full((3,), 2.0)}, "n": {}})["m"]
    assert {tensor.data_ptr() for tensor in second.values()} < places
    assert (second["a"].tolist(), second["b"].tolist()) == ([2.0] * 3, [0.0] * 3)


def test_what_fits_no_tensor_any_more_is_let_go():
    staging = Staging()
    gone = weakref.ref(staging.copy({"m": {"a": torch.ones(3)}})["m"]["a"])
    assert gone() is not None
    staging.copy({"m": {"a": torch.ones(4)}})
    assert gone() is None


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_tensors_of_a_device_go_to_pinned_memory_and_are_there_at_once():
    weight = torch.randn(2**22, device="cuda")
    copied = Staging().copy({"m": {"w": weight}})["m"]["w"]
    expected = weight.cpu()
    assert copied.is_pinned()
    assert torch.equal(copied, expected)
