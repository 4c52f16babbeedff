"""Memory of tensors: as torch's own, aligned, and seen as bytes."""

import numpy as np
import pytest
import torch

from stride.engine.checkpoint.memory import as_bytes, empty

SHAPES = [(), (0,), (3, 0), (5, 3), (2**10, 2**11), (2500, 2501), (2**22 + 1,)]


@pytest.mark.parametrize("dtype", [torch.bool, torch.float32, torch.bfloat16, torch.complex64])
@pytest.mark.parametrize("shape", SHAPES)
def test_it_is_contiguous_aligned_and_as_torch_would_make_it(shape, dtype):
    tensor = empty(shape, dtype)
    like = torch.empty(shape, dtype=dtype)
    assert (tensor.shape, tensor.dtype, tensor.stride()) == (like.shape, dtype, like.stride())
    assert tensor.data_ptr() % 64 == 0  # as torch's: MKL's bits depend on it
    assert tensor.nbytes == len(as_bytes(tensor))


def test_large_memory_lives_as_long_as_a_view_of_it():
    part = empty((2**21,), torch.float32).fill_(3.0)[5:9].clone, empty((2**21,), torch.float32)
    assert part[0]().tolist() == [3.0] * 4


def test_bytes_are_those_of_the_tensor_in_place():
    tensor = torch.tensor([1, 2], dtype=torch.int16)
    as_bytes(tensor)[2] = 7
    assert tensor.tolist() == [1, 7]
    assert bytes(as_bytes(tensor)) == b"\x01\x00\x07\x00"


def test_an_empty_array_that_numpy_copied_has_no_bytes():
    copied = np.zeros(3).nonzero()[0].copy()
    assert copied.strides == (0,)  # of which torch makes no bytes
    assert len(as_bytes(torch.from_numpy(copied))) == 0
