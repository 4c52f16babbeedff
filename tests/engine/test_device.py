"""Devices by name; one that is not there is an error and no silent fallback."""

import pytest
import torch

from stride.engine.device import device_name, resolve_device
from stride.errors import DeviceError


def test_cpu_and_auto_are_always_there():
    assert resolve_device("cpu") == torch.device("cpu")
    assert resolve_device("auto").type in ("cpu", "cuda", "mps")
    assert device_name(torch.device("cpu")) == "cpu"


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
@pytest.mark.parametrize("name", ["cuda", "cuda:1", "gpu", "gpu:0"])
def test_a_cuda_device_that_is_not_there_is_refused(name):
    with pytest.raises(DeviceError, match=r"no CUDA device is there .*type: device=cpu"):
        resolve_device(name)


@pytest.mark.parametrize("name", ["cpuu", "meta", "", "tpu", "cuda:x"])
def test_what_is_no_device_is_refused(name):
    with pytest.raises(DeviceError, match="is no device"):
        resolve_device(name)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_gpu_is_another_word_for_cuda():
    assert resolve_device("gpu").type == "cuda"
    with pytest.raises(DeviceError, match="CUDA device"):
        resolve_device(f"cuda:{torch.cuda.device_count()}")
