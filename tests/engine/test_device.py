"""Devices by name; one that is not there is an error and no silent fallback."""

import pytest
import torch

from stride.engine.device import (
    cuda_number,
    device_name,
    device_of_its_own,
    peak_memory,
    resolve_device,
)
from stride.errors import DeviceError


def test_cpu_and_auto_are_always_there():
    assert resolve_device("cpu") == torch.device("cpu")
    assert resolve_device("auto").type in ("cpu", "cuda", "mps")
    assert device_name(torch.device("cpu")) == "cpu"


def test_the_peak_of_memory_counts_what_was_let_go():
    before = peak_memory(torch.device("cpu"))
    assert before.keys() == {"memory"} and 10**7 < before["memory"] < 10**12
    held = torch.ones(20_000_000)
    del held
    assert peak_memory(torch.device("cpu"))["memory"] >= max(before["memory"], 80_000_000)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_the_peak_of_a_devices_memory():
    device = torch.device("cuda")
    held = torch.ones(10_000_000, device=device)
    del held
    assert peak_memory(device)["device_memory"] >= 40_000_000


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
@pytest.mark.parametrize("name", ["cuda", "cuda:1", "gpu", "gpu:0"])
def test_a_cuda_device_that_is_not_there_is_refused(name):
    with pytest.raises(DeviceError, match=r"no CUDA device is there .*type: device=cpu"):
        resolve_device(name)


@pytest.mark.parametrize("name", ["cpuu", "meta", "", "tpu", "cuda:x"])
def test_what_is_no_device_is_refused(name):
    with pytest.raises(DeviceError, match="is not a device"):
        resolve_device(name)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_gpu_is_another_word_for_cuda():
    assert resolve_device("gpu").type == "cuda"
    with pytest.raises(DeviceError, match="CUDA device"):
        resolve_device(f"cuda:{torch.cuda.device_count()}")


SLURM = {"SLURM_GPUS_PER_TASK": "1"}


@pytest.mark.parametrize(
    ("local", "visible", "environment", "number"),
    [
        (0, 4, {}, 0),
        (3, 4, {"CUDA_VISIBLE_DEVICES": "4,5,6,7"}, 3),
        (1, 2, SLURM | {"CUDA_VISIBLE_DEVICES": "0,1"}, 1),
        (3, 1, SLURM, 0),
        (3, 1, SLURM | {"CUDA_VISIBLE_DEVICES": "0"}, 0),  # numbered anew by its cgroup
        (3, 1, {"CUDA_VISIBLE_DEVICES": "3"}, 0),
        (1, 1, {}, 1),  # which is not there, and refused
        (1, 1, {"CUDA_VISIBLE_DEVICES": ""}, 1),
        (2, 2, {"CUDA_VISIBLE_DEVICES": "0,1"}, 2),
    ],
)
def test_each_process_of_a_host_takes_a_device_of_its_own(local, visible, environment, number):
    assert cuda_number(local, visible, environment) == number


def test_what_has_nothing_to_share_owns_nothing():
    assert device_of_its_own("auto", torch.device("cpu")) == ""
    assert device_of_its_own("cuda", torch.device("cuda", 0)) == ""  # one process


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_devices_are_told_apart_also_under_the_same_number(monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("RANK", "0")
    names = {
        device_of_its_own("cuda", torch.device("cuda", n)) for n in range(torch.cuda.device_count())
    }
    assert len(names) == torch.cuda.device_count() and "" not in names
    assert device_of_its_own("cuda:0", torch.device("cuda", 0)) == ""
