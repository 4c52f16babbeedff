"""How others save the same model and optimiser."""

import logging
import shutil
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import torch
import torch.distributed.checkpoint as dcp
from torch import nn
from torch.optim import Optimizer


class Peer(NamedTuple):
    """Another way to save.

    Attributes:
        title: how the table calls it.
        package: what must be installed.
        save: writes network and optimiser to a path.
    """

    title: str
    package: str
    save: Callable[[nn.Module, Optimizer, Path], None]


def torch_save(network: nn.Module, optimizer: Optimizer, path: Path) -> None:
    """Save by torch.save: one file, with pickle."""
    torch.save(_states(network, optimizer), path)


def distributed(network: nn.Module, optimizer: Optimizer, path: Path) -> None:
    """Save by torch.distributed.checkpoint, in one process."""
    dcp.save(_states(network, optimizer), checkpoint_id=path)


def lightning(network: nn.Module, optimizer: Optimizer, path: Path) -> None:
    """Save by Lightning's Fabric."""
    from lightning.fabric import Fabric  # type: ignore[import-not-found, unused-ignore]

    Fabric(accelerator="cpu", devices=1).save(path, _states(network, optimizer))


def accelerate(network: nn.Module, optimizer: Optimizer, path: Path) -> None:
    """Save by Accelerate: the network as safetensors, the rest with pickle."""
    from accelerate import Accelerator  # type: ignore[import-not-found, unused-ignore]

    accelerator = Accelerator(cpu=True)
    accelerator.prepare(network, optimizer)
    accelerator.save_state(str(path))


PEERS = (
    Peer("torch.save", "torch", torch_save),
    Peer("torch.distributed.checkpoint.save", "torch", distributed),
    Peer("Lightning Fabric", "lightning", lightning),
    Peer("Accelerate", "accelerate", accelerate),
)


def _states(network: nn.Module, optimizer: Optimizer) -> dict[str, Any]:
    return {"model": network.state_dict(), "optimizer": optimizer.state_dict()}


def async_stall(state: dict[str, Any], path: Path) -> float:
    """Save in the background by torch.distributed.checkpoint; return how long the caller waits."""
    start = time.perf_counter()
    future: Any = dcp.async_save(state, checkpoint_id=path)
    seconds = time.perf_counter() - start
    future.result()
    shutil.rmtree(path)
    return seconds


@contextmanager
def silence() -> Iterator[None]:
    """Silence the advice of others."""
    level = logging.root.manager.disable
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logging.disable(logging.WARNING)
        try:
            yield
        finally:
            logging.disable(level)
